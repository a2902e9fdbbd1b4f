//! Limits on what is read, as far as they can be set: one table, from which `[limits]` of the file, `--limit`, its help and
//! the lists in the pages are made.

use std::num::NonZeroU64;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{Bytes, Entry, Written};

/// What stands for "no limit".
pub const NONE: u64 = u64::MAX;

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, which may be written with a unit: `"64 MiB"`.
    Bytes,
    /// Something else: its name, or nothing for a ratio.
    Count(&'static str),
}

/// Makes the types of the table. A row is the limit, its key, the type of its line, what it counts, its value unless
/// something else is said, the greatest it can have, and what it is a limit on.
macro_rules! limits {
    ($($limit:ident $key:ident: $line:ident, $unit:expr, $default:expr, ..=$most:expr, $about:literal;)*) => {
        /// One limit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Limit {
            $(#[doc = $about] $limit,)*
        }

        impl Limit {
            /// Every limit, in the order of the pages.
            pub const ALL: &[Self] = &[$(Self::$limit,)*];

            /// Its key in the file and behind `--limit`: `header_characters`.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$limit => stringify!($key),)*
                }
            }

            /// What it counts.
            #[must_use]
            pub fn unit(self) -> Unit {
                match self {
                    $(Self::$limit => $unit,)*
                }
            }

            /// The greatest value that it can have.
            #[must_use]
            pub fn most(self) -> u64 {
                match self {
                    $(Self::$limit => $most,)*
                }
            }

            /// What it is a limit on: sentences.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$limit => $about,)*
                }
            }
        }

        /// The limits of one run. A value of [`NONE`] is no limit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = $about] pub $key: u64,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl Limits {
            /// The value of a limit.
            #[must_use]
            pub fn get(&self, limit: Limit) -> u64 {
                match limit {
                    $(Limit::$limit => self.$key,)*
                }
            }

            fn set(&mut self, limit: Limit, value: u64) {
                match limit {
                    $(Limit::$limit => self.$key = value,)*
                }
            }
        }

        /// Limits on what is read. The flag `--limit KEY=VALUE` wins over a line here.
        #[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        #[schemars(rename = "Limits")]
        pub struct Lines {
            $(#[doc = $about] pub $key: Option<Written<$line>>,)*
        }

        impl Lines {
            /// What is written, with its place.
            #[must_use]
            pub fn written(self) -> Vec<(Limit, Range<usize>, Entry)> {
                let lines = [$(self.$key.map(|line| (Limit::$limit, line.span, line.value.entry())),)*];
                lines.into_iter().flatten().collect()
            }
        }
    };
}

limits! {
    HeaderCharacters header_characters: NonZeroU64, Unit::Count("characters"), 10_000, ..=1 << 24,
        "Characters of the header text of one array. `np.load` reads 10,000 unless told otherwise, and that is said of longer ones whatever the limit is.";
    HeaderDepth header_depth: NonZeroU64, Unit::Count("levels"), 32, ..=200,
        "Levels of brackets in the header text of one array.";
    ArchiveMembers archive_members: NonZeroU64, Unit::Count("members"), 1_000_000, ..=u64::from(u32::MAX),
        "Members that are looked at of one archive.";
    MemberBytes member_bytes: Bytes, Unit::Bytes, NONE, ..=NONE,
        "Bytes that one compressed member may inflate to for its values to be read.";
    RunBytes run_bytes: Bytes, Unit::Bytes, NONE, ..=NONE,
        "Bytes that all compressed members of one run may inflate to; the values of those behind are not read.";
    BombRatio bomb_ratio: NonZeroU64, Unit::Count("times"), 1000, ..=NONE,
        "How many times its stored bytes a member may inflate to before it is held for a bomb. Deflate makes data 1,032 times smaller at most, so 2000 switches this off.";
    BombBytes bomb_bytes: Bytes, Unit::Bytes, 4 << 30, ..=NONE,
        "Bytes that a member of such a ratio may inflate to.";
    ModelBytes model_bytes: Bytes, Unit::Bytes, 64 << 20, ..=4 << 30,
        "Bytes of a file of configuration, or of one entry of an archive, that are read of a model. Weights are not read.";
    ModelJsonBytes model_json_bytes: Bytes, Unit::Bytes, 16 << 20, ..=4 << 30,
        "Bytes of the JSON that describes a model. In memory it takes up to 30 times as much.";
    ModelDepth model_depth: NonZeroU64, Unit::Count("levels"), 128, ..=512,
        "Levels of brackets in the JSON that describes a model. A model inside a model takes three or four.";
    FrameJsonBytes frame_json_bytes: Bytes, Unit::Bytes, 16 << 20, ..=u64::from(u32::MAX),
        "Bytes of JSON that a running program may say at once.";
    FramePayloadBytes frame_payload_bytes: Bytes, Unit::Bytes, 1 << 30, ..=1 << 40,
        "Bytes of one batch of a running program. The values of larger ones are not read.";
}

