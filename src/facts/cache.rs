//! Facts that are kept from run to run, each with what told the version of its file from others. One file for each folder
//! with data, lines of JSON; what cannot be read of it was never kept. A line stands for a file only if its stamp, and
//! everything that the facts depend on but the file, is the same: see [`Cache::known`].

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::{saved, sound};
use crate::drafts::Draft;
use crate::source::fault::{FaultKind, FileFault};
use crate::source::{Reading, SourceFacts, Stamp, Target};
use crate::values::Unread;

/// Bytes of a line at most.
const LONGEST: u64 = 1 << 32;
/// Days after which what nobody asked for is forgotten.
const DAYS: u64 = 90;

/// A folder with facts of earlier runs.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    /// What the facts depend on but the file: limits of reading.
    context: String,
    start: SystemTime,
}

/// The facts of one file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Line {
    name: String,
    stamp: Stamp,
    context: String,
    /// The day on which somebody asked for it, since 1970.
    day: u64,
    facts: SourceFacts,
}

/// What is known of targets before they are read.
#[derive(Debug)]
pub struct Known {
    /// The facts of each target, where they are kept.
    pub facts: Vec<Option<SourceFacts>>,
    stamps: Vec<Option<Stamp>>,
}

impl Cache {
    /// The cache in that folder, which is made. What was kept in another `context` is another file's.
    pub fn open(folder: &Path, context: &str) -> io::Result<Self> {
        // Another version of batchlint may see something else in the same file.
        let folder = folder.join(format!("facts-{}-{}", saved::VERSION, env!("CARGO_PKG_VERSION")));
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, context: context.to_owned(), start: SystemTime::now() })
    }

    /// What is known of the targets. Nothing of them is read but what tells their versions.
    #[must_use]
    pub fn known(&self, targets: &[Target]) -> Known {
        let stamps: Vec<Option<Stamp>> = targets.par_iter().map(Stamp::of).collect();
        let mut facts: Vec<Option<SourceFacts>> = vec![None; targets.len()];
        for (folder, places) in folders(targets) {
            let mut lines = self.lines(&folder);
            for place in places {
                let (Some(stamp), target) = (&stamps[place], &targets[place]) else { continue };
                let Some(line) = lines.remove(name(target)) else { continue };
                if line.stamp == *stamp && line.context == self.context {
                    // The same file may have been named in another way.
                    let (path, root) = (Arc::clone(&target.path), Arc::clone(&target.root));
                    facts[place] = Some(SourceFacts { path, root, ..line.facts });
                }
            }
        }
        Known { facts, stamps }
    }

    /// Keeps what was seen of targets: `seen` gives the facts of a target that was read in this run, or `None`. What changed
    /// on the way, or could have without being seen, is not kept.
    pub fn keep(
        &self,
        targets: &[Target],
        known: &Known,
        seen: impl Fn(usize) -> Option<SourceFacts> + Sync,
    ) -> io::Result<()> {
        let today = self.start.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400);
        for (folder, places) in folders(targets) {
            let fresh: Vec<Line> = places
                .par_iter()
                .filter_map(|place| {
                    let target = &targets[*place];
                    let stamp = known.stamps[*place].clone().filter(|stamp| !stamp.is_fresh(self.start))?;
                    let facts = seen(*place).filter(is_lasting)?;
                    (Stamp::of(target).as_ref() == Some(&stamp)).then(|| Line {
                        name: name(target).to_owned(),
                        stamp,
                        context: self.context.clone(),
                        day: today,
                        facts,
                    })
                })
                .collect();
            if fresh.is_empty() {
                continue;
            }
            let mut lines = self.lines(&folder);
            for place in places.iter().filter(|place| known.facts[**place].is_some()) {
                if let Some(line) = lines.get_mut(name(&targets[*place])) {
                    line.day = today;
                }
            }
            lines.extend(fresh.into_iter().map(|line| (line.name.clone(), line)));
            lines.retain(|_, line| line.day.saturating_add(DAYS) >= today);
            self.write(&folder, lines)?;
        }
        Ok(())
    }

    fn path(&self, folder: &str) -> PathBuf {
        self.folder.join(format!("{:032x}.jsonl", xxh3_128(folder.as_bytes())))
    }

    /// What is kept of a folder, by name.
    fn lines(&self, folder: &str) -> HashMap<String, Line> {
        let mut lines = HashMap::new();
        let Ok(file) = File::open(self.path(folder)) else { return lines };
        let mut input = BufReader::new(file);
        let (mut text, mut values) = (Vec::new(), 0);
        loop {
            text.clear();
            let Ok(read) = input.by_ref().take(LONGEST).read_until(b'\n', &mut text) else { break };
            if read == 0 {
                break;
            }
            if let Ok(line) = serde_json::from_slice::<Line>(&text)
                && sound::impossible(&line.facts, &mut values).is_none()
            {
                lines.insert(line.name.clone(), line);
            }
        }
        lines
    }

    /// Puts the lines in the place of those of before, as a whole: of two runs at once one is kept.
    fn write(&self, folder: &str, lines: HashMap<String, Line>) -> io::Result<()> {
        let path = self.path(folder);
        let draft = Draft::at(&path.with_extension(format!("{}.part", std::process::id())));
        let mut out = BufWriter::new(File::create(draft.path())?);
        let mut lines: Vec<Line> = lines.into_values().collect();
        lines.sort_by(|a, b| a.name.cmp(&b.name));
        for line in lines {
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        fs::rename(draft.path(), &path)?;
        draft.placed();
        Ok(())
    }
}

/// The targets of each folder, by their place.
fn folders(targets: &[Target]) -> Vec<(String, Vec<usize>)> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, target) in targets.iter().enumerate() {
        let folder = target.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        places.entry(folder).or_default().push(place);
    }
    let mut folders: Vec<(String, Vec<usize>)> =
        places.into_iter().map(|(folder, places)| (absolute(folder, &targets[places[0]]), places)).collect();
    folders.sort();
    folders
}

/// What a folder is called wherever somebody stands.
fn absolute(folder: &str, target: &Target) -> String {
    if target.path.contains("://") {
        return folder.to_owned();
    }
    let parent = target.open_path().parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    parent.canonicalize().map_or_else(|_| folder.to_owned(), |path| format!("file:{}", path.display()))
}

fn name(target: &Target) -> &str {
    target.path.rsplit_once('/').map_or(&*target.path, |(_, name)| name)
}

/// Whether the facts say something of the file, and not of how it was read.
fn is_lasting(facts: &SourceFacts) -> bool {
    let passing = |kind: &FaultKind| {
        matches!(
            kind,
            FaultKind::File(
                FileFault::NotFound
                    | FileFault::DanglingLink
                    | FileFault::LinkLoop
                    | FileFault::PermissionDenied
                    | FileFault::Special(_)
                    | FileFault::Unopenable(_)
                    | FileFault::Changed
                    | FileFault::Rewritten
                    | FileFault::Remote(_)
            )
        )
    };
    let unread = |reading: &Reading| match reading {
        Reading::Unread(why) => {
            matches!(
                why,
                Unread::TooLarge { .. }
                    | Unread::Limit { .. }
                    | Unread::Interrupted
                    | Unread::Spared
                    | Unread::NotSaved
                    | Unread::NotSent
            )
        }
        Reading::Read(_) => false,
    };
    !facts.faults.iter().any(|fault| passing(&fault.kind))
        && !facts.arrays.iter().filter_map(|array| array.reading.as_deref()).any(unread)
}
