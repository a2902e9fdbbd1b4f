//! Text arrays: which texts there are, and whether they are numbers that were never parsed.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::spec::dtype::{ByteOrder, Dtype, Kind};

/// Distinct texts that are kept.
const LABELS: usize = 256;
/// Characters that are kept of a text.
const KEPT: usize = 64;

/// The texts of an array. Not escaped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Texts {
    /// How many there are.
    pub count: u64,
    /// How many are empty.
    pub empty: u64,
    /// How many read as a number, blanks around it left aside.
    pub numeric: u64,
    /// The first that is neither empty nor a number, cut, and its place in the order of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_word: Option<(String, u64)>,
    /// Characters of the longest, or bytes where the text is bytes.
    pub longest: u64,
    /// Every distinct text, cut, with its count, in alphabetical order; `None` where there are more than 256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<(String, u64)>>,
}

/// Texts as they go by.
#[derive(Debug)]
pub(super) struct Reading {
    wide: bool,
    big: bool,
    texts: Texts,
    labels: Option<HashMap<String, u64>>,
}

impl Reading {
    /// For that type, if it is text.
    pub(super) fn new(dtype: &Dtype) -> Option<Self> {
        let wide = match dtype.kind {
            Kind::Text => true,
            Kind::Bytes => false,
            _ => return None,
        };
        let big = dtype.order == ByteOrder::Big;
        Some(Self { wide, big, texts: Texts::default(), labels: Some(HashMap::new()) })
    }

    /// One element.
    pub(super) fn element(&mut self, bytes: &[u8]) {
        let (text, length) = if self.wide { self.wide(bytes) } else { narrow(bytes) };
        let trimmed = text.trim();
        let place = self.texts.count;
        self.texts.count += 1;
        self.texts.longest = self.texts.longest.max(length);
        if trimmed.is_empty() {
            self.texts.empty += 1;
        } else if is_number(trimmed) {
            self.texts.numeric += 1;
        } else if self.texts.first_word.is_none() {
            self.texts.first_word = Some((text.clone(), place));
        }
        if let Some(labels) = &mut self.labels {
            *labels.entry(text).or_default() += 1;
            if labels.len() > LABELS {
                self.labels = None;
            }
        }
    }

    /// The start of an UCS-4 text without the NULs behind it, and its characters.
    fn wide(&self, bytes: &[u8]) -> (String, u64) {
        let code = |four: &[u8]| {
            let four = four.try_into().unwrap_or_default();
            if self.big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        let length = bytes.chunks_exact(4).rposition(|four| code(four) != 0).map_or(0, |last| last + 1);
        let codes = bytes.chunks_exact(4).take(length.min(KEPT));
        let text = codes.map(|four| char::from_u32(code(four)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        (text, length as u64)
    }

    /// What was read.
    pub(super) fn finish(mut self) -> Texts {
        self.texts.labels = self.labels.map(|labels| {
            let mut labels: Vec<_> = labels.into_iter().collect();
            labels.sort();
            labels
        });
        self.texts
    }
}

/// The start of a NUL-padded text, and its bytes.
fn narrow(bytes: &[u8]) -> (String, u64) {
    let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    (String::from_utf8_lossy(&bytes[..length.min(KEPT)]).into_owned(), length as u64)
}

/// Whether Python's `float()` reads it, as far as it matters: digits, a point, an exponent, a sign, `nan`, `inf`.
fn is_number(text: &str) -> bool {
    text.len() < KEPT && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dtype: &Dtype, texts: &[&str]) -> Texts {
        let mut reading = Reading::new(dtype).unwrap();
        for text in texts {
            let mut bytes: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
            bytes.resize(usize::try_from(dtype.size).unwrap(), 0);
            reading.element(&bytes);
        }
        reading.finish()
    }

    #[test]
    fn numbers_that_were_never_parsed_are_told_from_words() {
        let dtype = Dtype::new(Kind::Text, 40);
        let texts = read(&dtype, &["1", " -2.5e3 ", "nan", "cat", "", "cat", "dög"]);
        assert_eq!((texts.count, texts.numeric, texts.empty), (7, 3, 1));
        assert_eq!(texts.first_word, Some(("cat".into(), 3)));
        assert_eq!(texts.longest, 8);
        let labels = texts.labels.unwrap();
        assert!(labels.contains(&("cat".into(), 2)) && labels.contains(&("dög".into(), 1)));
    }

    #[test]
    fn what_is_no_character_is_shown_as_such() {
        let mut reading = Reading::new(&Dtype::new(Kind::Text, 8)).unwrap();
        reading.element(&[0xff; 8]);
        assert_eq!(reading.finish().first_word.unwrap().0, "\u{fffd}\u{fffd}");
        assert_eq!(narrow(b"ab\0c\0\0"), ("ab\0c".into(), 4));
        assert!(Reading::new(&Dtype::from_name("int8").unwrap()).is_none());
    }
}
