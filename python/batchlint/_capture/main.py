"""One program from START to BYE."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, NoReturn, Optional, Tuple

from . import channel as wire
from . import interrupts
from .loop import Capture
from .program import ancestry, type_name, version_of
from .watchdog import Watchdog, dump_on_trouble, end_with_parent, limit_memory

HELPER = 1
_FRAMEWORKS = (
    "torch",
    "tensorflow",
    "keras",
    "tf_keras",
    "jax",
    "lightning",
    "pytorch_lightning",
    "transformers",
    "datasets",
    "grain",
)


def main(options: Dict[str, Any], commands: int, frames: int) -> NoReturn:
    """Run what the options name and send its batches; then answer commands. Ends the process."""
    sender = wire.Channel(commands, frames)
    code = 0
    try:
        ring, capture = _start(sender, options)
        try:
            _run(capture, options)
        except BaseException as error:  # ours: the user's were told where they happened
            sender.log("the helper failed: %s" % _own_traceback(error))
            capture.end("exception")
        capture.dog.mark(None)
        _serve(capture)
        if ring is not None:
            ring.remove()
    except BaseException as error:
        code = 70
        try:
            sender.log("the helper failed: %s" % _own_traceback(error))
        except BaseException:
            pass
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
    os._exit(code)


def _own_traceback(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))[-1900:]


def _start(sender: wire.Channel, options: Dict[str, Any]) -> Tuple[Any, Capture]:
    ring = None
    if (options.get("payload") or "ring") == "ring":
        try:
            from .ring import Ring

            ring = Ring()
        except Exception:
            pass  # payloads follow their frames
    dump = dump_on_trouble()
    end_with_parent()
    sender.greet()
    sender.send(
        wire.START,
        {
            "v": 1,
            "helper": HELPER,
            "python": sys.version.split()[0],
            "implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(
                sys.implementation.name, sys.implementation.name
            ),
            "executable": sys.executable,
            "pid": os.getpid(),
            "platform": sys.platform,
            "ring": ring.announcement() if ring else None,
            "dump": dump,
        },
    )
    interrupts.install()
    dog = Watchdog(sender, options.get("stall") or 5.0)
    dog.start()
    if sys.version_info >= (3, 12):
        import warnings

        # The program would be warned of our thread when it forks.
        warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)
    if options.get("max_memory"):
        room = ring.slots * ring.slot_bytes if ring is not None else 0
        failed = limit_memory(int(options["max_memory"]) + room)
        if failed:
            sender.log(failed)
    return ring, Capture(sender, ring, dog, options)


def _run(capture: Capture, options: Dict[str, Any]) -> None:
    if options.get("seed") is not None:
        from . import seeds

        seeds.fix(int(options["seed"]))
    if options.get("overlay"):
        from . import imports

        imports.overlay(options["overlay"])
    if options.get("target"):
        _run_target(capture, options)
    else:
        _run_script(capture, options)


def _run_target(capture: Capture, options: Dict[str, Any]) -> None:
    from time import perf_counter

    from .adapters import Unusable, hands_out, is_batch
    from .target import NoTarget, Target, arguments, prepare

    phase = "import"
    try:
        target = Target(options["target"])
        sys.argv = [target.path or target.head] + list(options.get("argv") or ())
        capture.dog.mark(phase)
        began = perf_counter()
        with interrupts.User():
            found = target.load(options.get("import") == "slice")
        took = perf_counter() - began
        given = arguments(options.get("args") or {})
        called = callable(found) and not hands_out(found) and not is_batch(found)
        if given and not called:
            raise NoTarget("`%s` is no function: it takes no arguments" % target.text)
        for run in range(2 if options.get("repeat") == 2 else 1):
            capture.run = run
            hello = {"target": target.text, "import_s": round(took, 6)}  # type: Dict[str, Any]
            if target.skipped is not None:
                hello["skipped"] = target.skipped
            if run:
                if not called and _is_spent(found):
                    capture.channel.log(
                        "no second run: `%s` is an iterator, it can be read once" % target.text
                    )
                    capture.end("no-data")
                    return
                if options.get("seed") is not None:
                    from . import seeds

                    seeds.fix(int(options["seed"]))
            phase, given_out = "call", found
            tracer = capture.tracer()
            if called:
                positional, keywords, filled = prepare(target, given, options.get("plan") or {})
                if filled:
                    hello["filled"] = filled
                given_out = _call(capture, tracer, found, positional, keywords)
            phase = "iter"
            _stream(capture, options, hello, given_out, tracer)
            if capture.channel.stopped:
                return
    except (NoTarget, Unusable) as error:
        capture.dog.mark(None)
        capture.error("no-target", phase, message=str(error), help=error.help)
        capture.end("load-failed")
    except BaseException as error:
        _failed(capture, phase, error)


def _call(capture: Capture, tracer: Any, factory: Any, positional: Any, keywords: Dict[str, Any]) -> Any:
    capture.dog.mark("call")
    tracing = False
    if tracer is not None:
        try:
            tracer.start()
            tracing = True
        except Exception:
            pass
    try:
        with interrupts.User():
            if tracing:
                tracer.active = True
            try:
                made = factory(*positional, **keywords)
            finally:
                if tracing:
                    tracer.active = False
            if type(made).__name__ == "coroutine":
                import asyncio

                made = asyncio.new_event_loop().run_until_complete(made)
        return made
    finally:
        if tracing:
            try:
                capture.origins.factory(list(tracer.exits))
                tracer.stop()
            except Exception as error:
                capture.channel.log("factory: %r" % (error,))


def _stream(
    capture: Capture,
    options: Dict[str, Any],
    hello: Dict[str, Any],
    given: Any,
    tracer: Any,
    declared: Optional[Dict[str, Any]] = None,
    whole: Any = None,
) -> None:
    """HELLO and the batches. `whole`: the one batch, where arrays were given instead of a stream."""
    from .adapters import Stream, open_stream

    capture.dog.mark("iter")
    capture.batch = 0
    if whole is not None:
        stream = Stream(iter((whole,)), "arrays", type_name(type(whole[0])), 1)
    else:
        with interrupts.User():
            stream = open_stream(given, options.get("rows"), capture.look_at_samples)
    hello.update(
        run=capture.run,
        kind=stream.kind,
        len=stream.length,
        numpy=version_of("numpy"),
        samples=stream.samples,
        workers=stream.workers,
        element_spec=stream.element_spec,
        declared=declared,
        frameworks={name: version_of(name) for name in _FRAMEWORKS if version_of(name)},
    )
    hello["class"] = stream.cls
    capture.channel.send(wire.HELLO, {key: value for key, value in hello.items() if value is not None})
    capture.pull(stream, tracer)


def _run_script(capture: Capture, options: Dict[str, Any]) -> None:
    from threading import get_ident
    from time import perf_counter

    from .adapters import Unusable
    from .spy import Found, Reached, Spy

    script = options["script"]
    sys.argv = [script] + list(options.get("argv") or ())
    began = perf_counter()

    main_thread = capture.dog.watched

    def take(found: Found) -> None:
        capture.dog.watched = get_ident()  # a script may train in a thread of its own
        with interrupts.Ours():
            hello = {"target": script, "import_s": round(perf_counter() - began, 6)}
            try:
                for run in range(2 if options.get("repeat") == 2 else 1):
                    capture.run = run
                    if run and found.batch is None and _is_spent(found.stream):
                        capture.channel.log(
                            "no second run: the call was given an iterator, it can be read once"
                        )
                        capture.end("no-data")
                        break
                    _stream(
                        capture,
                        options,
                        dict(hello),
                        found.stream,
                        capture.tracer(),
                        found.declared,
                        found.batch,
                    )
            except Unusable as error:
                capture.error("no-target", "iter", message=str(error), help=error.help)
                capture.end("load-failed")
            except BaseException as error:
                _failed(capture, "iter", error)
            capture.dog.watched = main_thread
            capture.dog.mark("close")

    spy = Spy(take)
    spy.watch()
    capture.dog.mark("script")
    ended = None  # type: Optional[BaseException]
    try:
        with interrupts.User():
            spy.run(script)
    except Reached:
        pass
    except BaseException as error:
        ended = error
    capture.dog.mark(None)
    if spy.reached and spy.failed is None:
        return
    if ended is None or isinstance(ended, SystemExit):
        capture.error(
            "no-data",
            "script",
            spy.failed or ended,
            message="the script ended without training on anything",
            help=["name what hands out the batches: `batchlint run %s:NAME`" % script],
        )
        capture.end("no-data")
    else:
        _failed(capture, "script", ended)


def _failed(capture: Capture, phase: str, error: BaseException) -> None:
    """The user's program failed before its first batch."""
    capture.dog.mark(None)
    if isinstance(error, KeyboardInterrupt):
        capture.error("interrupt", phase, error)
        capture.end("interrupt")
        return
    help = None
    if isinstance(error, ImportError) and "no known parent package" in str(error):
        help = [
            "this file belongs to a package: name it as a module, `package.module:name`, from the folder above"
        ]
    capture.error("load", phase, error, help=help)
    capture.end("load-failed")


def _is_spent(given: Any) -> bool:
    """Whether going through it once leaves nothing for a second time."""
    from .program import defines

    return defines(type(given), "__next__") or "builtins.async_generator" in ancestry(type(given))


def _serve(capture: Capture) -> None:
    """Answer PLAN until BYE or the end of the stream."""
    sender = capture.channel
    while True:
        command = sender.wait()
        if command is None or command[0] == wire.BYE:
            return
        if command[0] == wire.PLAN:
            asked = command[1] or {}
            try:
                from .plan import plan

                answer = plan(asked.get("wants") or [], capture.origins)
            except BaseException as error:
                sender.log("plan: %r" % (error,))
                answer = {
                    "results": [
                        {"want": index, "ok": False, "why": "the helper failed: %r" % (error,)}
                        for index in range(len(asked.get("wants") or []))
                    ],
                    "files": [],
                }
            sender.send(wire.EDITS, dict(answer, id=asked.get("id")))
