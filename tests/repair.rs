//! Repairs of data as they are carried out: what stands there afterwards, what is refused, and that nothing is left behind.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::Ordering;

use batchlint::fix::data::plan::{Content, FilePlan, Output, Part};
use batchlint::fix::data::step::Step;
use batchlint::fix::data::{Destination, carry_out};
use batchlint::fix::replace::{Refused, sweep};
use batchlint::source::Progress;
use support::repair::{Looked, cast, doubles, dtype, member, names, npy, npz, one, part, singles, tree};

#[test]
fn a_npy_is_replaced_by_what_numpy_would_save() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let data = doubles(6);
    let looked = Looked::new(&path, &npy("<f8", false, "(3, 2)", &data));
    let mut judged = Vec::new();
    let done = looked
        .checked(&one(&path, Content::Npy(part(0, cast("float32")))), &Destination::InPlace, &mut |path, compared| {
            judged.push((path.to_owned(), compared.to_vec()));
            Ok(())
        })
        .unwrap();
    assert_eq!(fs::read(&path).unwrap(), npy("<f4", false, "(3, 2)", &singles(&data)));
    assert_eq!(names(folder.path()), ["x.npy"]);
    assert_eq!((done.removed, done.outputs[0].fresh, done.outputs[0].bytes), (false, true, 152));
    let (temporary, compared) = &judged[0];
    assert!(temporary.file_name().unwrap().to_string_lossy().starts_with(".x.npy.batchlint-"), "{temporary:?}");
    assert_eq!((compared[0].values, compared[0].exact, compared[0].rounded), (6, 1, 5));
    assert_eq!(done.outputs[0].arrays, *compared);
}

/// A member of an archive: its name, its method, its time, its mode, its data.
type Described = (String, u16, String, Option<u32>, Vec<u8>);

/// Everything that an archive says of its members.
fn described(bytes: &[u8]) -> Vec<Described> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|at| {
            let mut member = zip.by_index(at).unwrap();
            let mut data = Vec::new();
            member.read_to_end(&mut data).unwrap();
            #[allow(deprecated, reason = "the number of a method")]
            let method = member.compression().to_u16();
            let time = member.last_modified().unwrap().to_string();
            (member.name().unwrap().into_owned(), method, time, member.unix_mode().map(|mode| mode & 0o777), data)
        })
        .collect()
}

#[test]
fn an_archive_keeps_order_methods_times_and_what_is_no_array() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let data = doubles(600);
    let wide = npy("<f8", false, "(600,)", &data);
    let other = npy(">i2", true, "(1, 2)", &[0, 1, 0, 2]);
    let old = npz(&[
        ("a.npy", true, &wide),
        ("README.txt", true, b"read me"),
        ("b.npy", false, &wide),
        ("c.npy", false, &other),
    ]);
    let looked = Looked::new(&path, &old);
    let members = vec![
        member("a.npy", part(0, cast("float32"))),
        member("b.npy", part(1, cast("float32"))),
        member("c.npy", part(2, None)),
    ];
    looked.in_place(&one(&path, Content::Npz { members, leave: vec![] })).unwrap();
    let narrow = npy("<f4", false, "(600,)", &singles(&data));
    let time = "2021-03-04 05:06:08";
    let wanted =
        [("a.npy", 8, &narrow), ("README.txt", 8, &b"read me".to_vec()), ("b.npy", 0, &narrow), ("c.npy", 0, &other)];
    let wanted =
        wanted.map(|(name, method, data)| (name.to_owned(), method, time.to_owned(), Some(0o640), data.clone()));
    let new = fs::read(&path).unwrap();
    assert_eq!(described(&new), wanted);
    assert!(new.ends_with(b"of great value"));
    assert!(Looked::at(&path).facts.faults.iter().all(|fault| fault.member.as_deref() == Some("README.txt")));

    // One is left out, one gets another name, and what is no array goes where that is wanted.
    let members = vec![member("b.npy", part(1, None)), member("größe.npy", part(2, None))];
    let leave = vec!["README.txt".into()];
    let looked = Looked::at(&path);
    looked.in_place(&one(&path, Content::Npz { members, leave })).unwrap();
    let found: Vec<(String, Vec<u8>)> =
        described(&fs::read(&path).unwrap()).into_iter().map(|all| (all.0, all.4)).collect();
    assert_eq!(found, [("b.npy".to_owned(), narrow), ("größe.npy".to_owned(), other)]);
}

