//! What `run` says while the program runs.

use super::super::output::say;
use super::super::python::Interpreter;
use crate::run::live::Note;
use crate::source::capture::Stalled;
use crate::source::capture::facts::Hello;
use crate::source::text::shown;

/// What is said while the program runs.
pub(super) fn tell(note: &Note<'_>, interpreter: &Interpreter) {
    match note {
        Note::Started(start) => {
            let path = shown(&interpreter.path.display().to_string(), 400);
            say(&format!("python {} ({path}, {})", shown(&start.python, 40), interpreter.why));
        }
        Note::Hello(hello) => say(&reached(hello)),
        Note::Stalled(stalled) => say(&silent(stalled)),
        Note::Log(text) => say(&format!("note: {}", shown(text, 2000))),
    }
}

/// What is iterated, and what was reached.
fn reached(hello: &Hello) -> String {
    let versions: Vec<String> = hello
        .numpy
        .iter()
        .map(|version| format!("numpy {}", shown(version, 40)))
        .chain(hello.frameworks.iter().map(|(name, version)| format!("{} {}", shown(name, 40), shown(version, 40))))
        .collect();
    let with = if versions.is_empty() { String::new() } else { format!(" with {}", versions.join(", ")) };
    let what = format!("{} ({})", shown(&hello.kind, 80), shown(&hello.class, 200));
    let mut lines = vec![match &hello.declared {
        Some(declared) => {
            let at = declared
                .call
                .as_ref()
                .map_or(String::new(), |call| format!("{}:{}: ", shown(&call.file, 400), call.line));
            format!(
                "{at}stopped at `{}`; nothing is trained. What it was given: {what}{with}",
                shown(&declared.method, 80)
            )
        }
        None => format!("{}: {what}{with}", shown(&hello.target, 400)),
    }];
    if let Some(declared) = hello.declared.as_ref().filter(|declared| declared.removed) {
        let method = shown(&declared.method, 80);
        let now = method.trim_end_matches("_generator");
        lines.push(format!("note: Keras 3 has no `{method}` any more: `{now}` takes generators as well"));
    }
    if let Some(workers) = hello.workers.filter(|workers| *workers > 0) {
        lines.push(format!("note: {workers} workers were asked for; here the batches are made in the main process"));
    }
    if let Some(rows) = hello.samples {
        lines.push(format!("note: the items are single samples; every {rows} were stacked to a batch"));
    }
    if let Some(skipped) = hello.skipped.as_ref().filter(|skipped| !skipped.is_empty()) {
        lines.push(format!("note: {} top-level statements were not run (`--import slice`)", skipped.len()));
    }
    lines.join("\n")
}

/// Where a silent program is.
fn silent(stalled: &Stalled) -> String {
    let doing = match (&*stalled.phase, stalled.batch) {
        ("next", Some(batch)) => format!("no batch {batch} yet"),
        ("import" | "script", _) => "still importing".to_owned(),
        (phase, _) => format!("still in `{}`", shown(phase, 40)),
    };
    let frame = stalled.stack.iter().find(|frame| frame.user).or(stalled.stack.first());
    let at = frame.map_or(String::new(), |frame| {
        format!(": {}:{} in {}", shown(&frame.file, 400), frame.line, shown(&frame.func, 80))
    });
    format!("{doing} after {:.0} s{at}", stalled.stalled_s)
}
