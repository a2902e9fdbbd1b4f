//! What random data does not show: files that are cut, renamed, left out, copied, and what is kept back.

use std::fs;

use batchlint::fix::data::propose::Trust;
use batchlint::run::repair::{Destination, Repaired, repair};
use batchlint::source::Progress;

use super::support::dump::{Plain, read_npz, write_npz};
use super::{Dump, is_loud, shown};

/// Arrays with known values, of a dump that is written by hand.
fn floats(name: &str, shape: &[u64]) -> Plain {
    let count: u64 = shape.iter().product();
    #[allow(clippy::cast_precision_loss, reason = "small")]
    let data = (0..count).flat_map(|i| (i as f32 / 64.0).to_le_bytes()).collect();
    Plain { name: name.into(), descr: "<f4".into(), shape: shape.to_vec(), data, fortran: false }
}

const SET: &str = "framework = \"torch\"\n[batch]\nsize = 8\ndataset = 20\n\
    [inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 3]\n[targets.y]\ndtype = \"float32\"\nshape = [\"batch\", 1]\n";

fn names(dump: &Dump) -> Vec<String> {
    dump.files().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_whole_dataset_becomes_its_batches() {
    let (x, y) = (floats("x", &[20, 3]), floats("y", &[20, 1]));
    let rows = |plain: &Plain, from: usize, to: usize| {
        let bytes = 4 * plain.len() / 20;
        plain.data[from * bytes..to * bytes].to_vec()
    };
    for deflated in [false, true] {
        let dump = Dump::new(SET, deflated);
        dump.write("all.npz", &[("x.npy".into(), x.npy()), ("y.npy".into(), y.npy())]);
        let repaired = dump.fix(&[], false, &Destination::InPlace);
        assert!(repaired.ends.iter().all(|end| end.outcome.is_ok()), "{:?}", repaired.ends);
        assert_eq!(names(&dump), ["all_000.npz", "all_001.npz", "all_002.npz"]);
        for (number, (_, bytes)) in dump.files().iter().enumerate() {
            let (from, to) = (number * 8, (number * 8 + 8).min(20));
            let there = read_npz(bytes);
            assert_eq!(there[0].shape, [(to - from) as u64, 3]);
            assert_eq!(there[0].data, rows(&x, from, to));
            assert_eq!(there[1].data, rows(&y, from, to));
        }
        assert!(!is_loud(&dump.check()), "{}", shown(&dump.check()));
    }
    // Loose files are cut alike.
    let dump = Dump::new(SET, false);
    fs::write(dump.path().join("x.npy"), x.npy()).unwrap();
    fs::write(dump.path().join("y.npy"), y.npy()).unwrap();
    dump.fix(&[], false, &Destination::InPlace);
    assert_eq!(names(&dump), ["x_000.npy", "x_001.npy", "x_002.npy", "y_000.npy", "y_001.npy", "y_002.npy"]);
    assert!(!is_loud(&dump.check()), "{}", shown(&dump.check()));
    assert_eq!(Plain::read("x", &dump.files()[2].1).data, rows(&x, 16, 20));
}

#[test]
fn a_last_batch_that_is_forbidden_goes_only_with_a_word() {
    let dump = Dump::new(&SET.replace("dataset = 20", "last = \"full\""), false);
    for (number, rows) in [8, 8, 4].into_iter().enumerate() {
        let members = [floats("x", &[rows, 3]), floats("y", &[rows, 1])];
        let members: Vec<(String, Vec<u8>)> =
            members.iter().map(|plain| (format!("{}.npy", plain.name), plain.npy())).collect();
        dump.write(&format!("batch_{number}.npz"), &members);
    }
    let held = dump.fix(&[], false, &Destination::InPlace);
    assert!(held.proposal.plans.is_empty() && held.proposal.repairs[0].held.is_some());
    assert_eq!(names(&dump).len(), 3);
    dump.fix(&[], true, &Destination::InPlace);
    assert_eq!(names(&dump), ["batch_0.npz", "batch_1.npz"]);
}

#[test]
fn files_get_the_names_that_they_should_have() {
    let dump = Dump::new(SET, false);
    let members = [("x.npy".to_owned(), floats("x", &[8, 3]).npy()), ("y.npy".to_owned(), floats("y", &[8, 1]).npy())];
    dump.write("batch_0.npy", &members);
    let before = dump.files()[0].1.clone();
    dump.fix(&[], false, &Destination::InPlace);
    assert_eq!(dump.files(), [("batch_0.npz".to_owned(), before)]);
    // The name of an array in that of a loose file; a file that is there is never written over.
    let dump = Dump::new(&SET.replace("[inputs.x]", "[inputs.image]"), false);
    let image = floats("x", &[8, 3]).npy();
    fs::write(dump.path().join("imgae_3.npy"), &image).unwrap();
    fs::write(dump.path().join("y_3.npy"), floats("y", &[8, 1]).npy()).unwrap();
    let taken = dump.path().join("image_3.npy");
    let plan = dump.fix(&[], false, &Destination::Nowhere);
    assert_eq!(plan.proposal.plans[0].outputs[0].path.file_name().unwrap(), "image_3.npy");
    fs::create_dir(&taken).unwrap();
    let refused = dump.fix(&[], false, &Destination::InPlace);
    assert!(refused.ends.iter().all(|end| end.outcome.is_err()), "{:?}", refused.ends);
    fs::remove_dir(&taken).unwrap();
    dump.fix(&[], false, &Destination::InPlace);
    assert_eq!(dump.files()[0], ("image_3.npy".to_owned(), image));
}

#[test]
fn several_arrays_of_one_file_get_a_file_each() {
    let dump = Dump::new("[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 3]\n", false);
    let (a, b) = (floats("x", &[4, 3]), floats("x", &[5, 3]).retyped("<f8"));
    fs::write(dump.path().join("x.npy"), [a.npy(), b.npy()].concat()).unwrap();
    // Both faults of one file are mended together.
    dump.fix(&[], false, &Destination::InPlace);
    let files = dump.files();
    assert_eq!(names(&dump), ["x_000.npy", "x_001.npy"]);
    assert_eq!(files[0].1, a.npy());
    assert_eq!(Plain::read("x", &files[1].1).data, b.retyped("<f4").data);
}

#[test]
fn a_copy_below_another_folder_is_whole_and_the_old_files_stay() {
    let dump = Dump::new(SET, false);
    for number in 0..3 {
        let mut x = floats("x", &[if number == 2 { 4 } else { 8 }, 3]);
        x.data.rotate_left(4 * number);
        let x = if number == 1 { x.retyped("<f8") } else { x };
        let y = floats("y", &[x.shape[0], 1]);
        dump.write(&format!("batch_{number}.npz"), &[("x.npy".into(), x.npy()), ("y.npy".into(), y.npy())]);
    }
    let before = dump.files();
    let out = dump.folder.path().join("out");
    let repaired = dump.fix(&[], false, &Destination::Under(out.clone()));
    assert!(repaired.ends.iter().all(|end| end.outcome.is_ok()), "{:?}", repaired.ends);
    assert!(dump.files() == before);
    let read = |number: usize| fs::read(out.join(format!("batch_{number}.npz"))).unwrap();
    assert_eq!(read(0), before[0].1);
    assert_eq!(read_npz(&read(1))[0].descr, "<f4");
    assert_eq!(read_npz(&read(1))[0].values(), read_npz(&before[1].1)[0].values());
    let after = repaired.after.unwrap();
    assert!(!is_loud(&after), "{}", shown(&after));
}

#[test]
fn what_would_be_lost_is_told_and_kept_back() {
    let spec = "framework = \"torch\"\n[inputs.x]\ndtype = \"int64\"\nshape = [\"batch\"]\n";
    let dump = Dump::new(spec, false);
    let mut x = floats("x", &[8]).retyped("<f8");
    x.data[8..16].copy_from_slice(&2.75_f64.to_le_bytes());
    dump.write("batch_0.npz", &[("x.npy".into(), x.npy())]);
    let before = dump.files();
    let held = dump.fix(&[], false, &Destination::InPlace);
    assert!(held.proposal.plans.is_empty());
    assert!(matches!(&held.proposal.repairs[0].trust, Trust::Lossy(text) if text.contains("fractions are cut off")));
    assert!(dump.files() == before);
    let repaired = dump.fix(&[], true, &Destination::InPlace);
    assert!(repaired.ends[0].outcome.is_ok(), "{:?}", repaired.ends);
    assert_eq!(read_npz(&dump.files()[0].1)[0].values(), [0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn a_file_that_is_damaged_is_left_alone_as_a_whole() {
    let dump = Dump::new(SET, false);
    let x = floats("x", &[8, 3]).retyped("<f8");
    let mut y = floats("y", &[8, 1]).npy();
    y.truncate(y.len() - 4);
    dump.write("batch_0.npz", &[("x.npy".into(), x.npy()), ("y.npy".into(), y)]);
    dump.write("batch_1.npz", &[("x.npy".into(), x.npy()), ("y.npy".into(), floats("y", &[8, 1]).npy())]);
    let before = dump.files();
    let repaired = dump.fix(&[], false, &Destination::InPlace);
    let after = dump.files();
    assert_eq!(after[0], before[0]);
    assert_eq!(read_npz(&after[1].1)[0], floats("x", &[8, 3]));
    let touched = &repaired.proposal.repairs[0].touched;
    assert!(touched[0].held.as_ref().is_some_and(|why| why.starts_with("data of it are missing")), "{touched:?}");
    assert!(touched[1].held.is_none());
}

#[test]
fn one_sample_becomes_a_batch_of_one() {
    let spec = "framework = \"torch\"\n[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 4, 3]\n\
        [targets.y]\ndtype = \"float32\"\nshape = [\"batch\", 1]\n";
    let dump = Dump::new(spec, true);
    let write = |name: &str, x: &Plain, y: &Plain| {
        dump.write(name, &[("x.npy".into(), x.npy()), ("y.npy".into(), y.npy())]);
    };
    write("batch_0.npz", &floats("x", &[8, 4, 3]), &floats("y", &[8, 1]));
    // Without its batch axis, and big-endian as well: both are mended at once.
    let sample = floats("x", &[4, 3]);
    write("batch_1.npz", &sample.swapped(), &floats("y", &[1, 1]));
    let repaired = dump.fix(&[], false, &Destination::InPlace);
    assert!(repaired.ends.iter().all(|end| end.outcome.is_ok()), "{:?}", repaired.ends);
    let there = read_npz(&dump.files()[1].1);
    assert_eq!(there[0], Plain { shape: vec![1, 4, 3], ..sample });
    let rules: Vec<&str> = dump.check().diagnostics.iter().map(|found| found.rule).collect();
    assert!(!rules.contains(&"missing-batch-axis") && !rules.contains(&"foreign-byte-order"), "{rules:?}");
}

/// Why the findings of a rule are left: what each says, with the reason.
fn reasons(repaired: &Repaired, rule: &str) -> Vec<(String, String)> {
    let left = repaired.proposal.left.iter().map(|(index, why)| (&repaired.before.report.diagnostics[*index], why));
    let mine = left.filter(|(found, _)| found.rule == rule);
    mine.map(|(found, why)| (found.finding.message.clone(), why.clone())).collect()
}

#[test]
fn a_missing_file_is_told_apart_from_a_damaged_one_and_from_what_is_no_array() {
    let dump = Dump::new(SET, false);
    let whole = write_npz(&[("x.npy".into(), floats("x", &[8, 3]).npy())], false);
    fs::write(dump.path().join("cut.npz"), &whole[..whole.len() - 30]).unwrap();
    fs::write(dump.path().join("page.npy"), "<html>quota</html>").unwrap();
    fs::write(dump.path().join("short.npy"), &floats("x", &[8, 3]).npy()[..150]).unwrap();
    let mut settings = dump.settings(&[]);
    settings.paths.push(dump.path().join("gone.npz"));
    let repaired = repair(&settings, false, &Destination::InPlace, &Progress::default()).unwrap();
    let told = reasons(&repaired, "unreadable-source");
    for (message, why) in [
        ("file does not exist", "the file is missing"),
        ("archive is cut short", "the right bytes are not in the file"),
        ("HTML page, not a .npy file", "it holds no arrays"),
    ] {
        assert!(told.iter().any(|told| told.0 == message && told.1.starts_with(why)), "{message}: {told:?}");
    }
    assert_eq!(told.len(), 3, "{told:?}");
    let told = reasons(&repaired, "truncated-array");
    assert!(told.len() == 1 && told[0].1.starts_with("the data that is missing is not in the file"), "{told:?}");
}