impl Limit {
    /// The limit of that key. Dashes count as underscores.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let key = key.replace('-', "_");
        Self::ALL.iter().copied().find(|limit| limit.key() == key)
    }

    /// A value that it can have, or why not: a sentence without its end.
    pub fn checked(self, value: u64) -> Result<u64, String> {
        match (value, self.most()) {
            (0, _) => Err(format!("`{}` is at least 1, not 0", self.key())),
            (_, most) if value > most => {
                Err(format!("`{}` is at most {}, not {}", self.key(), self.amount(most), self.amount(value)))
            }
            _ => Ok(value),
        }
    }

    /// A value with its unit: `64 MiB`, `10,000 characters`.
    #[must_use]
    pub fn amount(self, value: u64) -> String {
        match self.unit() {
            _ if value == NONE => "none".into(),
            Unit::Count(name) => format!("{} {name}", grouped(value)),
            Unit::Bytes => {
                let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
                let whole = units.into_iter().find(|(shift, _)| value > 0 && value.trailing_zeros() >= *shift);
                let (shift, unit) = whole.unwrap_or((0, "bytes"));
                format!("{} {unit}", grouped(value >> shift))
            }
        }
    }

    /// The limit by its key and value: "`member_bytes` of 64 MiB".
    #[must_use]
    pub fn named(self, value: u64) -> String {
        format!("`{}` of {}", self.key(), self.amount(value))
    }

    /// How to set it: "`--limit member_bytes=...` (or `member_bytes` under `[limits]`)".
    #[must_use]
    pub fn how(self) -> String {
        let key = self.key();
        format!("`--limit {key}=...` (or `{key}` under `[limits]`)")
    }
}

impl Limits {
    /// The widest that can be set: for what was read within the limits before.
    #[must_use]
    pub fn widest() -> Self {
        Limit::ALL.iter().fold(Self::default(), |limits, limit| limits.with(&[(*limit, limit.most())]))
    }

    /// These limits with what was said, the last word first to be heard.
    #[must_use]
    pub fn with(mut self, given: &[(Limit, u64)]) -> Self {
        for (limit, value) in given {
            self.set(*limit, *value);
        }
        self
    }
}

/// A line as something that can be read as a number.
trait Line {
    fn entry(self) -> Entry;
}

impl Line for Bytes {
    fn entry(self) -> Entry {
        self.0
    }
}

impl Line for NonZeroU64 {
    fn entry(self) -> Entry {
        Entry::Number(self.get().into())
    }
}

/// With a comma before every third digit from the right.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_one_that_could_be_set() {
        for limit in Limit::ALL {
            let default = Limits::default().get(*limit);
            assert_eq!(limit.checked(default), Ok(default), "{}", limit.key());
            assert_eq!(Limit::of_key(limit.key()), Some(*limit));
            assert_eq!(Limits::default().with(&[(*limit, 7)]).get(*limit), 7);
        }
    }

    #[test]
    fn what_no_limit_can_be_is_refused() {
        assert!(Limit::MemberBytes.checked(0).is_err());
        let why = Limit::HeaderDepth.checked(201).unwrap_err();
        assert_eq!(why, "`header_depth` is at most 200 levels, not 201 levels");
    }

    #[test]
    fn amounts_are_written_as_they_are_set() {
        for (limit, value, text) in [
            (Limit::ModelBytes, 64 << 20, "64 MiB"),
            (Limit::ModelBytes, 1_000_000, "1,000,000 bytes"),
            (Limit::BombBytes, 2048, "2 KiB"),
            (Limit::RunBytes, NONE, "none"),
            (Limit::HeaderCharacters, 40_000, "40,000 characters"),
        ] {
            assert_eq!(limit.amount(value), text);
        }
    }
}
