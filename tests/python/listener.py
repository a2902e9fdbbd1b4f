"""Stands in for `batchlint listen`: reads the frames of a program and answers as told, so that no binary is
needed.

As a program: `listener.py listen ...`, told what to do by $LISTENER (JSON): `errors` (findings) with `level`
(error) and the exit `code`, `die` (end without a word after so many batches), `refuse` (say that the spec is
wrong, and read nothing), `mute` (end without a report), `ring` (open it), `log` (a file that gets one JSON
line per frame).
"""

import contextlib
import json
import os
import stat
import struct
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if os.path.join(ROOT, "python") not in sys.path:
    sys.path.insert(0, os.path.join(ROOT, "python"))

HEAD = struct.Struct("<4sBBHIIQ")
KINDS = {
    0: "START",
    1: "HELLO",
    2: "BATCH",
    3: "ERROR",
    4: "END",
    6: "SOURCE",
    7: "LOG",
    8: "SITE",
    9: "SAMPLES",
}
ACK, RING, REPORT = 32, 33, 37


def document(errors=0, batches=0, status=None, code=None):
    """A report document as batchlint writes it, with `errors` findings."""
    code = (1 if errors else 0) if code is None else code
    finding = {
        "rule": "shape-mismatch",
        "level": "error",
        "fingerprint": "ab",
        "message": 'input `<x>` is "odd"',
        "expected": "`x` has shape [2].",
        "found": "[3] in 1 of 2 batches",
        "count": 1,
        "of": 2,
        "primary": {"file": "train.py", "line": 7, "column": 9, "end_line": 7, "end_column": 18},
        "claim": None,
        "labels": [
            {
                "file": "train.py",
                "line": 7,
                "column": 9,
                "end_line": 7,
                "end_column": 18,
                "text": "made here",
                "later": 1,
            }
        ],
        "places": [
            {
                "source": "gen batch 0",
                "array": "0",
                "batch": 0,
                "sample": None,
                "index": [1, 2],
                "detail": None,
            }
        ],
        "cause": "because",
        "consequence": None,
        "help": "do <that>",
        "fix": {
            "applicability": "safe",
            "proof": "proven",
            "python": "x = x[:2]",
            "edits": [
                {"file": "train.py", "line": 7, "column": 9, "end_line": 7, "end_column": 9, "text": "[:2]"}
            ],
        },
        "key_of_a_later_version": {},
    }
    return {
        "version": 1,
        "tool": {"name": "batchlint", "version": "0.1.0"},
        "exit_code": code,
        "status": status or ("findings" if errors else "clean"),
        "run": {"command": "run", "spec": None, "framework": "any", "redacted": False},
        "coverage": {
            "sources": batches,
            "batches": batches,
            "samples": 2 * batches,
            "bytes": 8,
            "values_read": True,
            "interrupted": False,
            "passed": 3,
            "failed": errors,
            "not_evaluated": 1,
            "allowed": 0,
        },
        "diagnostics": [finding] * errors,
        "checks": [
            {"rule": "shape-mismatch", "array": "x", "outcome": "fail" if errors else "pass", "reason": None}
        ],
    }


REFUSAL = {
    "version": 1,
    "status": "error",
    "exit_code": 2,
    "errors": [{"message": "unknown key `x`", "file": "spec", "line": 1, "column": 1, "help": "keys are y"}],
}


class Listener:
    """A stand-in binary in a temporary folder; `frames` are those that it got."""

    def __init__(self, **told):
        self.told = told

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.log = os.path.join(folder, "log")
        self.flags_path = self.log + ".flags"
        binary = os.path.join(folder, "batchlint")
        with open(binary, "w") as file:
            file.write("#!/bin/sh\nexec '%s' '%s' \"$@\"\n" % (sys.executable, os.path.abspath(__file__)))
        os.chmod(binary, os.stat(binary).st_mode | stat.S_IXUSR)
        before = {name: os.environ.get(name) for name in ("BATCHLINT_BIN", "LISTENER")}
        self.stack.callback(self._restore, before)
        os.environ.update(BATCHLINT_BIN=binary, LISTENER=json.dumps(dict(self.told, log=self.log)))
        return self

    def __exit__(self, *exc):
        self._kept = self.frames
        self.stack.close()

    @staticmethod
    def _restore(before):
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    @property
    def frames(self):
        if not os.path.exists(self.log):
            return getattr(self, "_kept", [])
        with open(self.log) as file:
            return [json.loads(line) for line in file]

    @property
    def flags(self):
        with open(self.flags_path) as file:
            return json.load(file)

    def of(self, kind):
        return [message for name, message, _ in self.frames if name == kind]

    def payloads(self):
        return [count for name, _, count in self.frames if name == "BATCH"]


def main():
    told = json.loads(os.environ["LISTENER"])
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(told["log"] + ".flags", "w") as file:
        json.dump(sys.argv[1:], file)

    def say(kind, message=None, slot=0):
        text = b"" if message is None else json.dumps(message).encode()
        sink.write(HEAD.pack(b"BLF1", kind, 0, slot, len(text), 0, 0) + text)
        sink.flush()

    if told.get("refuse"):
        say(REPORT, {"report": REFUSAL, "text": "error: unknown key `x`\n", "exit_code": 2})
        return 2
    batches = 0
    with open(told["log"], "a") as log:
        while True:
            head = source.read(HEAD.size)
            if len(head) < HEAD.size:
                break
            magic, kind, flags, slot, count, number, payload = HEAD.unpack(head)
            assert magic == b"BLF1", head
            message = json.loads(source.read(count).decode("utf-8"))
            if flags & 1:
                source.read(payload)
            log.write(json.dumps([KINDS[kind], message, payload]) + "\n")
            log.flush()
            if kind == 0:
                say(RING, {"ok": bool(told.get("ring"))})
            if kind == 2:
                if flags & 2:
                    say(ACK, slot=slot)
                batches += 1
                if batches == told.get("die"):
                    return 9
            if kind == 4:
                break
    if told.get("mute"):
        sys.stderr.write("out of words\n")
        return 70
    errors = told.get("errors", 0)
    code = told.get("code")
    text = "".join('error[shape-mismatch]: input `<x>` is "odd"\n' for _ in range(errors))
    report = document(errors, batches, told.get("status"), code)
    for finding in report["diagnostics"]:
        finding["level"] = told.get("level", "error")
    say(
        REPORT,
        {
            "report": report,
            "text": "%s%d errors; %d batches\n" % (text, errors, batches),
            "exit_code": report["exit_code"],
        },
    )
    return report["exit_code"]


if __name__ == "__main__":
    sys.exit(main())
