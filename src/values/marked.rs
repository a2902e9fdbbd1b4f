//! Values of the data in texts, marked so that they can be left out again: `--redact`. While somebody marks, a [`super::Number`]
//! that is written into a text is marked by itself, and a rule that writes any other value marks it with [`value`].
//! Nothing is marked otherwise, so that texts are what they are.

use std::cell::Cell;
use std::fmt::Display;

/// What stands around a value: two characters for private use, which no text that people write has.
const OPEN: char = '\u{f0d2a}';
const CLOSE: char = '\u{f0d2b}';
/// What stands in the place of a value.
const LEFT_OUT: char = '…';

thread_local! {
    static MARKING: Cell<bool> = const { Cell::new(false) };
}

/// Does the work, on this thread, with values marked if `on`.
pub fn marking<T>(on: bool, work: impl FnOnce() -> T) -> T {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            MARKING.set(self.0);
        }
    }
    let _back = Back(MARKING.replace(on));
    work()
}

/// A value of the data as text.
#[must_use]
pub fn value(value: impl Display) -> String {
    if MARKING.get() { format!("{OPEN}{value}{CLOSE}") } else { value.to_string() }
}

/// The text with its values, without the marks.
#[must_use]
pub fn bare(text: &str) -> String {
    text.replace([OPEN, CLOSE], "")
}

/// The text without its values. A mark that is not closed, as in a text that was cut, hides the rest.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            OPEN => {
                if depth == 0 {
                    out.push(LEFT_OUT);
                }
                depth += 1;
            }
            CLOSE => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Number;
    use super::super::number::{declared_text, float_text};
    use super::*;

    #[test]
    fn what_is_marked_can_be_left_out_or_kept() {
        let text = || format!("{} of 9 up to {} and {}", 3, Number::Float(7.5), value("cat"));
        assert_eq!(text(), "3 of 9 up to 7.5 and cat");
        let marked = marking(true, text);
        assert_eq!(bare(&marked), text());
        assert_eq!(redacted(&marked), "3 of 9 up to … and …");
        assert_eq!(text(), "3 of 9 up to 7.5 and cat", "nothing is marked afterwards");
    }

    #[test]
    fn every_way_to_write_a_number_is_marked() {
        marking(true, || {
            for text in [float_text(1.5), float_text(f64::NAN), Number::Int(7).to_string(), value(Number::Float(0.0))] {
                assert_eq!(redacted(&text), "…");
            }
            assert_eq!(redacted(&declared_text(1.5)), "1.5");
        });
    }

    #[test]
    fn a_text_that_was_cut_hides_the_rest() {
        let marked = marking(true, || value("a long name"));
        let cut: String = marked.chars().take(6).collect();
        assert_eq!(redacted(&format!("{cut}… in `x`")), "…");
        assert_eq!(redacted("no marks"), "no marks");
    }
}
