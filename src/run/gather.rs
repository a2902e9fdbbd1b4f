//! What there is to judge: files found and read, or facts that were saved.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use super::early;
use crate::config::Settings;
use crate::config::shard::Shard;
use crate::error::{Error, Fault};
use crate::facts::cache::Cache;
use crate::facts::parts::Part;
use crate::facts::{self, Facts};
use crate::source::walk::Unmatched;
use crate::source::{self, Progress, Question, Room, SourceFacts, Target};
use crate::spec::Spec;
use crate::values::Wants;

/// What is looked at.
#[derive(Clone, Copy)]
pub(super) struct Looking<'e> {
    /// Of the values.
    pub(super) wants: Wants,
    /// Whether arrays that the spec does not name are looked at, where it names any.
    pub(super) all: bool,
    /// Whether what is known is enough, so that no more values are read.
    pub(super) enough: Option<&'e dyn Fn(&Facts) -> bool>,
}

/// What was seen, of which sets.
pub(super) struct Gathered {
    pub(super) facts: Facts,
    /// The files; none for saved facts.
    pub(super) targets: Vec<Target>,
    /// The arguments that stand for no file.
    pub(super) unmatched: Vec<Unmatched>,
    /// Whether other shards have files.
    pub(super) others: bool,
    /// The roots of the sets that are held against the others.
    pub(super) against: BTreeSet<Arc<str>>,
}

/// Finds the files and reads them. An error says that it was interrupted before every header was read.
pub(super) fn gather(
    spec: &Spec,
    looking: Looking<'_>,
    settings: &Settings,
    progress: &Progress,
) -> Result<Gathered, Error> {
    let listed = source::list::read(&settings.files_from)?;
    let finder = source::remote::Finder::new(&settings.remote);
    let mut walked = finder.walk(&settings.paths, &listed, progress);
    let against = walked.beside(finder.walk(&settings.against, &[], progress));
    let found = settings.shard.map(|shard| (shard, source::shard::keep(shard, &mut walked.targets)));
    let others = found.is_some_and(|(_, found)| found.files > walked.targets.len() as u64);
    let mut facts = match cache(settings, looking)? {
        Some(cache) => look_again(&cache, &walked.targets, spec, looking, settings, progress)?,
        None => look(&walked.targets, spec, looking, settings, progress)?,
    };
    if let Some((Shard { index, of }, found)) = found {
        let asks = facts::asks::number(spec, looking.wants, settings.headers_only, settings.max_bytes_per_array);
        let files = facts.sources().len() as u64;
        facts = facts.part(Part { index, of, files, found, asks });
    }
    Ok(Gathered { facts, targets: walked.targets, unmatched: walked.unmatched, others, against })
}

/// Where facts are kept. Whoever shows the data to people has to read it.
fn cache(settings: &Settings, looking: Looking<'_>) -> Result<Option<Cache>, Error> {
    let Some(folder) = settings.cache.as_ref().filter(|_| !looking.wants.shapes) else { return Ok(None) };
    Cache::open(folder, &format!("{:?}", settings.limits)).map(Some).map_err(|error| cannot_keep(settings, &error))
}

fn cannot_keep(settings: &Settings, error: &io::Error) -> Error {
    let folder = settings.cache.as_deref().unwrap_or(Path::new(""));
    Error::plain(format!("cannot keep facts in {}: {error}", source::text::shown(&folder.display().to_string(), 400)))
}

/// Reads the files of which nothing is kept, or not enough, and keeps what it sees of them.
fn look_again(
    cache: &Cache,
    targets: &[Target],
    spec: &Spec,
    looking: Looking<'_>,
    settings: &Settings,
    progress: &Progress,
) -> Result<Facts, Error> {
    let known = cache.known(targets);
    let unknown = |place: &usize| known.facts[*place].is_none();
    let mut fresh: Vec<usize> = (0..targets.len()).filter(unknown).collect();
    let of = |places: &[usize]| -> Vec<Target> { places.iter().map(|place| targets[*place].clone()).collect() };
    let room = room(looking, settings);
    let headers =
        |places: &[usize]| source::scan_all(&of(places), settings.limits, &room, progress).ok_or_else(interrupted);
    let mut all: Vec<Option<SourceFacts>> = known.facts.clone();
    let put = |all: &mut Vec<Option<SourceFacts>>, places: &[usize]| -> Result<(), Error> {
        for (place, facts) in places.iter().zip(headers(places)?) {
            all[*place] = Some(facts);
        }
        Ok(())
    };
    put(&mut all, &fresh)?;
    let reads = reads(looking, settings);
    if reads {
        // What is kept may not answer what is asked now.
        let facts = Facts::new(all.iter().flatten().cloned().collect());
        let questions = questions(&facts, spec, looking);
        let lacking: HashSet<&str> = facts
            .sources()
            .iter()
            .zip(&questions)
            .filter(|(source, questions)| !facts::recall::covers(source, questions))
            .map(|(source, _)| &*source.path)
            .collect();
        let again: Vec<usize> =
            (0..targets.len()).filter(|place| !unknown(place) && lacking.contains(&*targets[*place].path)).collect();
        put(&mut all, &again)?;
        fresh.extend(again);
    }
    let fresh: BTreeSet<&str> = fresh.iter().map(|place| &*targets[*place].path).collect();
    let facts = Facts::new(all.into_iter().flatten().collect());
    let facts = if reads {
        read(facts, targets, spec, looking, settings, progress, Some(&fresh))
    } else {
        facts::recall::headers(facts)
    };
    let seen: HashMap<&str, &SourceFacts> = facts.sources().iter().map(|source| (&*source.path, source)).collect();
    let kept = cache.keep(targets, &known, |place| {
        let path = &*targets[place].path;
        seen.get(path).filter(|_| fresh.contains(path)).map(|facts| (*facts).clone())
    });
    kept.map_err(|error| cannot_keep(settings, &error))?;
    Ok(facts)
}

