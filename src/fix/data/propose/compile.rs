//! What is wanted of a file, as the files that take its place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Op;
use crate::diagnostic::repair::{Step, apply_all};
use crate::fix::data::plan::{Content, FilePlan, Member, Output, Part};
use crate::source::fault::{Duplicate, Trailing};
use crate::source::{FaultKind, Header, SourceFacts, SourceKind};

/// What is done to one array, all repairs together.
#[derive(Default, Clone)]
struct Work {
    steps: Vec<Step>,
    is_changed: bool,
    name: Option<String>,
    is_left_out: bool,
}

/// The plan of a file; otherwise why nothing is done to it.
pub(super) fn compile(index: usize, source: &SourceFacts, ops: &[Op]) -> Result<FilePlan, String> {
    if let Some(why) = super::damage(source) {
        return Err(why);
    }
    if ops.iter().any(|op| matches!(op, Op::LeaveFile { .. })) {
        return Ok(FilePlan { source: index, outputs: Vec::new() });
    }
    let mut works = vec![Work::default(); source.arrays.len()];
    let (mut leave, mut split, mut separate, mut cut, mut extension) = (Vec::new(), None, false, false, None);
    for op in ops {
        match op {
            Op::Steps { array, steps, .. } => {
                let work = &mut works[*array];
                work.is_changed = true;
                for step in steps.iter().filter(|step| !work.steps.contains(step)).cloned().collect::<Vec<_>>() {
                    work.steps.push(step);
                }
            }
            Op::Rename { array, name, .. } => works[*array].name = Some(name.clone()),
            Op::LeaveArray { array, .. } => works[*array].is_left_out = true,
            Op::LeaveMember { member, .. } => leave.push(Arc::clone(member)),
            Op::Split { rows, .. } => split = Some(*rows),
            Op::Separate { .. } => separate = true,
            Op::Cut { array, .. } => {
                cut = true;
                if let Some(array) = array {
                    works[*array].is_changed = true;
                }
            }
            Op::Extension { extension: to, .. } => extension = Some(*to),
            Op::LeaveFile { .. } => {}
        }
    }
    for (work, array) in works.iter_mut().zip(&source.arrays) {
        // Axes first, then what the numbers mean, their scale, their type.
        work.steps.sort_by_key(order);
        apply_all(&work.steps, &array.header).ok_or("the repairs of an array do not fit each other")?;
    }
    let changed = works.iter().any(|work| work.is_changed || work.is_left_out) || !leave.is_empty() || cut;
    if changed || split.is_some() {
        keeps_everything(source, &works, cut, separate)?;
    }
    let mut path = PathBuf::from(&*source.path);
    if let Some(extension) = extension {
        path.set_extension(extension);
    }
    let outputs = match source.kind {
        SourceKind::Npy => loose(source, &works, &path, split, separate, changed)?,
        SourceKind::Npz => archive(source, &works, &path, split, leave, changed)?,
        _ => return Err("it is no array file".into()),
    };
    Ok(FilePlan { source: index, outputs })
}

