//! A program that fails while it makes batches.

use super::{CaptureCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::{Anchor, Finding, Level, Place, Unit};
use crate::source::capture::end::{Fate, signal_text};
use crate::source::capture::facts::Reason;
use crate::source::capture::places::{Raised, Trouble};
use crate::source::text::shown;
use crate::values::marked::value;

pub(super) static RULE: Rule = Rule {
    id: "program-error",
    group: Group::Source,
    level: Level::Error,
    finds: "a program that fails, hangs or is killed while it makes batches",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/program-error.md"),
    judge: Judge::Capture(judge),
};

/// Frames of a stack that are shown.
const FRAMES: usize = 3;
/// Characters of what an exception says.
const SAID: usize = 600;

fn judge(cx: &CaptureCx<'_>, out: &mut Findings) -> Looked {
    let capture = cx.capture;
    if capture.end.as_ref().is_some_and(|end| end.reason == Reason::Interrupt) && capture.fate.is_none() {
        return Looked::Unable("the program was interrupted, so nobody knows whether it fails later".into());
    }
    let finding = match (&capture.error, &capture.fate) {
        (Some(trouble), _) if trouble.what == "close" => Some(closing(trouble)),
        (Some(trouble), _) => Some(raised(trouble)),
        (None, Some(fate)) => Some(ended(fate)),
        (None, None) if capture.end.is_none() => Some(ended(&Fate::Left { code: 0 })),
        (None, None) => None,
    };
    if let Some(mut finding) = finding {
        let batch = capture.error.as_ref().and_then(|trouble| trouble.batch).unwrap_or(cx.batches);
        let mut place = Place { batch: Some(batch), ..Place::file(format!("{} batch {batch}", capture.root)) };
        if !capture.stacks.is_empty() {
            place = place.detail(format!("the stack then: {}", innermost(&capture.stacks)));
        }
        finding = finding.counted(vec![place], 1, 1, Unit::Batch);
        if finding.consequence.is_none() {
            finding = finding.consequence("training stops there, in the middle of an epoch");
        }
        out.push(finding);
    }
    Looked::Yes
}

fn new(message: impl Into<String>, found: impl Into<String>) -> Finding {
    let expected = "The program makes one batch after another, until there are no more or it is asked to stop.";
    Finding::new(Anchor::Data, "", message, expected, found)
}

/// An exception, or `sys.exit`, while a batch was made.
fn raised(trouble: &Trouble) -> Finding {
    let at = trouble.batch.map_or(String::new(), |batch| format!(" at batch {batch}, counted from 0"));
    let Some(error) = &trouble.error else {
        let said = trouble.message.as_deref().unwrap_or("it does not say why");
        return new("the program failed while it made a batch", format!("{}{at}", value(shown(said, SAID))));
    };
    let name = shown(&error.kind, 100);
    if name == "SystemExit" {
        return new(
            "the program exits while it makes a batch",
            format!("sys.exit({}){at}", value(shown(&error.message, 100))),
        )
        .cause("`sys.exit` in a generator ends the whole training, not the epoch")
        .help("end a generator with `return`");
    }
    let mut finding = new(format!("the program raised {name} while it made a batch"), format!("{}{at}", told(error)));
    if let Some(from) = error.cause.as_deref().or(error.context.as_deref()) {
        finding = finding.cause(format!("it was raised from {}", told(from)));
    }
    if name == "MemoryError" {
        finding = finding
            .help("make smaller batches, or read a part of the data at a time (`np.load(path, mmap_mode=\"r\")`)");
    }
    finding
}

/// What the generator raised when it was closed.
fn closing(trouble: &Trouble) -> Finding {
    let told = trouble.error.as_ref().map_or_else(String::new, told);
    new("the program raises when its generator is closed", told)
        .level(Level::Warning)
        .cause("`GeneratorExit` is raised at the `yield`, and a `finally` or `except` there fails, or yields once more")
        .consequence("a trainer that stops early ends with this exception instead of its result")
        .help("let `GeneratorExit` through: catch `Exception`, not everything")
}

fn told(error: &Raised) -> String {
    let (name, says) = (shown(&error.kind, 100), shown(&error.message, SAID));
    if says.is_empty() { name } else { format!("{name}: {}", value(says)) }
}

/// A process that ended without a word.
fn ended(fate: &Fate) -> Finding {
    match fate {
        Fate::Left { code } => new("the program left without an exception", format!("exit code {code}"))
            .cause("`os._exit`, or compiled code that ends the process"),
        Fate::Signal { signal } => new("the program was ended by a signal", signal_text(*signal))
            .help("the stack above names the line that was running; a library of compiled code is the first suspect"),
        Fate::Memory => new("the program ran out of memory and the kernel killed it", "the kernel counts it as such")
            .cause("the whole dataset is in memory at once, or batches are kept: a list that grows, a cache without a limit")
            .help("`--max-memory BYTES` turns this into a MemoryError with the line that asks for too much"),
        Fate::Silent { seconds } => {
            new("the program made no batch within `--timeout`", format!("nothing for {seconds:.0} s, so it was ended"))
                .cause("it waits for something that does not come (a queue, a lock, a download), or one batch takes that long")
                .consequence("training hangs there, with no message")
        }
        Fate::Deaf => new("the program did not stop on Ctrl-C", "it was ended 3 s later")
            .level(Level::Warning)
            .cause("something catches KeyboardInterrupt and goes on, or compiled code runs without end"),
        Fate::Channel(why) => new("the program broke the channel to batchlint", why.clone())
            .cause("it closes descriptors that are not its own, such as with `os.closerange`"),
    }
}

/// The frames that say most: the innermost.
fn innermost(stacks: &[String]) -> String {
    stacks.iter().take(FRAMES).cloned().collect::<Vec<_>>().join(", called from ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use crate::rules::testing::World;
    use crate::source::capture::Capture;
    use crate::source::capture::facts::End;

    fn findings(capture: Capture) -> Vec<Finding> {
        let mut world = World::unspecified().batches(2, &["x: float32[4]"]);
        let capture = Capture { root: "dump".into(), ..capture };
        world.facts = std::mem::take(&mut world.facts).captured(vec![capture]);
        assert_eq!(Facts::default().captures().len(), 0);
        world.judge(&RULE)
    }

    fn end(reason: Reason) -> Option<End> {
        Some(End { run: 0, reason, batches: 2, wall_s: 0.1, close_error: None })
    }

    fn raised(kind: &str, message: &str) -> Option<Trouble> {
        let error = Raised { kind: kind.into(), message: message.into(), ..Raised::default() };
        let (what, batch) = ("exception".to_owned(), Some(2));
        Some(Trouble { what, batch, error: Some(error), ..Trouble::default() })
    }

    #[test]
    fn a_program_that_ends_as_it_should_is_clean() {
        for reason in [Reason::Limit, Reason::Exhausted, Reason::TimeLimit] {
            assert_eq!(findings(Capture { end: end(reason), ..Capture::default() }), []);
        }
    }

    #[test]
    fn an_exception_is_told_with_its_batch_and_what_it_came_from() {
        let mut error = raised("ValueError", "bad row");
        error.as_mut().unwrap().error.as_mut().unwrap().cause =
            Some(Box::new(Raised { kind: "KeyError".into(), message: "'x'".into(), ..Raised::default() }));
        let found = findings(Capture { error, end: end(Reason::Exception), ..Capture::default() });
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "the program raised ValueError while it made a batch");
        assert_eq!(found[0].found, "ValueError: bad row at batch 2, counted from 0");
        assert_eq!(found[0].cause.as_deref(), Some("it was raised from KeyError: 'x'"));
        assert_eq!(found[0].places[0].batch, Some(2));
        let exit = findings(Capture { error: raised("SystemExit", "5"), ..Capture::default() });
        assert_eq!(exit[0].found, "sys.exit(5) at batch 2, counted from 0");
    }

    #[test]
    fn what_ends_a_process_is_told_apart() {
        let message = |fate| findings(Capture { fate: Some(fate), ..Capture::default() }).remove(0).message;
        assert_eq!(message(Fate::Signal { signal: 11 }), "the program was ended by a signal");
        assert_eq!(message(Fate::Memory), "the program ran out of memory and the kernel killed it");
        assert_eq!(message(Fate::Left { code: 7 }), "the program left without an exception");
        assert_eq!(message(Fate::Silent { seconds: 5.0 }), "the program made no batch within `--timeout`");
        assert_eq!(findings(Capture::default()).remove(0).found, "exit code 0", "it ended without END");
    }

    #[test]
    fn an_interrupted_run_is_no_fault_of_the_program() {
        assert_eq!(findings(Capture { end: end(Reason::Interrupt), ..Capture::default() }), []);
    }
}
