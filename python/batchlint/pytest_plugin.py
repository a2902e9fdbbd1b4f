"""The fixture `batchlint` for pytest, there as soon as the package is installed:

def test_batches(batchlint):
    batchlint.check(batches(), "batchlint.toml")
"""

from __future__ import annotations

import os
from typing import Any, Optional

import pytest


class Checker:
    """What the fixture `batchlint` is. `folder`: where relative paths of specs are looked up first."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def check(
        self,
        obj: Any,
        spec: Any = None,
        *,
        level: str = "error",
        batches: int = 20,
        framework: Optional[str] = None,
        **flags: Any,
    ) -> Any:
        """`batchlint.check`, and the test fails with the whole report if a finding is at `level` or above.

        The path of a spec is one relative to the test file, or else to the current folder. Returns the
        Report.
        """
        __tracebackhide__ = True
        from . import check
        from ._report import BatchlintError

        if isinstance(spec, (str, os.PathLike)) and "\n" not in os.fsdecode(spec):
            beside = os.path.join(self.folder, os.fsdecode(spec))
            spec = beside if os.path.isfile(beside) else spec
        try:
            return check(obj, spec, batches=batches, framework=framework, **flags).raise_for_findings(level)
        except BatchlintError as error:
            told = str(error)
        pytest.fail("batchlint:\n" + told, pytrace=False)


@pytest.fixture
def batchlint(request: Any) -> Checker:
    """Checks batches; the test fails where they are wrong: `batchlint.check(batches(), "batchlint.toml")`."""
    return Checker(os.path.dirname(str(request.node.fspath)))
