"""Anything that hands out batches, as one iterator.

Frameworks are recognised by the names of an object's types; none is imported.
"""

from __future__ import annotations

import functools
import operator
from typing import Any, Callable, Dict, Iterator, List, Optional

from .program import ancestry, defines, type_name

_ROWS = 32


class Unusable(Exception):
    """The object hands out no batches; `help` says what would."""

    def __init__(self, message: str, *help: str) -> None:
        super().__init__(message)
        self.help = list(help)


class Stream:
    """What is iterated. `close` ends it where it can be ended; the other fields are those of HELLO."""

    def __init__(
        self,
        iterator: Iterator[Any],
        kind: str,
        cls: str,
        length: Optional[int] = None,
        samples: Optional[int] = None,
        workers: Optional[int] = None,
        element_spec: Optional[List[Dict[str, Any]]] = None,
    ) -> None:
        self.iterator, self.kind, self.cls, self.length = iterator, kind, cls, length
        self.samples, self.workers, self.element_spec = samples, workers, element_spec

    def close(self) -> None:
        """Whatever the user's code raises while it is closed is raised."""
        close = getattr(self.iterator, "close", None) if defines(type(self.iterator), "close") else None
        if close is not None and (
            hasattr(self.iterator, "gi_frame") or isinstance(self.iterator, Asynchronous)
        ):
            close()


Look = Callable[[List[Any]], None]