#[test]
fn both_copies_of_a_duplicate_can_be_kept_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let (first, second) = (npy("<f8", false, "(2,)", &doubles(2)), npy("<f8", false, "(1,)", &doubles(1)));
    let mut bytes = npz(&[("a.npy", false, &first), ("b.npy", false, &second)]);
    for at in 0..bytes.len() - 5 {
        if &bytes[at..at + 5] == b"b.npy" {
            bytes[at] = b'a';
        }
    }
    let looked = Looked::new(&path, &bytes);
    assert_eq!(looked.facts.arrays.len(), 2);
    let members = vec![member("a.npy", part(0, None)), member("a.npy", part(1, None))];
    looked.in_place(&one(&path, Content::Npz { members, leave: vec![] })).unwrap();
    let looked = Looked::at(&path);
    assert_eq!(looked.facts.arrays.len(), 2);
    let members = vec![member("a.npy", part(0, None)), member("a_2.npy", part(1, None))];
    looked.in_place(&one(&path, Content::Npz { members, leave: vec![] })).unwrap();
    let found: Vec<(String, Vec<u8>)> =
        described(&fs::read(&path).unwrap()).into_iter().map(|all| (all.0, all.4)).collect();
    assert_eq!(found, [("a.npy".to_owned(), first), ("a_2.npy".to_owned(), second)]);
    let members = vec![member("x.npy", part(0, None)), member("x.npy", part(1, None))];
    let looked = Looked::at(&path);
    assert_eq!(looked.refused(&one(&path, Content::Npz { members, leave: vec![] })), "two members would have one name");
}

/// The file, cut into parts of two rows.
fn split(path: &Path, arrays: usize, rows: u64) -> FilePlan {
    let outputs = (0..rows.div_ceil(2)).map(|at| {
        let rows = at * 2..(at * 2 + 2).min(rows);
        let members = (0..arrays)
            .map(|array| {
                let part = Part { array, steps: cast("float32"), rows: Some(rows.clone()) };
                member(&format!("{array}.npy"), part)
            })
            .collect();
        let path = path.with_file_name(format!("part_{at}.npz"));
        Output { path, content: Content::Npz { members, leave: vec![] } }
    });
    FilePlan { source: 0, outputs: outputs.collect() }
}

fn five_rows() -> Vec<u8> {
    let data = doubles(15);
    let (flat, turned) = (npy("<f8", false, "(5, 3)", &data), npy("<f8", true, "(5, 3)", &data));
    npz(&[("a.npy", true, &flat), ("b.npy", true, &turned), ("c.npy", false, &flat)])
}

#[test]
fn a_file_is_cut_and_goes_when_all_parts_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let looked = Looked::new(&path, &five_rows());
    let done = looked.in_place(&split(&path, 3, 5)).unwrap();
    assert!(done.removed && done.outputs.iter().all(|output| output.fresh));
    assert_eq!(names(folder.path()), ["part_0.npz", "part_1.npz", "part_2.npz"]);
    let data = singles(&doubles(15));
    let row = |at: usize| &data[at * 12..(at + 1) * 12];
    let value = |at: usize| &data[at * 4..(at + 1) * 4];
    let turned_row = |at: usize| [value(at), value(at + 5), value(at + 10)].concat();
    let parts: Vec<_> =
        (0..3).map(|at| described(&fs::read(folder.path().join(format!("part_{at}.npz"))).unwrap())).collect();
    assert_eq!(parts[1][0].4, npy("<f4", false, "(2, 3)", &[row(2), row(3)].concat()));
    assert_eq!(parts[1][1].4, npy("<f4", false, "(2, 3)", &[turned_row(2), turned_row(3)].concat()));
    assert_eq!(parts[2][2].4, npy("<f4", false, "(1, 3)", row(4)));
    assert_eq!(parts[2][1].1, 8);
}

#[test]
fn a_run_that_ended_in_the_middle_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let looked = Looked::new(&path, &five_rows());
    looked.in_place(&split(&path, 3, 5)).unwrap();
    let whole = tree(folder.path());
    fs::remove_file(folder.path().join("part_1.npz")).unwrap();
    let looked = Looked::new(&path, &five_rows());
    let done = looked.in_place(&split(&path, 3, 5)).unwrap();
    assert_eq!(done.outputs.iter().map(|output| output.fresh).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(tree(folder.path()), whole);
    // What stands there and is something else stays, and so does the old file.
    let looked = Looked::new(&path, &five_rows());
    fs::remove_file(folder.path().join("part_0.npz")).unwrap();
    fs::write(folder.path().join("part_1.npz"), "mine").unwrap();
    let why = looked.refused(&split(&path, 3, 5));
    assert!(why.contains("part_1.npz` is already there, and holds something else"), "{why}");
}

