//! Repairs over random data: clean batches, one fault that can be repaired, `fix` in place; then a check finds nothing, and
//! the values are those of the clean batches.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use batchlint::config::{Level, Selection, Settings};
use batchlint::fix::data::propose::Trust;
use batchlint::run::repair::{Destination, Repaired, repair};
use batchlint::source::Progress;
use batchlint::{run, verdict::Report};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use support::dump::{Plain, read_npz, write_npz};
use support::recipe;
use support::sample::{Array, Kind, Sample, sample};

/// A dump that is written and looked at.
struct Dump {
    folder: tempfile::TempDir,
    deflated: bool,
}

impl Dump {
    fn new(spec: &str, deflated: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("batchlint.toml"), spec).unwrap();
        fs::create_dir(folder.path().join("dump")).unwrap();
        Self { folder, deflated }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("dump")
    }

    fn write(&self, name: &str, members: &[(String, Vec<u8>)]) {
        fs::write(self.path().join(name), write_npz(members, self.deflated)).unwrap();
    }

    fn settings(&self, select: &[&str]) -> Settings {
        Settings {
            paths: vec![self.path()],
            spec: Some(self.folder.path().join("batchlint.toml")),
            directory: Path::new("/").into(),
            selection: Selection {
                select: select.iter().map(|rule| (*rule).to_owned()).collect(),
                ..Selection::default()
            },
            ..Settings::default()
        }
    }

    fn check(&self) -> Report {
        run::check(&self.settings(&[]), &Progress::default()).unwrap().report
    }

    fn fix(&self, fault: &Fault, destination: &Destination) -> Repaired {
        let select: &[&str] = if fault.is_choice { &["all", fault.rule] } else { &[] };
        repair(&self.settings(select), fault.is_lossy, destination, &Progress::default()).unwrap()
    }

    /// All files below the folder, with their bytes.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    }
}

/// The batches of a sample, as arrays.
fn batches(sample: &Sample) -> Vec<Vec<Plain>> {
    (0..sample.batches)
        .map(|batch| {
            let lines: Vec<String> =
                sample.batch(batch).into_iter().map(|(name, recipe)| format!("{name}: {recipe}")).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            read_npz(&recipe::npz(&format!("{}/{batch}", sample.seed), &lines))
        })
        .collect()
}

/// What is wrong with a dump.
struct Fault {
    rule: &'static str,
    /// Which array it can be put into.
    fits: fn(&Sample, &Array) -> bool,
    /// Changes the arrays of all batches before they are written. Which array stands in the name.
    spoil: fn(&mut Vec<Vec<Plain>>, &str),
    /// What the clean batches are, where that is not what they were.
    clean: fn(&mut Vec<Vec<Plain>>, &str),
    /// Changes the members of one archive.
    pack: fn(&mut Vec<(String, Vec<u8>)>, &str),
    /// Changes the spec.
    spec: fn(String) -> String,
    /// Whether it needs `--allow-lossy`.
    is_lossy: bool,
    /// Whether its rule has to be named.
    is_choice: bool,
    /// How far a value may be from the clean one, relative to 1.
    tolerance: f64,
}

const FAULT: Fault = Fault {
    rule: "",
    fits: |_, array| array.role == "inputs" && array.dtype == "float32",
    spoil: |_, _| {},
    clean: |_, _| {},
    pack: |_, _| {},
    spec: |spec| spec,
    is_lossy: false,
    is_choice: false,
    tolerance: 0.0,
};

fn each(batches: &mut [Vec<Plain>], name: &str, change: impl Fn(&Plain) -> Plain) {
    for plain in batches.iter_mut().flatten().filter(|plain| plain.name == name) {
        *plain = change(plain);
    }
}

/// Whether a framework minds big-endian numbers.
fn minds_order(sample: &Sample) -> bool {
    ["torch", "jax", "onnxruntime"].contains(&sample.framework)
}

