"""The same random numbers in every run: so that two runs can be compared."""

from __future__ import annotations

import random
import sys
from typing import Any, Callable, Dict

from . import imports

_made = [0]  # generators without a seed that were made in this run


def fix(seed: int) -> None:
    """Seed every library now or when the program imports it; unseeded `default_rng()` too. Call again before
    a new run.
    """
    random.seed(seed)
    _made[0] = 0
    for name, plant in _PLANTS.items():
        if name in sys.modules:
            imports.after_import(name, lambda module, plant=plant: plant(module, seed))
        elif not getattr(fix, "waiting", False):
            imports.after_import(name, lambda module, plant=plant: plant(module, seed))
    fix.waiting = True  # type: ignore[attr-defined]


def _numpy(module: Any, seed: int) -> None:
    module.seed(seed % (1 << 32))
    real = module.default_rng
    if getattr(real, "batchlint", False):
        return

    def default_rng(seed: Any = None, _fixed: int = seed) -> Any:
        if seed is None:
            _made[0] += 1
            seed = [_fixed % (1 << 32), _made[0]]
        return real(seed)

    default_rng.__doc__ = real.__doc__
    default_rng.batchlint = True  # type: ignore[attr-defined]
    module.default_rng = default_rng


_PLANTS = {
    "numpy.random": _numpy,
    "torch": lambda module, seed: module.manual_seed(seed),
    "tensorflow": lambda module, seed: module.random.set_seed(seed),
    "keras": lambda module, seed: module.utils.set_random_seed(seed % (1 << 32)),
}  # type: Dict[str, Callable[[Any, int], Any]]