#[test]
fn a_file_gets_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let (path, new) = (folder.path().join("x.npz"), folder.path().join("x.npy"));
    let bytes = npy("<f8", false, "(2,)", &doubles(2));
    let plan = one(&new, Content::Same);
    assert!(Looked::new(&path, &bytes).in_place(&plan).unwrap().removed);
    assert_eq!(tree(folder.path()), [("x.npy".to_owned(), bytes.clone())]);
    // Once more, where the new name is there already: the same bytes, then others.
    let done = Looked::new(&path, &bytes).in_place(&plan).unwrap();
    assert!(done.removed && !done.outputs[0].fresh);
    fs::write(&new, "mine").unwrap();
    let why = Looked::new(&path, &bytes).refused(&plan);
    assert!(why.ends_with("is already there, and holds something else"), "{why}");
}

#[test]
fn several_arrays_in_one_file_become_members_of_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let (path, new) = (folder.path().join("x.npy"), folder.path().join("x.npz"));
    let (first, second) = (npy("<f8", true, "(2, 2)", &doubles(4)), npy("|u1", false, "()", &[7]));
    let looked = Looked::new(&path, &[first.clone(), second.clone()].concat());
    let members = vec![member("a.npy", part(0, None)), member("b.npy", part(1, None))];
    looked.in_place(&one(&new, Content::Npz { members, leave: vec![] })).unwrap();
    let found: Vec<(String, u16, Vec<u8>)> =
        described(&fs::read(&new).unwrap()).into_iter().map(|all| (all.0, all.1, all.4)).collect();
    assert_eq!(found, [("a.npy".to_owned(), 0, first), ("b.npy".to_owned(), 0, second)]);
    assert_eq!(names(folder.path()), ["x.npz"]);
}

#[test]
fn what_was_changed_since_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let bytes = npy("<f8", false, "(2,)", &doubles(2));
    let plan = one(&path, Content::Npy(part(0, cast("float32"))));
    let looked = Looked::new(&path, &bytes);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(looked.refused(&plan), "it was changed since it was read");
    // While the new file is judged.
    let looked = Looked::new(&path, &bytes);
    let changed = looked.checked(&plan, &Destination::InPlace, &mut |_, _| {
        fs::write(&path, b"somebody else's").unwrap();
        Ok(())
    });
    assert!(changed.unwrap_err().why.ends_with("it was changed since it was read"));
    assert_eq!(tree(folder.path()), [("x.npy".to_owned(), b"somebody else's".to_vec())]);
    fs::remove_file(&path).unwrap();
    assert!(looked.in_place(&plan).unwrap_err().why.contains("is not repaired: it cannot be found ("));
}

#[test]
fn what_the_judge_refuses_is_not_put_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let looked = Looked::new(&path, &npy("<f8", false, "(2,)", &doubles(2)));
    let before = tree(folder.path());
    let plan = one(&path, Content::Npy(part(0, cast("float32"))));
    let refused = looked.checked(&plan, &Destination::InPlace, &mut |_, _| Err(Refused { why: "no".into() }));
    assert_eq!(refused.unwrap_err().why, "no");
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn two_at_once_do_not_harm_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let looked = Looked::new(&path, &npy("<f8", false, "(2,)", &doubles(2)));
    let plan = one(&path, Content::Npy(part(0, cast("float32"))));
    let mut second = None;
    let first = looked.checked(&plan, &Destination::InPlace, &mut |_, _| {
        second = Some(looked.in_place(&plan).unwrap_err().why);
        // A third one that tidies up leaves what is being written.
        assert_eq!(sweep(folder.path()), 0);
        Ok(())
    });
    assert!(first.is_ok());
    assert!(second.unwrap().ends_with("is not repaired: another run of batchlint is at work on it"));
    assert_eq!(fs::read(&path).unwrap(), npy("<f4", false, "(2,)", &singles(&doubles(2))));
}