fn interrupted() -> Error {
    let fault = Fault::new("interrupted before the header of every file was read, so nothing is judged");
    Error::from(fault.help("name fewer files, or let it run: what a part of the files holds says nothing of the rest"))
}

/// Reads the files. Values that were not read when it was interrupted are not known; where headers were not, nothing is.
pub(super) fn look(
    targets: &[Target],
    spec: &Spec,
    looking: Looking<'_>,
    settings: &Settings,
    progress: &Progress,
) -> Result<Facts, Error> {
    let room = room(looking, settings);
    let files = source::scan_all(targets, settings.limits, &room, progress).filter(|_| !progress.stopped());
    let files = files.ok_or_else(interrupted)?;
    Ok(read(Facts::new(files), targets, spec, looking, settings, progress, None))
}

/// Whether values are read.
fn reads(looking: Looking<'_>, settings: &Settings) -> bool {
    !settings.headers_only && looking.wants.any()
}

/// Room for the data of small files, where somebody will look at it: a .npy has no checksum.
fn room(looking: Looking<'_>, settings: &Settings) -> Room {
    let looks = looking.wants.or(Wants::CHECKSUMS) != Wants::CHECKSUMS;
    if looks && reads(looking, settings) { Room::new() } else { Room::default() }
}

/// Reads the values that somebody wants to look at; those of other files than the `fresh` ones are known.
fn read(
    facts: Facts,
    targets: &[Target],
    spec: &Spec,
    looking: Looking<'_>,
    settings: &Settings,
    progress: &Progress,
    fresh: Option<&BTreeSet<&str>>,
) -> Facts {
    if !reads(looking, settings) {
        return facts;
    }
    let mut questions = questions(&facts, spec, looking);
    let mut facts = match fresh {
        Some(fresh) => facts::recall::recall_but(facts, &mut questions, settings.max_bytes_per_array, fresh),
        None => facts,
    };
    // Nobody asks for it where the data of all files is here already.
    let by_path =
        LazyLock::new(|| -> HashMap<&str, &Target> { targets.iter().map(|target| (&*target.path, target)).collect() });
    source::budget::within(facts.sources_mut(), &mut questions, &settings.limits);
    let reach = source::Reach { array_bytes: settings.max_bytes_per_array, limits: settings.limits };
    let target = |source: &SourceFacts| by_path.get(&*source.path).copied();
    let read = |sources: &mut [SourceFacts], questions: &[Vec<Question>]| {
        source::read_all(sources, questions, target, reach, progress);
    };
    match looking.enough {
        Some(enough) => early::read_until(enough, &mut facts, questions, progress, read),
        None => read(facts.sources_mut(), &questions),
    }
    facts
}

/// What is asked of each source.
fn questions(facts: &Facts, spec: &Spec, looking: Looking<'_>) -> Vec<Vec<Question>> {
    if let Some(questions) = facts::asks::of_loose(facts.sources(), spec, looking.wants) {
        return questions;
    }
    let streams = facts::assemble(facts, spec);
    facts::asks::questions(facts.sources(), &streams, spec, looking.wants, looking.all)
}

/// The facts that were saved in these files, together. `-` is stdin.
pub(super) fn saved(files: &[PathBuf]) -> Result<Facts, Error> {
    let read = |path: &PathBuf| {
        let (name, more) = if path == Path::new("-") {
            ("stdin".to_owned(), facts::saved::read(&mut std::io::stdin().lock()))
        } else {
            let name = source::text::shown(&path.display().to_string(), 400);
            let file = File::open(path).map_err(|error| Error::plain(format!("cannot read {name}: {error}")))?;
            (name, facts::saved::read(&mut BufReader::new(file)))
        };
        more.map_err(|error| Error::plain(format!("{name}: {error}")))
    };
    Ok(Facts::merge_all(files.iter().map(read).collect::<Result<Vec<_>, Error>>()?))
}

/// Saved facts as if they had been read from the data just now.
pub(super) fn recall(facts: Facts, spec: &Spec, looking: Looking<'_>, settings: &Settings) -> Gathered {
    let (targets, unmatched) = (Vec::new(), Vec::new());
    let gathered = |facts| Gathered { facts, targets, unmatched, others: false, against: BTreeSet::new() };
    if !reads(looking, settings) {
        return gathered(facts::recall::headers(facts));
    }
    let questions = questions(&facts, spec, looking);
    gathered(facts::recall::recall(facts, &questions, settings.max_bytes_per_array))
}