const FAULTS: &[Fault] = &[
    Fault {
        rule: "double-precision",
        spoil: |batches, name| each(batches, name, |plain| plain.retyped("<f8")),
        ..FAULT
    },
    Fault {
        rule: "wrong-dtype",
        fits: |_, array| matches!(array.kind, Kind::Ids(_)) && array.dtype == "int64",
        spoil: |batches, name| each(batches, name, |plain| plain.retyped("<i4")),
        ..FAULT
    },
    Fault {
        rule: "wrong-dtype",
        fits: |_, array| matches!(array.kind, Kind::Ids(_)) && array.dtype == "int32",
        spoil: |batches, name| each(batches, name, |plain| plain.retyped("<f4")),
        ..FAULT
    },
    Fault {
        rule: "foreign-byte-order",
        fits: |sample, array| minds_order(sample) && array.dtype == "float32",
        spoil: |batches, name| each(batches, name, Plain::swapped),
        ..FAULT
    },
    Fault {
        rule: "fortran-order",
        fits: |_, array| array.sizes.len() > 1 && array.sizes.iter().all(Option::is_some),
        spoil: |batches, name| each(batches, name, |plain| Plain { fortran: true, ..plain.clone() }),
        ..FAULT
    },
    Fault {
        rule: "transposed-axes",
        fits: |_, array| array.kind == Kind::Image && array.sizes[2] == Some(3) && array.sizes[0] != array.sizes[1],
        spoil: |batches, name| each(batches, name, |plain| plain.transposed(&[0, 3, 1, 2])),
        ..FAULT
    },
    Fault {
        rule: "missing-channel-axis",
        fits: |sample, array| array.name.starts_with("nchw") && sample.framework != "any",
        spoil: |batches, name| {
            each(batches, name, |plain| {
                let mut shape = plain.shape.clone();
                shape.remove(1);
                Plain { shape, ..plain.clone() }
            });
        },
        ..FAULT
    },
    Fault {
        rule: "batched-twice",
        fits: |_, array| matches!(array.kind, Kind::Image | Kind::Features) && array.sizes.iter().all(Option::is_some),
        spoil: |batches, name| {
            each(batches, name, |plain| Plain {
                shape: std::iter::once(1).chain(plain.shape.iter().copied()).collect(),
                ..plain.clone()
            });
        },
        ..FAULT
    },
    Fault {
        rule: "opaque-dtype",
        fits: |_, array| matches!(array.kind, Kind::Image | Kind::Features) && array.dtype == "float32",
        spoil: |batches, name| each(batches, name, |plain| plain.retyped("<V2")),
        clean: |batches, name| {
            each(batches, name, |plain| {
                let cut = plain.data.chunks_exact(4).flat_map(|bytes| [0, 0, bytes[2], bytes[3]]);
                Plain { data: cut.collect(), ..plain.clone() }
            });
        },
        is_choice: true,
        ..FAULT
    },
    Fault {
        rule: "misnamed-input",
        spoil: |batches, name| {
            let upper = name.to_uppercase();
            each(batches, name, |plain| Plain { name: upper.clone(), ..plain.clone() });
        },
        ..FAULT
    },
    Fault {
        rule: "unscaled-images",
        fits: |_, array| array.kind == Kind::Image && array.dtype == "float32",
        spoil: |batches, name| {
            each(batches, name, |plain| {
                let mut bytes: Vec<u8> = Vec::new();
                for value in plain.values() {
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
                    bytes.push((value * 255.0).round() as u8);
                }
                Plain { descr: "|u1".into(), data: bytes, ..plain.clone() }
            });
        },
        is_choice: true,
        tolerance: 0.5 / 255.0 + 1e-6,
        ..FAULT
    },
    Fault {
        rule: "label-out-of-range",
        fits: |_, array| matches!(array.kind, Kind::Classes(_)),
        spoil: |batches, name| {
            each(batches, name, |plain| {
                let up = plain.data.chunks_exact(8).map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()) + 1);
                Plain { data: up.flat_map(i64::to_le_bytes).collect(), ..plain.clone() }
            });
        },
        is_choice: true,
        ..FAULT
    },
    Fault {
        rule: "target-encoding",
        fits: |_, array| matches!(array.kind, Kind::Classes(2..)),
        spoil: |batches, name| {
            let classes = batches.iter().flatten().filter(|plain| plain.name == name).flat_map(Plain::values);
            let classes = classes.fold(0.0_f64, f64::max);
            each(batches, name, |plain| {
                let mut data = Vec::new();
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few classes")]
                let size = classes as u64 + 1;
                for value in plain.values() {
                    for class in 0..size {
                        #[allow(clippy::cast_precision_loss, reason = "a few classes")]
                        let one = f32::from(u8::from(class as f64 == value));
                        data.extend(one.to_le_bytes());
                    }
                }
                Plain { descr: "<f4".into(), shape: vec![plain.shape[0], size], data, ..plain.clone() }
            });
        },
        ..FAULT
    },
    Fault {
        rule: "target-encoding",
        // Three ids are also one sample of three numbers.
        fits: |sample, array| array.kind == Kind::OneHot && sample.last != 3,
        spoil: |batches, name| {
            each(batches, name, |plain| {
                let values = plain.values();
                let place = |row: &[f64]| row.iter().position(|value| *value == 1.0).unwrap() as u64;
                let data = values.chunks_exact(3).flat_map(|row| place(row).to_le_bytes());
                Plain { descr: "<i8".into(), shape: vec![plain.shape[0]], data: data.collect(), ..plain.clone() }
            });
        },
        ..FAULT
    },
    Fault {
        rule: "duplicate-member",
        pack: |members, name| {
            let name = format!("{name}.npy");
            let copy = members.iter().find(|(known, _)| *known == name).unwrap().clone();
            // A name that sorts behind, and the real one in its bytes: writers of archives refuse two of a name.
            members.push((name.replacen(&name[..1], "~", 1), copy.1));
        },
        ..FAULT
    },
    Fault {
        rule: "trailing-bytes",
        pack: |members, name| {
            let name = format!("{name}.npy");
            members.iter_mut().find(|(known, _)| *known == name).unwrap().1.extend([7; 5]);
        },
        is_lossy: true,
        ..FAULT
    },
    Fault {
        rule: "stray-member",
        pack: |members, name| members.push((format!("__MACOSX/._{name}.npy"), vec![0, 5, 22, 7, 0])),
        ..FAULT
    },
];

