"""The text after `python -u -c`: read the helper and its options from descriptor 0, keep descriptors 0 and 1
for it, start.
"""

import json
import os
import sys

PACKAGE = "_batchlint_capture"


def _exactly(count):
    parts = []
    while count:
        part = os.read(0, min(count, 1 << 20))
        if not part:
            os._exit(1)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _private(fd):
    """A copy of `fd` that no program we start inherits, out of the way of loops that close every small
    number.
    """
    try:
        import fcntl

        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 512)
    except (ImportError, OSError, ValueError):
        return os.dup(fd)


class _Modules:
    """Imports the helper's modules from the texts that were sent; loader and finder in one."""

    def __init__(self, texts):
        self.texts = texts

    def find_spec(self, name, path=None, target=None):
        stem = "__init__" if name == PACKAGE else name[len(PACKAGE) + 1 :]
        if name.split(".")[0] != PACKAGE or stem not in self.texts:
            return None
        return type(__spec__ or sys.__spec__)(
            name, self, origin="<batchlint>/%s.py" % stem, is_package=name == PACKAGE
        )

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        origin = module.__spec__.origin
        text = self.texts[origin[len("<batchlint>/") : -3]]
        exec(compile(text, origin, "exec", dont_inherit=True), module.__dict__)


def _boot():
    line = b""
    while not line.endswith(b"\n"):
        line += _exactly(1)
    sent = json.loads(_exactly(int(line.split()[1])).decode("utf-8"))
    commands, frames = _private(0), _private(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    if null:
        os.close(null)
    try:
        os.dup2(2, 1)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.path[:] = [entry for entry in sys.path if entry]
    sys.meta_path.insert(0, _Modules(sent["modules"]))
    from _batchlint_capture.main import main

    main(sent["options"], commands, frames)


_boot()