/// Refuses what would lose bytes that nobody has agreed to lose.
fn keeps_everything(source: &SourceFacts, works: &[Work], cut: bool, separate: bool) -> Result<(), String> {
    for fault in &source.faults {
        match &fault.kind {
            FaultKind::Trailing(Trailing::Arrays { .. }) if !separate && fault.member.is_none() => {
                return Err("it holds several arrays; a file for each is the repair of `trailing-bytes`".into());
            }
            FaultKind::Trailing(Trailing::Arrays { .. }) if fault.member.is_some() => {
                return Err("a member of it holds several arrays".into());
            }
            FaultKind::Trailing(Trailing::TooManyArrays { .. }) => {
                return Err("it holds more arrays than are read".into());
            }
            FaultKind::Trailing(Trailing::Bytes { .. } | Trailing::OutsideArchive { .. }) if !cut => {
                return Err(
                    "it holds bytes behind its arrays that a new file would lose; the repair of `trailing-bytes` cuts \
                     them off"
                        .into(),
                );
            }
            FaultKind::Duplicate(Duplicate::Name { .. }) => {
                let same = |index: &usize| source.arrays[*index].member == fault.member;
                let left = (0..works.len()).filter(same).filter(|index| !works[*index].is_left_out).count();
                if left > 1 {
                    return Err("several members have one name; the repair of `duplicate-member` keeps one".into());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn loose(
    source: &SourceFacts,
    works: &[Work],
    path: &Path,
    split: Option<u64>,
    separate: bool,
    changed: bool,
) -> Result<Vec<Output>, String> {
    let part = |array: usize| {
        let work = &works[array];
        Part { array, steps: work.is_changed.then(|| work.steps.clone()), rows: None }
    };
    if separate {
        let files = source.arrays.len();
        let output = |array: usize| Output { path: numbered(path, array, files), content: Content::Npy(part(array)) };
        return Ok((0..files).map(output).collect());
    }
    let path = match works.first().and_then(|work| work.name.as_deref()) {
        Some(name) => renamed(source, path, name)?,
        None => path.to_owned(),
    };
    if let Some(rows) = split {
        let pieces = pieces(source, works, rows)?;
        let files = pieces.len();
        let output = |(number, rows)| Output {
            path: numbered(&path, number, files),
            content: Content::Npy(Part { rows: Some(rows), ..part(0) }),
        };
        return Ok(pieces.into_iter().enumerate().map(output).collect());
    }
    let content = if changed { Content::Npy(part(0)) } else { Content::Same };
    Ok(vec![Output { path, content }])
}

fn archive(
    source: &SourceFacts,
    works: &[Work],
    path: &Path,
    split: Option<u64>,
    leave: Vec<Arc<str>>,
    changed: bool,
) -> Result<Vec<Output>, String> {
    let renamed = works.iter().any(|work| work.name.is_some());
    let members = |rows: Option<&std::ops::Range<u64>>| -> Vec<Member> {
        let kept = works.iter().enumerate().filter(|(_, work)| !work.is_left_out);
        let member = kept.map(|(array, work)| {
            let stored = source.arrays[array].member.clone().unwrap_or_else(|| "arr_0.npy".into());
            let name = work.name.as_ref().map_or(stored, |name| format!("{name}.npy").into());
            let steps = work.is_changed.then(|| work.steps.clone());
            Member { name, part: Part { array, steps, rows: rows.cloned() } }
        });
        member.collect()
    };
    if let Some(rows) = split {
        if source.faults.iter().any(|fault| matches!(fault.kind, FaultKind::Stray(_))) && leave.is_empty() {
            return Err("it holds members that are no arrays, and nothing says into which file they belong".into());
        }
        let pieces = pieces(source, works, rows)?;
        let files = pieces.len();
        let output = |(number, rows): (usize, std::ops::Range<u64>)| Output {
            path: numbered(path, number, files),
            content: Content::Npz { members: members(Some(&rows)), leave: leave.clone() },
        };
        return Ok(pieces.into_iter().enumerate().map(output).collect());
    }
    let content = if changed || renamed { Content::Npz { members: members(None), leave } } else { Content::Same };
    Ok(vec![Output { path: path.to_owned(), content }])
}

/// The rows of each file: as many as are wanted, and what is left in the last.
fn pieces(source: &SourceFacts, works: &[Work], rows: u64) -> Result<Vec<std::ops::Range<u64>>, String> {
    const MOST: u64 = 1_000_000;
    let mut all = None;
    for (work, array) in works.iter().zip(&source.arrays).filter(|(work, _)| !work.is_left_out) {
        let header = apply_all(&work.steps, &array.header).ok_or("the repairs of an array do not fit each other")?;
        let here = header.shape.first().copied().ok_or("an array of it has no axis to cut along")?;
        if *all.get_or_insert(here) != here {
            return Err("its arrays differ in their first axis, so that nothing says how to cut them".into());
        }
    }
    let all = all.filter(|all| *all > rows && rows > 0).ok_or("it has no more rows than one batch")?;
    if all.div_ceil(rows) > MOST {
        return Err(format!("it would become more than {MOST} files"));
    }
    Ok((0..all.div_ceil(rows)).map(|number| number * rows..all.min((number + 1) * rows)).collect())
}

/// The path with a number behind its stem, wide enough for all of them.
fn numbered(path: &Path, number: usize, files: usize) -> PathBuf {
    let width = files.saturating_sub(1).to_string().len().max(3);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}_{number:0width$}.{extension}"))
}

/// The path of a loose file with the name of its array in the place of the one that it has.
fn renamed(source: &SourceFacts, path: &Path, name: &str) -> Result<PathBuf, String> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let own = crate::facts::naming::loose(&file, &[]).array;
    if own.is_empty() || !file.contains(own) || source.arrays.len() != 1 {
        return Err("nothing says which part of the file's name is that of its array".into());
    }
    Ok(path.with_file_name(file.replacen(own, name, 1)))
}

/// In which order steps of several repairs follow each other.
fn order(step: &Step) -> u8 {
    match step {
        Step::Transpose(_) | Step::AddAxis(_) | Step::DropAxis(_) | Step::MergeAxes => 0,
        Step::Ids(_) | Step::OneHot { .. } => 1,
        Step::Subtract { .. } => 2,
        Step::Scale { .. } => 3,
        Step::Cast(_) => 4,
    }
}

/// What the steps are called, as somebody would say it.
pub(super) fn words(steps: &[Step], header: &Header) -> String {
    if steps.is_empty() {
        return match (header.fortran, crate::spec::framework::is_foreign(&header.dtype)) {
            (true, false) => "write it in C order".into(),
            (false, true) => "write it little-endian".into(),
            _ => "write it little-endian and in C order".into(),
        };
    }
    let words: Vec<String> = steps.iter().map(word).collect();
    words.join(", ")
}

fn word(step: &Step) -> String {
    match step {
        Step::Cast(to) => format!("cast to {}", to.name()),
        Step::Transpose(order) => {
            let axes: Vec<String> = order.iter().map(usize::to_string).collect();
            format!("transpose ({})", axes.join(", "))
        }
        Step::AddAxis(at) => format!("add an axis of size 1 at {at}"),
        Step::DropAxis(at) => format!("drop axis {at}, of size 1"),
        Step::MergeAxes => "join the first two axes".into(),
        Step::Scale { divisor, less: 0.0 } => format!("divide by {divisor:?}, as float32"),
        Step::Scale { divisor, less } => format!("divide by {divisor:?} and take {less:?} away, as float32"),
        Step::Subtract { by, except } if except.is_empty() => format!("take {by} away from each"),
        Step::Subtract { by, except } => {
            let except: Vec<String> = except.iter().map(i64::to_string).collect();
            format!("take {by} away from each but {}", except.join(", "))
        }
        Step::Ids(to) => format!("the place of the one in each row, as {}", to.name()),
        Step::OneHot { classes, to } => format!("one-hot rows of {classes}, as {}", to.name()),
    }
}
