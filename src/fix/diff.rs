//! What an edit changes, as a unified diff.

use std::fmt::Write as _;
use std::time::Duration;

use similar::TextDiff;

use crate::source::text::{is_hostile, shown};

/// Lines around a change.
const CONTEXT: usize = 3;
/// How long the shortest diff is looked for; after that a longer one is taken.
const PATIENCE: Duration = Duration::from_secs(2);

/// The unified diff of a file, as `git diff` writes it, with every character that could command a terminal written out.
/// Empty where nothing changes. Line ends stay what they are, but a lone carriage return becomes a line feed.
#[must_use]
pub fn unified(file: &str, old: &str, new: &str) -> String {
    let (old, new) = (plain(old), plain(new));
    if old == new {
        return String::new();
    }
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(&*old, &*new);
    let name = shown(file, usize::MAX);
    let mut unified = diff.unified_diff();
    let drawn = unified.context_radius(CONTEXT).header(&format!("a/{name}"), &format!("b/{name}")).to_string();
    let mut out = String::with_capacity(drawn.len());
    let mut chars = drawn.chars().peekable();
    while let Some(c) = chars.next() {
        let ends = c == '\r' && chars.peek() == Some(&'\n');
        if is_hostile(c) && !matches!(c, '\n' | '\t') && !ends {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// The text with every lone carriage return a line feed.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\0\n").replace('\r', "\n").replace("\0\n", "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_with_the_lines_around_it() {
        let old = "import numpy as np\n\n\ndef g():\n    x = np.random.rand(4)\n    yield x\n";
        let new = old.replace("rand(4)", "rand(4).astype(np.float32)");
        let expected = "\
--- a/src/train.py
+++ b/src/train.py
@@ -2,5 +2,5 @@
 
 
 def g():
-    x = np.random.rand(4)
+    x = np.random.rand(4).astype(np.float32)
     yield x
";
        assert_eq!(unified("src/train.py", old, &new), expected);
        assert_eq!(unified("src/train.py", old, old), "");
    }

    #[test]
    fn nothing_in_it_commands_the_terminal() {
        let drawn = unified("a\u{1b}[31m.py", "a = '\u{1b}[2J'\r\nb\tc\r", "a = '\u{202e}'\r\nb\tc\r");
        assert!(drawn.chars().all(|c| !is_hostile(c) || matches!(c, '\n' | '\r' | '\t')), "{drawn:?}");
        assert!(drawn.contains("-a = '\\u{1b}[2J'\r\n+a = '\\u{202e}'\r\n b\tc\n"), "{drawn:?}");
    }

    #[test]
    fn a_text_without_an_end_of_line_says_so() {
        assert!(unified("a.py", "x", "y").contains("-x\n\\ No newline at end of file\n+y\n"));
    }
}