def open_stream(given: Any, rows: Optional[int] = None, look: Optional[Look] = None) -> Stream:
    """`rows`: how many samples make a batch; `look` gets the samples of each batch before they are put
    together.

    Raises Unusable, and whatever the user's `__iter__` raises.
    """
    cls = type(given)
    names = ancestry(cls)
    name = type_name(cls)

    def stream(iterator: Iterator[Any], kind: str, *args: Any, **more: Any) -> Stream:
        return Stream(iterator, kind, name, *args, **more)

    def stacked(samples: Iterator[Any], kind: str, length: Optional[int]) -> Stream:
        from .samples import Stacked

        count = rows or _ROWS
        return stream(
            Stacked(samples, count, look),
            kind,
            None if length is None else -(-length // count),
            samples=count,
        )

    if name == "builtins.generator":
        return stream(given, "generator")
    if defines(cls, "__anext__") or defines(cls, "__aiter__"):
        return stream(Asynchronous(given), "async generator")
    if is_batch(given):
        return stream(iter((given,)), "batch", 1)
    if any(base.startswith("torch.utils.data.") and base.endswith(".DataLoader") for base in names):
        return _loader(given, name, look)
    if any(_is_keras_sequence(base) for base in names):
        return stream(
            _indexed(given, _length(given)), "keras.PyDataset", _length(given), workers=_workers(given)
        )
    if any(base.endswith(".DatasetV2") for base in names):
        return stream(iter(given), "tf.data.Dataset", _cardinality(given), element_spec=_element_spec(given))
    if any(base.startswith("torch.utils.data.") and base.endswith(".IterableDataset") for base in names):
        if rows:
            return stacked(iter(given), "torch.IterableDataset", _length(given))
        return stream(iter(given), "torch.IterableDataset", _length(given))
    if any(base.startswith("torch.utils.data.") and base.endswith(".Dataset") for base in names):
        return stacked(_indexed(given, _length(given)), "torch.Dataset", _length(given))
    if any(base.startswith("datasets.") and base.endswith("Dataset") for base in names):
        if any(base.startswith("datasets.") and base.endswith("IterableDataset") for base in names):
            return stacked(iter(given), "datasets.Dataset", None)
        return stacked(_indexed(given, _length(given)), "datasets.Dataset", _length(given))
    if name.startswith("grain."):
        return stream(iter(given), "grain", _length(given))
    _refuse_collections(given, name)
    if cls in (list, tuple):
        if rows or any(_is_sample(item) for item in given[:8]):
            return stacked(iter(given), "sequence", len(given))
        return stream(iter(given), "sequence", len(given))
    if defines(cls, "__next__"):
        return stream(given, "iterator", _length(given))
    if defines(cls, "__iter__"):
        return stream(iter(given), "iterable", _length(given))
    if defines(cls, "__getitem__") and defines(cls, "__len__"):
        return stream(_indexed(given, _length(given)), "sequence", _length(given))
    raise Unusable(
        "%s hands out no batches: it is no generator, iterator, sequence, dataset or loader" % name
    )


def hands_out(given: Any) -> bool:
    """Whether an object is iterated as it is, instead of being called."""
    cls = type(given)
    if cls is type or defines(cls, "mro"):
        return False
    return (
        any(defines(cls, method) for method in ("__next__", "__iter__", "__anext__", "__aiter__"))
        or defines(cls, "__getitem__")
        and defines(cls, "__len__")
    )


def is_batch(given: Any) -> bool:
    """One array, or a tuple or dict that holds arrays: a batch, not something that hands out batches."""
    if _is_array(given):
        return True
    parts = given if isinstance(given, tuple) else list(given.values()) if type(given) is dict else ()
    return any(
        _is_array(part)
        or isinstance(part, (tuple, dict))
        and is_batch(part)
        or type(part) is list
        and part
        and all(_is_array(item) for item in part)
        for part in parts
    )


class Asynchronous:
    """An async iterator, driven by an event loop of its own."""

    def __init__(self, given: Any) -> None:
        import asyncio

        self.source = type(given).__aiter__(given) if defines(type(given), "__aiter__") else given
        self._loop = asyncio.new_event_loop()

    @property
    def ag_frame(self) -> Any:
        return getattr(self.source, "ag_frame", None)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return self._loop.run_until_complete(self.source.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        try:
            if hasattr(self.source, "aclose"):
                self._loop.run_until_complete(self.source.aclose())
        finally:
            self._loop.close()


def _loader(loader: Any, name: str, look: Optional[Look]) -> Stream:
    held = object.__getattribute__(loader, "__dict__")
    workers = held.get("num_workers") or None
    if workers:
        # The frames of other processes cannot be seen; the loader's own __setattr__ refuses such changes.
        for key, value in (
            ("num_workers", 0),
            ("prefetch_factor", None),
            ("timeout", 0),
            ("persistent_workers", False),
        ):
            if key in held:
                object.__setattr__(loader, key, value)
    if held.get("pin_memory"):
        object.__setattr__(loader, "pin_memory", False)
    collate = held.get("collate_fn")
    if look is not None and collate is not None and held.get("batch_sampler") is not None:
        object.__setattr__(loader, "collate_fn", _Watched(collate, look))
    return Stream(iter(loader), "torch.DataLoader", name, _length(loader), workers=workers)


class _Watched:
    """A collate function that lets the samples be looked at first."""

    def __init__(self, collate: Callable[[Any], Any], look: Look) -> None:
        while isinstance(collate, _Watched):
            collate = collate.collate
        self.collate, self.look = collate, look

    def __call__(self, samples: Any) -> Any:
        if type(samples) in (list, tuple):
            self.look(samples)
        return self.collate(samples)


def _indexed(given: Any, length: Optional[int]) -> Iterator[Any]:
    if length is None:
        return _until_index_error(given)
    return map(functools.partial(operator.getitem, given), range(length))


def _until_index_error(given: Any) -> Iterator[Any]:
    index = 0
    while True:
        try:
            item = given[index]
        except IndexError:
            return
        yield item
        index += 1


def _is_keras_sequence(name: str) -> bool:
    return name.endswith(".PyDataset") or name.endswith(".Sequence") and "keras" in name


def _workers(dataset: Any) -> Optional[int]:
    held = getattr(dataset, "__dict__", {})
    workers = held.get("_workers", held.get("workers"))
    return workers if isinstance(workers, int) and workers > 1 else None


def _length(given: Any) -> Optional[int]:
    # What a dataset without a length raises here is its own affair: TypeError, NotImplementedError, anything.
    try:
        return len(given) if defines(type(given), "__len__") else None
    except Exception:
        return None


def _cardinality(dataset: Any) -> Optional[int]:
    try:
        count = int(dataset.cardinality())
    except Exception:
        return None
    return count if count >= 0 else None


def _element_spec(dataset: Any) -> Optional[List[Dict[str, Any]]]:
    found = []  # type: List[Dict[str, Any]]

    def walk(spec: Any, path: List[Any]) -> None:
        if isinstance(spec, dict):
            for key, part in spec.items():
                walk(part, path + [key if isinstance(key, int) else str(key)])
        elif isinstance(spec, (tuple, list)):
            keys = getattr(spec, "_fields", None) or range(len(spec))
            for key, part in zip(keys, spec):
                walk(part, path + [key])
        else:
            dtype, shape = getattr(spec, "dtype", None), getattr(spec, "shape", None)
            try:
                sizes = (
                    None if shape is None else list(shape.as_list() if hasattr(shape, "as_list") else shape)
                )
            except Exception:
                sizes = None  # even the rank is unknown
            found.append({"path": path, "dtype": str(getattr(dtype, "name", dtype)), "shape": sizes})

    try:
        walk(dataset.element_spec, [])
    except Exception:
        return None
    return found


def _is_array(given: Any) -> bool:
    from .tree import is_array

    return is_array(given)


def _is_sample(item: Any) -> bool:
    """A list's element that is one row: an array beside plain numbers or texts, as in (image, 3)."""
    parts = item if isinstance(item, tuple) else list(item.values()) if type(item) is dict else ()
    plain = any(type(part) in (bool, int, float, str) for part in parts)
    return plain and any(_is_array(part) for part in parts)


def _refuse_collections(given: Any, name: str) -> None:
    """A tuple or dict of datasets is no stream: one of them has to be named."""
    if isinstance(given, dict):
        keys = [key for key, part in given.items() if hands_out(part) and not isinstance(part, (str, bytes))]
        raise Unusable(
            "%s with the keys %s is no stream of batches" % (name, ", ".join(map(repr, list(given)[:8]))),
            *["one of them: `...[%r]`" % key for key in keys[:3]],
        )
    if (
        isinstance(given, tuple)
        and given
        and all(
            hands_out(part) and not isinstance(part, (str, bytes, list, tuple, dict)) and not _is_array(part)
            for part in given
        )
    ):
        raise Unusable(
            "a tuple of %d (%s) is no stream of batches"
            % (len(given), ", ".join(type(part).__name__ for part in given[:4])),
            *["one of them: `...[%d]`" % index for index in range(min(3, len(given)))],
        )
    if isinstance(given, (str, bytes)):
        raise Unusable("a text hands out no batches")