#[test]
fn what_a_killed_run_left_is_removed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let stale = [".x.npy.batchlint-999999999-0.tmp", ".batchlint-999999998-2.tmp"];
    // That of a process that lives is one of these.
    let living = format!(".x.npy.batchlint-{}-0.tmp", std::process::id());
    let others = [
        living.as_str(),
        ".x.npy.batchlint-999999999-0.tmp.npy",
        "x.batchlint-999999998-2.tmp",
        ".batchlint-a-2.tmp",
        ".x.tmp",
    ];
    for name in stale.iter().chain(&others) {
        fs::write(folder.path().join(name), name).unwrap();
    }
    assert_eq!(sweep(folder.path()), 2);
    let mut left = others.map(String::from);
    left.sort();
    assert_eq!(names(folder.path()), left);
    assert_eq!(sweep(&folder.path().join("nowhere")), 0);
}

#[test]
fn a_run_that_is_stopped_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let looked = Looked::new(&path, &five_rows());
    let before = tree(folder.path());
    for stop in 0..3 {
        let progress = Progress::default();
        let mut files = 0;
        let done = carry_out(
            &split(&path, 3, 5),
            &looked.facts,
            &path,
            &looked.stamp,
            &Destination::InPlace,
            &progress,
            &mut |_, _, _| {
                progress.stop.store(files == stop, Ordering::Relaxed);
                files += 1;
                Ok(())
            },
        );
        assert!(done.unwrap_err().why.ends_with("is not repaired: the run was interrupted"), "{stop}");
        assert_eq!((tree(folder.path()), files), (before.clone(), stop + 1));
    }
}

#[test]
fn a_file_is_cut_into_more_parts_than_stay_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let data = doubles(200);
    let looked = Looked::new(&path, &npz(&[("0.npy", true, &npy("<f8", false, "(200, 1)", &data))]));
    let done = looked.in_place(&split(&path, 1, 200)).unwrap();
    assert_eq!((done.outputs.len(), names(folder.path()).len()), (100, 100));
    let last = described(&fs::read(folder.path().join("part_99.npz")).unwrap());
    assert_eq!(last[0].4, npy("<f4", false, "(2, 1)", &singles(&data[198 * 8..])));
}

#[test]
fn a_plan_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let looked = Looked::new(&path, &npy("<f8", false, "(3, 2)", &doubles(6)));
    let plan = |array, steps: Vec<Step>, rows| one(&path, Content::Npy(Part { array, steps: Some(steps), rows }));
    for (plan, why) in [
        (plan(1, vec![], None), "the plan names an array that it does not hold"),
        (plan(0, vec![Step::Transpose(vec![0])], None), "the plan does not fit the array"),
        (plan(0, vec![], Some(2..4)), "the plan does not fit the array"),
        (plan(0, vec![Step::Cast(dtype("float8_e4m3"))], None), "its type cannot be written"),
        (plan(0, vec![Step::Cast(dtype("complex64"))], None), "float64 is not cast to complex64"),
        (plan(0, vec![Step::Ids(dtype("int64"))], None), "one of its rows is not one 1 among zeros"),
        (
            one(&folder.path().join("a/x.npy"), Content::Same),
            "a file that is to take its place does not stand beside it",
        ),
    ] {
        assert_eq!(looked.refused(&plan), why);
    }
}

#[test]
fn damaged_data_is_not_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let array = npy("<f8", false, "(600,)", &doubles(600));
    for deflated in [false, true] {
        let bytes = npz(&[("a.npy", deflated, &array), ("b.npy", false, b"no array")]);
        let at = usize::try_from(Looked::new(&path, &bytes).facts.arrays[0].location.start).unwrap() + 900;
        let mut spoiled = bytes.clone();
        spoiled[at] ^= 4;
        let looked = Looked::new(&path, &spoiled);
        for steps in [cast("float32"), None] {
            let members = vec![member("a.npy", part(0, steps))];
            let why = looked.refused(&one(&path, Content::Npz { members, leave: vec![] }));
            assert!(["its checksum is wrong", "its deflated data is damaged"].contains(&why.as_str()), "{why}");
        }
    }
    let path = folder.path().join("x.npy");
    let looked = Looked::new(&path, &array[..array.len() - 1]);
    let plan = one(&path, Content::Npy(part(0, cast("float32"))));
    assert_eq!(looked.refused(&plan), "its data is not all there");
}
