//! The data of small files is kept from the reading of headers to that of values: what is said of it is the same.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use batchlint::config::limits::Limits;
use batchlint::source::{Progress, Question, Reach, Reading, Room, SourceFacts, Target, read_all, scan_all, walk};
use batchlint::values::{Ask, Unread, Wants};
use support::dump::npy;

fn floats(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

/// Files of every kind that matters here, small ones and one that the first read does not hold.
fn files(folder: &Path) {
    let noise = || (0..96_u16).map(|i| f32::from(i) * 0.37 - 3.0);
    let two = [npy("<f4", false, "(4,)", &floats([1.0; 4])), npy("<f4", false, "(2,)", &floats([2.0, f32::NAN]))];
    let mut shifted = npy("<f4", false, "(24, 4)", &floats(noise()));
    let end = shifted.iter().position(|byte| *byte == b'\n').unwrap();
    shifted.insert(end, b'\r');
    let whole = |bytes: usize| {
        let data = vec![7; bytes - 128];
        npy("|u1", false, &format!("({},)", data.len()), &data)
    };
    for (name, bytes) in [
        ("floats", npy("<f4", false, "(24, 4)", &floats(noise()))),
        ("spoilt", npy("<f4", false, "(24, 4)", &floats(noise().map(|x| if x > 20.0 { f32::INFINITY } else { x })))),
        ("fortran", npy("<f4", true, "(24, 4)", &floats(noise()))),
        ("labels", npy("<i8", false, "(64,)", &(0..64_i64).flat_map(|i| (i % 5).to_le_bytes()).collect::<Vec<_>>())),
        ("flags", npy("|b1", false, "(4,)", &[0, 1, 2, 1])),
        ("scalar", npy("<f8", false, "()", &1.5_f64.to_le_bytes())),
        ("nothing", npy("<f4", false, "(0, 4)", &[])),
        ("texts", npy("<U1", false, "(2,)", &[b'1', 0, 0, 0, b'a', 0, 0, 0])),
        ("pickle", npy("|O", false, "(1,)", b"\x80\x04N.")),
        ("unnamed", npy("|V8", false, "(2,)", &[1; 16])),
        ("short", npy("<f4", false, "(24, 4)", &floats(noise().take(50)))),
        ("long", npy("<f4", false, "(24, 4)", &floats(noise().chain([0.0])))),
        ("two", two.concat()),
        ("shifted", shifted),
        ("just", whole(4095)),
        ("full", whole(4096)),
        ("large", whole(5000)),
        ("none", b"hello".to_vec()),
    ] {
        fs::write(folder.join(format!("{name}.npy")), bytes).unwrap();
    }
}

/// What is read of the files, whose values are asked for behind `happens`. `again` says whether they may be opened again.
fn read(folder: &Path, room: &Room, again: bool, reach: Reach, happens: impl FnOnce(&Progress)) -> Vec<SourceFacts> {
    let (sources, _) = read_with(folder, room, again, reach, happens);
    sources
}

/// The same, and how far the reading was at its end.
fn read_with(
    folder: &Path,
    room: &Room,
    again: bool,
    reach: Reach,
    happens: impl FnOnce(&Progress),
) -> (Vec<SourceFacts>, Progress) {
    let progress = Progress::default();
    let targets = walk(&[folder.to_owned()], &progress).targets;
    let mut sources = scan_all(&targets, Limits::default(), room, &progress).unwrap();
    happens(&progress);
    let asks: Arc<[Ask]> = Arc::new([Ask::Zero]);
    let question = |array| Question { array, wants: Wants::EVERYTHING, asks: Arc::clone(&asks) };
    let questions: Vec<Vec<Question>> =
        sources.iter().map(|source| (0..source.arrays.len()).map(question).collect()).collect();
    let target =
        |source: &SourceFacts| -> Option<&Target> { targets.iter().find(|target| again && target.path == source.path) };
    read_all(&mut sources, &questions, target, reach, &progress);
    (sources, progress)
}

fn named<'s>(sources: &'s [SourceFacts], name: &str) -> &'s SourceFacts {
    sources.iter().find(|source| source.path.ends_with(&format!("/{name}.npy"))).unwrap()
}