/// The same cases on every machine.
fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 50,
        max_global_rejects: 100_000,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn shown(report: &Report) -> String {
    let lines = report.diagnostics.iter().map(|found| format!("{}: {}", found.rule, found.finding.message));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_loud(report: &Report) -> bool {
    report.diagnostics.iter().any(|diagnostic| diagnostic.level > Level::Note)
}

/// Puts a second member of a name into an archive: the bytes of its first letter are changed behind the writer's back.
fn same_name(mut archive: Vec<u8>, name: &str) -> Vec<u8> {
    let other = format!("~{}", &name[1..]).into_bytes();
    let mut at = 0;
    while let Some(found) = archive[at..].windows(other.len()).position(|bytes| bytes == other.as_slice()) {
        archive[at + found] = name.as_bytes()[0];
        at += found + 1;
    }
    archive
}

/// Whether every value is the clean one, or as near as the repair promises.
fn same(clean: &Plain, repaired: &Plain, tolerance: f64) -> Result<(), String> {
    if (&clean.name, &clean.descr, &clean.shape) != (&repaired.name, &repaired.descr, &repaired.shape) {
        let head = |plain: &Plain| format!("{} {} {:?}", plain.name, plain.descr, plain.shape);
        return Err(format!("{} became {}", head(clean), head(repaired)));
    }
    if tolerance == 0.0 {
        return if clean.data == repaired.data { Ok(()) } else { Err(format!("values of {} differ", clean.name)) };
    }
    for (i, (a, b)) in clean.values().into_iter().zip(repaired.values()).enumerate() {
        if (a - b).abs() > tolerance {
            return Err(format!("value {i} of {}: {a} became {b}", clean.name));
        }
    }
    Ok(())
}

#[test]
fn a_fault_is_repaired_and_the_values_are_the_clean_ones() {
    let tried = std::cell::RefCell::new(vec![0; FAULTS.len()]);
    let cases = (sample(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>());
    runner(1000)
        .run(&cases, |(sample, which, whose, deflated)| {
            let which = which.index(FAULTS.len());
            let fault = &FAULTS[which];
            let hosts: Vec<&Array> = sample.arrays.iter().filter(|array| (fault.fits)(&sample, array)).collect();
            prop_assume!(!hosts.is_empty());
            let host = &*hosts[whose.index(hosts.len())].name;
            let mut clean = batches(&sample);
            (fault.clean)(&mut clean, host);
            let mut faulty = clean.clone();
            (fault.spoil)(&mut faulty, host);
            let dump = Dump::new(&(fault.spec)(sample.spec()), deflated);
            for (number, arrays) in faulty.iter().enumerate() {
                let mut members: Vec<(String, Vec<u8>)> =
                    arrays.iter().map(|plain| (format!("{}.npy", plain.name), plain.npy())).collect();
                (fault.pack)(&mut members, host);
                let name = format!("batch_{number:03}.npz");
                dump.write(&name, &members);
                if fault.rule == "duplicate-member" {
                    let path = dump.path().join(&name);
                    fs::write(&path, same_name(fs::read(&path).unwrap(), &format!("{host}.npy"))).unwrap();
                }
            }
            let before = dump.check();
            let found = before.diagnostics.iter().any(|diagnostic| diagnostic.rule == fault.rule);
            prop_assume!(found);
            tried.borrow_mut()[which] += 1;

            // A dry run writes nothing.
            let untouched = dump.files();
            let plan = dump.fix(fault, &Destination::Nowhere);
            prop_assert!(plan.proposal.repairs.iter().any(batchlint::fix::data::propose::Repair::is_wanted));
            prop_assert!(dump.files() == untouched, "a dry run wrote something");

            let repaired = dump.fix(fault, &Destination::InPlace);
            let refused: Vec<&String> = repaired.ends.iter().filter_map(|end| end.outcome.as_ref().err()).collect();
            prop_assert!(refused.is_empty(), "{}: {refused:?}\n{}", fault.rule, sample.spec());
            let after = dump.check();
            prop_assert!(!is_loud(&after), "{} in {host}:\n{}\n{}", fault.rule, shown(&after), sample.spec());
            let said = repaired.after.as_ref().unwrap();
            prop_assert_eq!(said.diagnostics.len(), after.diagnostics.len());

            let files = dump.files();
            prop_assert_eq!(files.len(), clean.len(), "{:?}", files.iter().map(|(name, _)| name).collect::<Vec<_>>());
            for (arrays, (name, bytes)) in clean.iter().zip(&files) {
                let there = read_npz(bytes);
                prop_assert_eq!(there.len(), arrays.len(), "{}", name);
                for (plain, there) in arrays.iter().zip(&there) {
                    if let Err(why) = same(plain, there, fault.tolerance) {
                        prop_assert!(false, "{}: {name}: {why}", fault.rule);
                    }
                }
            }

            // There is nothing left to do.
            let again = dump.fix(fault, &Destination::InPlace);
            prop_assert!(again.proposal.plans.is_empty(), "{}: {:?}", fault.rule, again.proposal.plans);
            prop_assert!(dump.files() == files);
            Ok(())
        })
        .unwrap();
    for (fault, tried) in FAULTS.iter().zip(&*tried.borrow()) {
        assert!(*tried > 5, "{} was tried {tried} times", fault.rule);
    }
}

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

fn fault(rule: &'static str) -> Fault {
    Fault { rule, ..FAULT }
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
        let repaired = dump.fix(&fault("whole-dataset-batch"), &Destination::InPlace);
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
    dump.fix(&fault("whole-dataset-batch"), &Destination::InPlace);
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
    let held = dump.fix(&fault("partial-last-batch"), &Destination::InPlace);
    assert!(held.proposal.plans.is_empty() && held.proposal.repairs[0].held.is_some());
    assert_eq!(names(&dump).len(), 3);
    dump.fix(&Fault { is_lossy: true, ..fault("partial-last-batch") }, &Destination::InPlace);
    assert_eq!(names(&dump), ["batch_0.npz", "batch_1.npz"]);
}

#[test]
fn files_get_the_names_that_they_should_have() {
    let dump = Dump::new(SET, false);
    let members = [("x.npy".to_owned(), floats("x", &[8, 3]).npy()), ("y.npy".to_owned(), floats("y", &[8, 1]).npy())];
    dump.write("batch_0.npy", &members);
    let before = dump.files()[0].1.clone();
    dump.fix(&fault("unreadable-source"), &Destination::InPlace);
    assert_eq!(dump.files(), [("batch_0.npz".to_owned(), before)]);
    // The name of an array in that of a loose file; a file that is there is never written over.
    let dump = Dump::new(&SET.replace("[inputs.x]", "[inputs.image]"), false);
    let image = floats("x", &[8, 3]).npy();
    fs::write(dump.path().join("imgae_3.npy"), &image).unwrap();
    fs::write(dump.path().join("y_3.npy"), floats("y", &[8, 1]).npy()).unwrap();
    let taken = dump.path().join("image_3.npy");
    let plan = dump.fix(&fault("misnamed-input"), &Destination::Nowhere);
    assert_eq!(plan.proposal.plans[0].outputs[0].path.file_name().unwrap(), "image_3.npy");
    fs::create_dir(&taken).unwrap();
    let refused = dump.fix(&fault("misnamed-input"), &Destination::InPlace);
    assert!(refused.ends.iter().all(|end| end.outcome.is_err()), "{:?}", refused.ends);
    fs::remove_dir(&taken).unwrap();
    dump.fix(&fault("misnamed-input"), &Destination::InPlace);
    assert_eq!(dump.files()[0], ("image_3.npy".to_owned(), image));
}

#[test]
fn several_arrays_of_one_file_get_a_file_each() {
    let dump = Dump::new("[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 3]\n", false);
    let (a, b) = (floats("x", &[4, 3]), floats("x", &[5, 3]).retyped("<f8"));
    fs::write(dump.path().join("x.npy"), [a.npy(), b.npy()].concat()).unwrap();
    // Both faults of one file are mended together.
    dump.fix(&fault("trailing-bytes"), &Destination::InPlace);
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
    let repaired = dump.fix(&fault("double-precision"), &Destination::Under(out.clone()));
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
    let held = dump.fix(&fault("wrong-dtype"), &Destination::InPlace);
    assert!(held.proposal.plans.is_empty());
    assert!(matches!(&held.proposal.repairs[0].trust, Trust::Lossy(text) if text.contains("fractions are cut off")));
    assert!(dump.files() == before);
    let repaired = dump.fix(&Fault { is_lossy: true, ..fault("wrong-dtype") }, &Destination::InPlace);
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
    let repaired = dump.fix(&fault("double-precision"), &Destination::InPlace);
    let after = dump.files();
    assert_eq!(after[0], before[0]);
    assert_eq!(read_npz(&after[1].1)[0], floats("x", &[8, 3]));
    let touched = &repaired.proposal.repairs[0].touched;
    assert!(touched[0].held.as_ref().is_some_and(|why| why.starts_with("data of it are missing")), "{touched:?}");
    assert!(touched[1].held.is_none());
}
