"""What user code did while one batch was made: what its functions handed out, and which line bound which
array.

Everything is kept by weak references but the last thing each place handed out, so a long loop over files
costs no memory.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections import OrderedDict
from itertools import islice
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from .position import at_yield
from .tree import dtype_and_shape, find_in_type, is_array, kids

LINE_BUDGET = 200000
_GENERATOR = 0x20 | 0x80 | 0x100 | 0x200
_MOST_EXITS = 256
_MOST_BINDINGS = 20000
_CONTAINERS = (tuple, list, dict)


class Exit(NamedTuple):
    """What a frame handed out: `kind` yield or return, `last_line` the line it ran last, `value` and
    `names` (the frame's
    variables, arrays as weak references) None where they are not kept."""

    number: int
    code: Any
    lasti: int
    kind: str
    last_line: Optional[int]
    value: Any
    names: Optional[Dict[str, Any]]
    outer: Optional[Dict[str, Any]]  # the module's variables


class Binding(NamedTuple):
    """A line of `code` bound an array to `name`; `array` is a weak reference."""

    array: Any
    code: Any
    line: int
    name: str


class Change(NamedTuple):
    """A line of a function bound `name` to an array of another dtype than it had."""

    line: int
    before: str
    after: str


class Tracer:
    """Sees user code from `start` to `stop`, as long as `active`: True only while the program makes a batch.

    `mode`: off, monitoring (3.12), settrace, setprofile (no lines). A debugger's or a coverage tool's
    tracing is left alone.
    """

    def __init__(self, is_user: Callable[[str], bool], lines: bool = True, budget: int = LINE_BUDGET) -> None:
        self.active = False
        self.mode = "off"
        self.lines, self.budget = lines, budget
        self._exits: OrderedDict[Tuple[Any, ...], Exit] = OrderedDict()
        self._is_user = is_user
        self._user: Dict[str, bool] = {}
        self._handed: Dict[int, List[Tuple[Any, Exit]]] = {}
        self._bound: Dict[int, Binding] = {}
        self._changes: Dict[Tuple[int, str], List[Change]] = {}
        self._dtypes: Dict[Tuple[int, str], str] = {}
        self._frames: Dict[int, List[Any]] = {}
        self._number = 0
        self._tool: Optional[int] = None
        self._started = False

    def start(self) -> None:
        """Begin to look; does nothing where somebody else traces the program."""
        if self.mode != "off" or sys.gettrace() is not None:
            return
        self._left = self.budget if self.lines else 0
        if not self._started:
            self._started = True
            import atexit

            # A callback that is alive when the interpreter shuts down only makes noise.
            atexit.register(self.stop)
        if sys.version_info >= (3, 12):
            if self._start_monitoring():
                self.mode = "monitoring"
                return
        if self.lines:
            self.mode = "settrace"
            threading.settrace(self._on_call)
            sys.settrace(self._on_call)
        elif sys.getprofile() is None:
            self.mode = "setprofile"
            threading.setprofile(self._on_profile)
            sys.setprofile(self._on_profile)

    def stop(self) -> None:
        """Look no more and forget everything."""
        mode, self.mode, self.active = self.mode, "off", False
        if mode == "monitoring":
            self._stop_monitoring()
        elif mode == "settrace":
            # Compared by ==: each access makes a new bound method.
            if sys.gettrace() == self._on_call:
                sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
        elif mode == "setprofile":
            if sys.getprofile() == self._on_profile:
                sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
        for state in self._frames.values():
            # Up to 3.9 a frame that keeps its trace function keeps the line it was traced at last, in
            # tracebacks too.
            state[2].f_trace = None
        self._frames.clear()
        self.reset()

    def reset(self) -> None:
        """Forget what was seen, before the next batch. What suspended generators hold is remembered for
        comparison."""
        self._exits.clear()
        self._handed.clear()
        self._bound.clear()
        self._changes.clear()
        self._dtypes.clear()
        for key in [key for key, state in self._frames.items() if not state[2].f_code.co_flags & _GENERATOR]:
            del self._frames[key]

    @property
    def exits(self) -> List[Exit]:
        """The last thing that each place handed out, in the order in which it happened."""
        return list(self._exits.values())

    def handed_out(self, obj: Any) -> List[Exit]:
        """The exits that handed this very object out, alone or within a container, the earliest first."""
        return [found for ref, found in self._handed.get(id(obj), ()) if ref() is obj]

    def first_binding(self, obj: Any) -> Optional[Binding]:
        """The first line that bound this very object to a name."""
        found = self._bound.get(id(obj))
        return found if found is not None and found.array() is obj else None

    def changes(self, code: Any, name: str) -> List[Change]:
        """How the dtype of a name's arrays changed within a function, in order."""
        return self._changes.get((id(code), name), [])

    # What happens: the same for every way of looking.

    def _is_users(self, code: Any) -> bool:
        filename = code.co_filename
        known = self._user.get(filename)
        if known is None:
            known = self._user[filename] = self._is_user(filename)
        return known

    def _line(self, frame: Any, line: int) -> None:
        state = self._frames.get(id(frame))
        if state is None:
            state = self._frames[id(frame)] = [{}, None, frame]
        seen, previous = state[0], state[1]
        state[1] = line
        if frame.f_code.co_name == "<module>":
            return
        for name, value in frame.f_locals.items():
            if not is_array(value):
                seen.pop(name, None)
            elif seen.get(name) != id(value):
                seen[name] = id(value)
                self._bind(
                    frame.f_code,
                    previous if previous is not None else frame.f_code.co_firstlineno,
                    name,
                    value,
                )

    def _bind(self, code: Any, line: int, name: str, value: Any) -> None:
        known = self._bound.get(id(value))
        if known is None or known.array() is not value:
            try:
                if len(self._bound) < _MOST_BINDINGS:
                    self._bound[id(value)] = Binding(weakref.ref(value), code, line, name)
            except TypeError:
                return
        dtype, _ = dtype_and_shape(value)
        key = (id(code), name)
        before = self._dtypes.get(key)
        if dtype is not None and dtype != before:
            self._dtypes[key] = dtype
            changes = self._changes.setdefault(key, [])
            if before is not None and len(changes) < 64:
                changes.append(Change(line, before, dtype))

    def _exit(self, frame: Any, lasti: int, kind: str, value: Any) -> None:
        last = None
        if self._left > 0:  # without lines, the last one that is known is not the last that ran
            state = self._frames.get(id(frame))
            last = state[1] if state is not None else None
            self._line(frame, frame.f_lineno)
        if kind == "return":
            self._frames.pop(id(frame), None)
        cls = type(value)
        if value is None or not (
            is_array(value)
            or issubclass(cls, _CONTAINERS)
            or find_in_type(cls, "__dataclass_fields__")
            or find_in_type(cls, "keys")
        ):
            return
        self._number += 1
        code = frame.f_code
        names = None
        if code.co_name != "<module>":
            names = {name: _weak(inner) for name, inner in frame.f_locals.items()}
        full = Exit(self._number, code, lasti, kind, last, value, names, frame.f_globals)
        key = (id(code), lasti, id(frame) if kind == "yield" else 0)
        self._exits.pop(key, None)
        self._exits[key] = full
        if len(self._exits) > _MOST_EXITS:
            self._exits.popitem(last=False)
        light = full._replace(value=None, names=None)
        for array in arrays_of(value):
            self._hand(array, light)

    def _hand(self, array: Any, light: Exit) -> None:
        known = self._handed.get(id(array))
        if known is not None and known[0][0]() is array:
            if len(known) < 16:
                known.append((known[0][0], light))
        elif len(self._handed) < _MOST_BINDINGS:
            try:
                self._handed[id(array)] = [(weakref.ref(array), light)]
            except TypeError:
                pass

    # settrace and setprofile

    def _on_call(self, frame: Any, event: str, arg: Any) -> Any:
        if event == "call" and self.active and self._is_users(frame.f_code):
            if self._left <= 0:
                frame.f_trace_lines = False
            return self._on_event
        return None

    def _on_event(self, frame: Any, event: str, arg: Any) -> Any:
        if not self.active:
            return self._on_event
        try:
            if event == "line":
                self._left -= 1
                if self._left <= 0:
                    frame.f_trace_lines = False
                else:
                    self._line(frame, frame.f_lineno)
            elif event == "return":
                lasti = frame.f_lasti
                self._exit(frame, lasti, "yield" if at_yield(frame.f_code, lasti) else "return", arg)
        except Exception:
            pass
        return self._on_event

    def _on_profile(self, frame: Any, event: str, arg: Any) -> None:
        if event == "return" and self.active and self._is_users(frame.f_code):
            try:
                lasti = frame.f_lasti
                self._exit(frame, lasti, "yield" if at_yield(frame.f_code, lasti) else "return", arg)
            except Exception:
                pass

    # sys.monitoring

    def _start_monitoring(self) -> bool:
        monitoring = sys.monitoring
        for tool in (4, 3, 5):
            if monitoring.get_tool(tool) is None:
                break
        else:
            return False
        monitoring.use_tool_id(tool, "batchlint")
        self._tool = tool
        events, disable, getframe = monitoring.events, monitoring.DISABLE, sys._getframe

        def on_yield(code: Any, offset: int, value: Any) -> Any:
            if not self._is_users(code):
                return disable
            if self.active:
                try:
                    self._exit(getframe(1), offset, "yield", value)
                except Exception:
                    pass

        def on_return(code: Any, offset: int, value: Any) -> Any:
            if not self._is_users(code):
                return disable
            if self.active:
                try:
                    self._exit(getframe(1), offset, "return", value)
                except Exception:
                    pass

        def on_line(code: Any, line: int) -> Any:
            if not self._is_users(code):
                return disable
            if self.active:
                try:
                    self._left -= 1
                    if self._left <= 0:
                        monitoring.set_events(tool, events.PY_YIELD | events.PY_RETURN)
                    else:
                        self._line(getframe(1), line)
                except Exception:
                    pass

        monitoring.register_callback(tool, events.PY_YIELD, on_yield)
        monitoring.register_callback(tool, events.PY_RETURN, on_return)
        monitoring.register_callback(tool, events.LINE, on_line)
        # What an earlier tracer switched off for good is looked at anew.
        monitoring.restart_events()
        # For all code: LINE that is set for one code object comes too late for the call that is under way.
        monitoring.set_events(tool, events.PY_YIELD | events.PY_RETURN | (events.LINE if self.lines else 0))
        return True

    def _stop_monitoring(self) -> None:
        monitoring, tool = sys.monitoring, self._tool
        if tool is None:
            return
        monitoring.set_events(tool, 0)
        for event in (monitoring.events.PY_YIELD, monitoring.events.PY_RETURN, monitoring.events.LINE):
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)
        self._tool = None


def live(names: Optional[Dict[str, Any]]) -> Optional[Dict[str, Any]]:
    """The variables of an Exit with their arrays, None for those that are gone."""
    if names is None:
        return None
    return {name: value() if type(value) is _Weak else value for name, value in names.items()}


class _Weak(weakref.ref):  # type: ignore[type-arg]
    """Told apart from weak references of the user's."""

    __slots__ = ()


def _weak(value: Any) -> Any:
    if is_array(value):
        try:
            return _Weak(value)
        except TypeError:
            pass
    return value


def arrays_of(value: Any, depth: int = 3) -> List[Any]:
    """The arrays of a value, of a long container only the first ones."""
    if is_array(value):
        return [value]
    cls = type(value)
    if depth == 0:
        return []
    if issubclass(cls, tuple):
        items = list(islice(tuple.__iter__(value), 64))
    elif issubclass(cls, list):
        items = list(islice(list.__iter__(value), 64))
    elif issubclass(cls, dict):
        items = list(islice(dict.values(value), 64))
    elif find_in_type(cls, "__dataclass_fields__"):
        items = [item for _, item in (kids(value) or ("", []))[1]]
    else:
        return []
    return [array for item in items for array in arrays_of(item, depth - 1)]
