//! Clean batches, one fault that can be repaired, `fix` in place; then a check finds nothing, and the values are those of the
//! clean batches.

use std::fs;

use batchlint::fix::data::propose::Repair;
use batchlint::run::repair::Destination;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::support::dump::{Plain, read_npz};
use super::support::recipe;
use super::support::sample::{Array, Kind, Sample, sample};
use super::{Dump, is_loud, shown};

/// The members of an archive: names and bytes.
type Members = Vec<(String, Vec<u8>)>;

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
    pack: fn(&mut Members, &str),
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

impl Fault {
    fn mend(&self, dump: &Dump, destination: &Destination) -> super::Repaired {
        let select: &[&str] = if self.is_choice { &["all", self.rule] } else { &[] };
        dump.fix(select, self.is_lossy, destination)
    }
}

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
                let mut members: Members =
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
            let plan = fault.mend(&dump, &Destination::Nowhere);
            prop_assert!(plan.proposal.repairs.iter().any(Repair::is_wanted));
            prop_assert!(dump.files() == untouched, "a dry run wrote something");

            let repaired = fault.mend(&dump, &Destination::InPlace);
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
            let again = fault.mend(&dump, &Destination::InPlace);
            prop_assert!(again.proposal.plans.is_empty(), "{}: {:?}", fault.rule, again.proposal.plans);
            prop_assert!(dump.files() == files);
            Ok(())
        })
        .unwrap();
    for (fault, tried) in FAULTS.iter().zip(&*tried.borrow()) {
        assert!(*tried > 5, "{} was tried {tried} times", fault.rule);
    }
}
