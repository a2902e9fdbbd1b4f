//! One part of a scan that many machines share: which files are its own, and what all files are. Every part walks for
//! itself, so nothing has to be handed out, and what the parts have found can be held against each other.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::walk::Target;
use crate::config::shard::Shard;

/// Leaves the files of one shard, and tells what all of them are. Targets stand in order of their paths, as a walk gives
/// them.
pub fn keep(shard: Shard, targets: &mut Vec<Target>) -> Files {
    let files = Files::of(targets.iter().map(|target| &*target.path));
    targets.retain(|target| place(&target.path, shard.of) == shard.index);
    files
}

/// The shard, of so many, that a file with this path, as shown, is in: XXH3 of the path, 64 bits, modulo their number.
#[must_use]
pub fn place(path: &str, of: u32) -> u32 {
    u32::try_from(xxh3_64(path.as_bytes()) % u64::from(of.max(1))).unwrap_or(u32::MAX)
}

/// Which files a scan has found, in two numbers: scans that agree in them have found the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Files {
    /// How many paths.
    pub files: u64,
    /// The sum of the XXH3 of all paths, modulo 2^64.
    #[serde(with = "hex")]
    pub paths: u64,
}

impl Files {
    /// Those with these paths. Of paths that are equal and stand side by side, one counts.
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p str>) -> Self {
        let mut all = Self::default();
        let mut last = None;
        for path in paths {
            if last.replace(path) != Some(path) {
                all.add(path);
            }
        }
        all
    }

    /// Adds a path that was not there.
    pub fn add(&mut self, path: &str) {
        self.files += 1;
        self.paths = self.paths.wrapping_add(xxh3_64(path.as_bytes()));
    }
}

/// 64 bits as 16 digits: readers of JSON take numbers for doubles.
pub mod hex {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    /// Writes them.
    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{value:016x}"))
    }

    /// Reads them.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = u64::from_str_radix(&text, 16).ok().filter(|_| digits);
        value.ok_or_else(|| de::Error::custom("expected 16 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::shard::MOST;

    #[test]
    fn every_path_is_in_one_shard_and_the_same_one_tomorrow() {
        for path in ["", "dump/batch_000.npz", "s3://bucket/a b.npy", "\u{e9}.npy"] {
            assert!([1, 2, 7, 64, MOST].iter().all(|of| place(path, *of) < *of));
        }
        // Worked out by the `xxhash` package of Python, `xxh3_64_intdigest(path) % 64`.
        assert_eq!((place("dump/batch_000.npz", 64), place("x.npy", 64)), (34, 6));
    }

    #[test]
    fn what_all_files_are_does_not_depend_on_the_shard() {
        let targets = || ["a.npy", "b.npy", "b.npy", "c.npy"].map(|path| Target::file(path.as_ref())).to_vec();
        let keep = |index, targets: &mut _| keep(Shard { index, of: 2 }, targets);
        let (mut first, mut second) = (targets(), targets());
        let (files, others) = (keep(0, &mut first), keep(1, &mut second));
        assert_eq!((files, files.files), (others, 3));
        assert_eq!(first.len() + second.len(), 4);
        assert_ne!(files, Files::of(["a.npy", "b.npy"]));
    }

    #[test]
    fn the_two_numbers_survive_being_saved() {
        let files = Files { files: 1 << 60, paths: 7 };
        let text = serde_json::to_string(&files).unwrap();
        assert_eq!(text, "{\"files\":1152921504606846976,\"paths\":\"0000000000000007\"}");
        assert_eq!(serde_json::from_str::<Files>(&text).unwrap(), files);
        assert!(serde_json::from_str::<Files>("{\"files\":1,\"paths\":\"+7\"}").is_err());
    }
}
