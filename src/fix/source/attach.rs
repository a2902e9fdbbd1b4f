//! The answer, put into the report.

use super::plan::{FilePlan, Planned, PlannedEdit, UNSOUND};
use super::{Do, Want};
use crate::diagnostic::{Edit, Fix, span};
use crate::source::Capture;
use crate::source::capture::places::Span;
use crate::verdict::Report;

/// Puts the edits, and the Python that they make, into the repairs of what they mend; where an edit was wanted and there
/// is none, the help says why. An answer whose edits do not make its text is no answer. What is given back are the repairs
/// as they were, by index into the diagnostics, for the case that the edits turn out wrong.
pub fn attach(report: &mut Report, wants: &[Want], planned: &Planned, capture: &Capture) -> Vec<(usize, Fix)> {
    let mut before = Vec::new();
    for (index, diagnostic) in report.diagnostics.iter_mut().enumerate() {
        let mine: Vec<usize> =
            wants.iter().enumerate().filter(|(_, want)| want.diagnostics.contains(&index)).map(|(at, _)| at).collect();
        let mut python: Vec<String> = Vec::new();
        let mut edits: Vec<Edit> = Vec::new();
        let mut notes: Vec<&str> = Vec::new();
        let mut refused: Vec<String> = Vec::new();
        for want in mine {
            match met(want, wants, planned, capture) {
                Ok((text, more)) => {
                    let note = planned.result(want).and_then(|result| result.note.as_deref());
                    notes.extend(note.filter(|note| !notes.contains(note)));
                    python.extend(text.filter(|text| !python.contains(text)));
                    for edit in more {
                        if !edits.contains(&edit) {
                            edits.push(edit);
                        }
                    }
                }
                Err(why) if !refused.contains(&why) => refused.push(why),
                Err(_) => {}
            }
        }
        let finding = &mut diagnostic.finding;
        if let Some(fix) = finding.fix.as_mut().filter(|_| !edits.is_empty()) {
            before.push((index, fix.clone()));
            fix.edits = edits;
            if !python.is_empty() {
                fix.python = python.join("\n");
            }
        }
        for note in notes {
            add(&mut finding.help, note);
        }
        if !refused.is_empty() {
            no_edit(&mut finding.help, &refused.join("; "));
        }
    }
    before
}

/// Adds to the help why no edit is offered.
pub(in crate::fix) fn no_edit(help: &mut Option<String>, why: &str) {
    add(help, &format!("the source is not edited for you: {why}"));
}

fn add(help: &mut Option<String>, line: &str) {
    *help = Some(match help.take() {
        Some(help) => format!("{help}; {line}"),
        None => line.to_owned(),
    });
}

/// The Python and the edits of a want, or why there are none.
fn met(
    want: usize,
    wants: &[Want],
    planned: &Planned,
    capture: &Capture,
) -> Result<(Option<String>, Vec<Edit>), String> {
    let result = planned.result(want).ok_or("nothing came back when an edit was asked for")?;
    if !result.ok {
        return Err(result.why.clone().unwrap_or_else(|| "no edit is known to do it".into()));
    }
    let mut edits = Vec::new();
    for file in &planned.files {
        let source = capture.text(file.source).filter(|source| file.is_sound(source));
        let source = source.ok_or(UNSOUND)?;
        let text = span::text(source);
        for edit in file.edits.iter().filter(|edit| is_for(edit, file, want, wants, planned, capture)) {
            let (start, end) = span::positions(&text.body, edit.span).ok_or("an edit is not in the text")?;
            edits.push(Edit { file: source.file.clone(), start, end, text: edit.text.clone() });
        }
    }
    if edits.is_empty() { Err("no edit came back".into()) } else { Ok((result.python.clone(), edits)) }
}

/// Whether the edit is for the want: it says so, or it touches what the want is about. An edit that touches nothing of the
/// kind (an import) is for every want.
fn is_for(
    edit: &PlannedEdit,
    file: &FilePlan,
    want: usize,
    wants: &[Want],
    planned: &Planned,
    capture: &Capture,
) -> bool {
    if !edit.wants.is_empty() {
        return edit.wants.contains(&want);
    }
    let touches = |want: &Want| {
        about(want, capture).any(|(source, span)| source == Some(file.source) && do_touch(span, edit.span))
    };
    let mut others = wants.iter().enumerate().filter(|(at, _)| planned.is_met(*at));
    wants.get(want).is_some_and(touches) || !others.any(|(_, want)| touches(want))
}

/// The places in the source that the want is about.
fn about<'c>(want: &Want, capture: &'c Capture) -> impl Iterator<Item = (Option<u32>, Span)> + 'c {
    let site = capture.site(want.site);
    let whole = matches!(want.action, Do::Split(_));
    // A batch that is split is a whole statement, with what is put in front of it.
    let statement = site.filter(|_| whole).map(|site| {
        let Span(first, _, last, _) = site.span.unwrap_or(Span(site.line, 0, site.line, 0));
        (site.source, Span(first.min(site.line), 0, last, u64::MAX))
    });
    let path = want.path.clone();
    let element = site.filter(|_| !whole).and_then(|site| site.elements.iter().find(|element| element.path == path));
    let spans = element.into_iter().flat_map(|element| {
        let made = element.made.iter().map(|made| (made.source, made.span));
        let became = element.became.iter().map(|became| (became.source, became.span));
        std::iter::once((element.source, element.span)).chain(made).chain(became)
    });
    let spans = spans.filter_map(|(source, span)| Some((source, span?)));
    statement.into_iter().chain(spans)
}

/// Whether two spans have a place in common, be it an end.
fn do_touch(a: Span, b: Span) -> bool {
    (a.0, a.1) <= (b.2, b.3) && (b.0, b.1) <= (a.2, a.3)
}
