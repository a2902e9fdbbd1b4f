//! `--shard`: one part of a scan that many machines share.

use std::fmt;
use std::str::FromStr;

/// Shards of one scan at most.
pub const MOST: u32 = 100_000;

/// One of the parts of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 0.
    pub index: u32,
    /// Of how many, from 1.
    pub of: u32,
}

impl FromStr for Shard {
    type Err = String;

    /// `3/64`
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected INDEX/COUNT, for instance 3/64: the indexes go from 0/64 to 63/64".to_owned();
        let (index, of) = text.split_once('/').ok_or_else(expected)?;
        let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let (index, of) = (number(index).ok_or_else(expected)?, number(of).ok_or_else(expected)?);
        match of {
            0 => Err("there is no shard of 0".to_owned()),
            of if of > MOST => Err(format!("{MOST} shards at most, not {of}")),
            of if index >= of => {
                Err(format!("shards count from 0, so those of {of} go from 0/{of} to {}/{of}", of - 1))
            }
            of => Ok(Self { index, of }),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_count_from_zero() {
        assert_eq!("3/64".parse(), Ok(Shard { index: 3, of: 64 }));
        assert_eq!("0/1".parse(), Ok(Shard { index: 0, of: 1 }));
        for (text, says) in [
            ("64/64", "from 0/64 to 63/64"),
            ("0/0", "no shard of 0"),
            ("1/100001", "100000 shards at most"),
            ("3", "expected INDEX/COUNT"),
            ("-1/4", "expected INDEX/COUNT"),
            ("+1/4", "expected INDEX/COUNT"),
            ("1/", "expected INDEX/COUNT"),
            ("1/2/3", "expected INDEX/COUNT"),
        ] {
            let error = text.parse::<Shard>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
