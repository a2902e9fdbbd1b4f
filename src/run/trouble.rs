//! What stops a run of a program before there is anything to judge: a target that is not there, an import that fails.

use std::sync::Arc;

use crate::error::{Error, Fault, Text};
use crate::source::capture::facts::Reason;
use crate::source::capture::{Capture, Receiver};
use crate::source::text::shown;

/// Why there is nothing to judge, if that is so.
pub(super) fn trouble(receiver: &Receiver) -> Option<Error> {
    unusable(&receiver.capture).or_else(|| failed(receiver))
}

/// Why there is nothing to judge: the target is not there, or could not be loaded.
fn unusable(capture: &Capture) -> Option<Error> {
    let trouble =
        capture.error.as_ref().filter(|trouble| matches!(&*trouble.what, "load" | "no-target" | "no-data"))?;
    let raised = trouble.error.as_ref();
    let message = match (&trouble.message, raised) {
        (Some(message), _) => shown(message, 2000),
        (None, Some(raised)) => {
            let doing = match &*trouble.phase {
                "import" | "script" => "running",
                _ => "calling",
            };
            format!("{doing} {} raised {}", shown(&capture.root, 200), said(&raised.kind, &raised.message))
        }
        (None, None) => format!("{} could not be loaded", shown(&capture.root, 200)),
    };
    let mut fault = Fault::new(message);
    if !trouble.help.is_empty() {
        fault = fault.help(shown(&trouble.help.join("; "), 2000));
    }
    let place = raised.and_then(|raised| raised.frames.iter().rev().find(|frame| frame.user));
    let text = place.and_then(|frame| {
        let text = capture.text(frame.source?)?;
        let span = text.bytes_of(frame.span?)?;
        Some((Text { name: text.file.clone(), body: Arc::clone(&text.text) }, span))
    });
    if let (None, Some(frame)) = (&text, place) {
        fault.message = format!("{}:{}: {}", shown(&frame.file, 400), frame.line, fault.message);
    }
    Some(match text {
        Some((text, span)) => Error { text: Some(text), faults: vec![Fault { span: Some(span), ..fault }] },
        None => fault.into(),
    })
}

/// `ValueError: what it says`
fn said(kind: &str, message: &str) -> String {
    let (kind, message) = (shown(kind, 100), shown(message, 1000));
    if message.is_empty() { kind } else { format!("{kind}: {message}") }
}

/// The helper's own failure, which is no fault of the program.
fn failed(receiver: &Receiver) -> Option<Error> {
    let end = receiver.capture.end.as_ref()?;
    let ours = end.reason == Reason::Exception && receiver.capture.error.is_none();
    ours.then(|| {
        let said = receiver.last_log.as_deref().map_or(String::new(), |log| shown(log, 4000).replace("\\u{a}", "\n"));
        let fault =
            Fault::new("the part of batchlint that runs inside the program failed; this is no fault of the program");
        Error::from(fault.help(format!("please report this: {said}")))
    })
}