fn unread(source: &SourceFacts) -> Option<&Unread> {
    match source.arrays[0].reading.as_deref() {
        Some(Reading::Unread(why)) => Some(why),
        _ => None,
    }
}

#[test]
fn what_is_kept_says_what_the_file_says() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    for array_bytes in [None, Some(0), Some(100), Some(3967)] {
        let reach = Reach { array_bytes, ..Reach::default() };
        let read = |room: &Room| {
            let (sources, progress) = read_with(folder.path(), room, true, reach, |_| ());
            assert_eq!(progress.done.load(Ordering::Relaxed), progress.total.load(Ordering::Relaxed));
            sources
        };
        let (kept, opened) = (read(&Room::new()), read(&Room::default()));
        assert_eq!(kept, opened, "{array_bytes:?}");
        // To the last byte, with all that is saved of them.
        assert_eq!(serde_json::to_string(&kept).unwrap(), serde_json::to_string(&opened).unwrap());
        assert_eq!(named(&kept, "spoilt").arrays[0].values().is_some(), array_bytes.is_none_or(|bytes| bytes > 384));
    }
}

#[test]
fn small_files_are_opened_once() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    let of = |room: &Room| read(folder.path(), room, false, Reach::default(), |_| ());
    let (kept, opened) = (of(&Room::new()), of(&Room::default()));
    for name in [
        "floats", "spoilt", "fortran", "labels", "flags", "scalar", "nothing", "texts", "pickle", "long", "just",
        "full",
    ] {
        assert!(named(&kept, name).arrays[0].values().is_some(), "{name} was opened again");
        assert_eq!(unread(named(&opened, name)), Some(&Unread::Damaged), "{name} was kept");
    }
    assert_eq!(unread(named(&kept, "unnamed")).is_some(), named(&kept, "unnamed").arrays[0].values().is_none());
    // These have to be, and cannot.
    for name in ["short", "two", "large"] {
        assert_eq!(unread(named(&kept, name)), Some(&Unread::Damaged), "{name}");
    }
}

#[test]
fn what_is_kept_is_of_the_moment_of_its_header() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    let before = read(folder.path(), &Room::new(), true, Reach::default(), |_| ());
    let path = folder.path().join("floats.npy");
    for change in
        [&(|| fs::remove_file(&path).unwrap()) as &dyn Fn(), &|| fs::write(&path, "no array").unwrap(), &|| {
            fs::write(&path, npy("<f4", false, "(24, 4)", &floats([f32::NAN; 96]))).unwrap();
        }]
    {
        files(folder.path());
        assert_eq!(read(folder.path(), &Room::new(), true, Reach::default(), |_| change()), before);
    }
    // Of what is read again, the same is told.
    files(folder.path());
    let path = folder.path().join("large.npy");
    let changed = read(folder.path(), &Room::new(), true, Reach::default(), |_| fs::write(&path, "no array").unwrap());
    assert_eq!(unread(named(&changed, "large")), Some(&Unread::Damaged));
    assert_eq!(named(&changed, "large").faults.len(), 1);
}

#[test]
fn whoever_stops_the_reading_gets_no_values_of_what_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    let stopped = |room: &Room| {
        read(folder.path(), room, true, Reach::default(), |progress| progress.stop.store(true, Ordering::Relaxed))
    };
    let kept = stopped(&Room::new());
    assert_eq!(kept, stopped(&Room::default()));
    assert!(
        kept.iter()
            .filter(|source| !source.arrays.is_empty())
            .all(|source| unread(source) == Some(&Unread::Interrupted))
    );
}
