//! Where a machine looks first: the file, and the lines of it where there are some. Formats that draw in somebody else's
//! window need one for every finding, and a path that the window can open.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::Page;
use crate::diagnostic::{Anchor, Diagnostic, Edit, Position};
use crate::error::{Error, Fault, Text};
use crate::exit::Exit;
use crate::verdict::Report;

/// The file that would hold the answer where no file is at fault.
const NO_FILE: &str = "batchlint.toml";

/// A file, and a region of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site<'a> {
    /// The path as shown. Not escaped.
    pub(super) file: Cow<'a, str>,
    /// The first character and the first behind the last; `None` for a file without lines.
    pub(super) region: Option<(Position, Position)>,
}

impl<'a> Site<'a> {
    /// The main place of a finding: the line of the user's source, or the line of the spec that the data broke, or the
    /// data file. Never nothing: what has no place at all belongs to the spec, or to the one that should be written.
    pub(super) fn of(diagnostic: &'a Diagnostic, page: Page<'a>) -> Self {
        let label = diagnostic.labels.first().map(|label| Self::lines(&label.text, &label.span));
        let finding = &diagnostic.finding;
        label.or_else(|| Self::claim(diagnostic, page)).unwrap_or_else(|| match finding.places.first() {
            Some(place) => Self::whole(source(&place.source, page)),
            None => Self::whole(page.spec.source().map_or(NO_FILE, |text| text.name.as_str())),
        })
    }

    /// The line of the spec that the data broke.
    pub(super) fn claim(diagnostic: &'a Diagnostic, page: Page<'a>) -> Option<Self> {
        match &diagnostic.finding.anchor {
            Anchor::Spec(at) => page.spec.place(at).map(|(text, span)| Self::lines(text, span)),
            Anchor::Header(_) | Anchor::Data => None,
        }
    }

    /// Where a fault of the run is.
    pub(super) fn fault(error: &'a Error, fault: &Fault) -> Self {
        match (&error.text, &fault.span) {
            (Some(text), Some(span)) => Self::lines(text, span),
            (Some(text), None) => Self::whole(&text.name),
            (None, _) => Self::whole(NO_FILE),
        }
    }

    /// These bytes of a text.
    pub(super) fn lines(text: &'a Text, span: &std::ops::Range<usize>) -> Self {
        let region = (Position::of(&text.body, span.start), Position::of(&text.body, span.end));
        Self { file: Cow::Borrowed(&text.name), region: Some(region) }
    }

    /// What an edit replaces.
    pub(super) fn edit(edit: &'a Edit) -> Self {
        Self { file: Cow::Borrowed(&edit.file), region: Some((edit.start, edit.end)) }
    }

    /// A whole file.
    pub(super) fn whole(file: &'a str) -> Self {
        Self { file: Cow::Borrowed(file), region: None }
    }

    /// The path with `/` between its parts, from the working directory where it is below it.
    pub(super) fn path(&self) -> String {
        let path = if cfg!(windows) { self.file.replace('\\', "/") } else { self.file.to_string() };
        path.strip_prefix("./").unwrap_or(&path).to_owned()
    }

    /// The path as a URI reference: relative as it stands, or `file:///...`.
    pub(super) fn uri(&self) -> String {
        let path = self.path();
        let drive = path.as_bytes().get(1) == Some(&b':') && cfg!(windows);
        let root = match (path.starts_with('/'), drive) {
            (true, _) => "file://",
            (false, true) => "file:///",
            (false, false) => "",
        };
        let mut uri = String::from(root);
        for byte in path.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
                uri.push(char::from(byte));
            } else {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
        uri
    }
}

/// The file of a source: batches of a program are called `train.py:batches batch 0`.
pub(super) fn source<'a>(source: &'a str, page: Page<'_>) -> &'a str {
    match source.find(".py:") {
        Some(at) if page.command == "run" => &source[..at + 3],
        _ => source,
    }
}

/// Why a report without findings is no pass; `None` where it would be one.
pub(super) fn incomplete(report: &Report) -> Option<&'static str> {
    match report.exit() {
        Exit::Nothing => Some("nothing was checked: no array was found that a rule could look at"),
        Exit::Trouble if report.coverage.missing > 0 => {
            Some("shards are missing: what is in them is not checked, and what needs all files is not either")
        }
        Exit::Trouble => Some("the run was interrupted: what was not read by then is not checked"),
        Exit::Clean | Exit::Findings => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{labelled, live};
    use super::*;

    #[test]
    fn a_finding_without_a_place_still_has_one() {
        let (mut spec, mut report) = live(Vec::new());
        report.diagnostics[0].finding.anchor = Anchor::Data;
        let site = |report: &Report, spec: &crate::spec::Spec| {
            let page = Page::new("run", report, spec);
            Site::of(&report.diagnostics[0], page).path()
        };
        assert_eq!(site(&report, &spec), "train.py");
        report.diagnostics[0].finding.places.clear();
        assert_eq!(site(&report, &spec), "batchlint.toml");
        spec.text = None;
        assert_eq!(site(&report, &spec), NO_FILE);
        report.diagnostics[0].labels = vec![labelled("data, ", "yielded here")];
        assert_eq!(site(&report, &spec), "train.py");
    }

    #[test]
    fn a_path_becomes_a_uri_that_nothing_breaks_out_of() {
        for (path, uri) in [
            ("a/b.npz", "a/b.npz"),
            ("./a.npz", "a.npz"),
            ("/tmp/é x.npz", "file:///tmp/%C3%A9%20x.npz"),
            ("http://evil/x", "http%3A//evil/x"),
            ("a\n\"<?#%", "a%0A%22%3C%3F%23%25"),
        ] {
            assert_eq!(Site::whole(path).uri(), uri);
        }
    }
}
