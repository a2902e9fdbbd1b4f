//! Where in the user's source an exception came from.

use super::scene::Place;
use crate::diagnostic::Label;
use crate::error::cut;
use crate::source::Capture;
use crate::source::capture::places::Raised;

/// Where the program's exception was raised, in the innermost frame of the user's own code, and where the one was that it
/// came from. Empty where there is no exception or no text of the user's is known.
pub(super) fn trouble_labels(capture: &Capture) -> Vec<Label> {
    let Some(raised) = capture.error.as_ref().and_then(|trouble| trouble.error.as_ref()) else { return Vec::new() };
    let interrupted = raised.kind == "KeyboardInterrupt";
    let first = frame(capture, raised, |name, inside| match (interrupted, inside) {
        (true, _) => "interrupted here".into(),
        (false, true) => format!("{name} raised here"),
        (false, false) => format!("{name} raised in what is called here"),
    });
    let mut labels: Vec<Label> = first.into_iter().collect();
    let earlier = match (&raised.cause, &raised.context) {
        (Some(cause), _) => frame(capture, cause, |name, inside| {
            format!("because of the {name} raised {}", if inside { "here" } else { "in what is called here" })
        }),
        (None, Some(context)) => frame(capture, context, |name, inside| {
            let place = if inside { "here" } else { "in what is called here" };
            format!("while the {name} raised {place} was handled")
        }),
        (None, None) => None,
    };
    let same = |label: &Label| labels.iter().any(|known| known.text == label.text && known.span == label.span);
    if let Some(label) = earlier.filter(|label| !same(label)) {
        labels.push(label);
    }
    labels
}

/// The innermost frame of the user's own code that can be shown. `says` is told the exception's name, and whether it was
/// raised in that frame itself.
fn frame(capture: &Capture, raised: &Raised, says: impl Fn(&str, bool) -> String) -> Option<Label> {
    let name = if raised.kind.is_empty() { "exception".to_owned() } else { cut(&raised.kind) };
    let innermost = raised.frames.len().saturating_sub(1);
    let users = raised.frames.iter().enumerate().rev().filter(|(_, frame)| frame.user);
    users.into_iter().find_map(|(index, frame)| {
        let says = says(&name, index == innermost);
        let exact = frame.span.and_then(|span| Place::Span(span).label(capture, frame.source, says.clone()));
        exact.or_else(|| Place::Line(frame.line).label(capture, frame.source, says))
    })
}
