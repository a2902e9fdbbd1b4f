//! The pass over values: the same facts however the bytes are cut, whatever the order in the file, after saving, and as
//! NumPy counts them.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use batchlint::source::{Memo, Progress, Question, Reach, Reading, SourceFacts, Target, read_all, scan};
use batchlint::spec::dtype::{ByteOrder, Dtype, Kind, MlType};
use batchlint::values::{Ask, HitKind, Layout, Pass, Unread, ValueFacts, Wants};
use proptest::prelude::*;
use serde_json::Value;

/// Every type whose values are read.
fn dtypes() -> Vec<Dtype> {
    let mut all: Vec<Dtype> = ["bool", "float16", "float32", "float64", "complex64", "complex128"]
        .into_iter()
        .chain(["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
        .map(|name| Dtype::from_name(name).unwrap())
        .collect();
    all.extend(MlType::ALL.map(|(_, name)| Dtype::from_name(name).unwrap()));
    let big: Vec<Dtype> = all
        .iter()
        .filter(|dtype| dtype.size > 1)
        .map(|dtype| Dtype { order: ByteOrder::Big, ..dtype.clone() })
        .collect();
    all.extend(big);
    all.extend([Dtype::new(Kind::Text, 12), Dtype::new(Kind::Bytes, 3), Dtype::new(Kind::UnnamedMl, 2)]);
    all.extend([Dtype::new(Kind::Datetime("s".into()), 8), Dtype::new(Kind::Void, 5)]);
    all
}

fn asks() -> Vec<Ask> {
    vec![
        Ask::Outside { min: Some(-1.0), max: Some(100.0), except: vec![-7.0] },
        Ask::NotIn { values: vec![0.0, 1.0, 0.1] },
        Ask::Sum { to: 1.0 },
        Ask::OneHot,
        Ask::Cast { to: Dtype::from_name("float16").unwrap() },
        Ask::Cast { to: Dtype::from_name("int8").unwrap() },
        Ask::Cast { to: Dtype::from_name("bool").unwrap() },
    ]
}

fn facts<'b>(layout: Layout<'_>, chunks: impl IntoIterator<Item = &'b [u8]>) -> Result<ValueFacts, Unread> {
    let mut pass = Pass::new(layout, Wants::EVERYTHING, &asks())?;
    for chunk in chunks {
        pass.feed(chunk);
    }
    pass.finish()
}

/// The text of everything that was seen: two facts with one text are equal, bit for bit.
fn text(facts: &Result<ValueFacts, Unread>) -> String {
    format!("{facts:?}")
}

#[derive(Debug, Clone)]
struct Case {
    dtype: Dtype,
    shape: Vec<u64>,
    bytes: Vec<u8>,
    cuts: Vec<usize>,
}

/// Arrays of one to four axes, some with more elements than a block holds. The bytes are anything, or few different ones.
fn case() -> impl Strategy<Value = Case> {
    let shape = prop_oneof![
        prop::collection::vec(0_u64..9, 0..4),
        (1_u64..40, 100_u64..200).prop_map(|(a, b)| vec![a, b]),
        (1_u64..3, 8_u64..10, 8_u64..10).prop_map(|(n, h, w)| vec![n, h, w, 3]),
    ];
    let bytes =
        prop_oneof![any::<u64>().prop_map(|seed| (seed, 256)), any::<u64>().prop_map(|seed| (seed, 2)), Just((0, 1)),];
    (prop::sample::select(dtypes()), shape, bytes, prop::collection::vec(1_usize..5000, 1..6)).prop_map(
        |(dtype, shape, (seed, kinds), cuts)| {
            let size = shape.iter().product::<u64>() * dtype.size;
            let bytes = (0..size).map(|i| u8::try_from(mixed(seed, i) % kinds).unwrap()).collect();
            Case { dtype, shape, bytes, cuts }
        },
    )
}

fn mixed(seed: u64, i: u64) -> u64 {
    let mixed = (seed ^ i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 31)) >> 8
}

/// The bytes of the same array with the axes the other way round.
fn reordered(case: &Case) -> Vec<u8> {
    let (size, axes) = (usize::try_from(case.dtype.size).unwrap(), case.shape.len());
    let mut out = Vec::with_capacity(case.bytes.len());
    let mut index = vec![0_u64; axes];
    for _ in 0..case.bytes.len() / size.max(1) {
        let flat = index.iter().zip(&case.shape).fold(0, |flat, (at, size)| flat * size + at);
        let flat = usize::try_from(flat).unwrap();
        out.extend(&case.bytes[flat * size..(flat + 1) * size]);
        // The first axis varies fastest.
        for (at, size) in index.iter_mut().zip(&case.shape) {
            *at += 1;
            if *at < *size {
                break;
            }
            *at = 0;
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_of_the_bytes_gives_the_same_facts(case in case()) {
        let layout = Layout { dtype: &case.dtype, shape: &case.shape, fortran: false };
        let whole = facts(layout, [case.bytes.as_slice()]);
        let mut cuts = case.cuts.iter().cycle();
        let mut rest = case.bytes.as_slice();
        let pieces = std::iter::from_fn(|| {
            let (piece, others) = rest.split_at(rest.len().min(*cuts.next()?));
            rest = others;
            (!piece.is_empty()).then_some(piece)
        });
        prop_assert_eq!(text(&whole), text(&facts(layout, pieces)));
        if case.bytes.len() < 3000 {
            prop_assert_eq!(text(&whole), text(&facts(layout, case.bytes.chunks(1))));
        }
    }

    #[test]
    fn the_order_of_the_file_does_not_matter(case in case()) {
        let c = facts(Layout { dtype: &case.dtype, shape: &case.shape, fortran: false }, [case.bytes.as_slice()]);
        let bytes = reordered(&case);
        let f = facts(Layout { dtype: &case.dtype, shape: &case.shape, fortran: true }, [bytes.as_slice()]);
        prop_assert_eq!(text(&c), text(&f));
    }

    #[test]
    fn facts_survive_being_saved(case in case()) {
        let layout = Layout { dtype: &case.dtype, shape: &case.shape, fortran: false };
        if let Ok(facts) = facts(layout, [case.bytes.as_slice()]) {
            let saved = serde_json::to_string(&facts).unwrap();
            let read: ValueFacts = serde_json::from_str(&saved).unwrap();
            prop_assert_eq!(format!("{facts:?}"), format!("{read:?}"), "{}", saved);
        }
    }

    #[test]
    fn fewer_bytes_than_the_shape_asks_for_are_no_facts(case in case()) {
        let layout = Layout { dtype: &case.dtype, shape: &case.shape, fortran: false };
        if let Some(short) = case.bytes.len().checked_sub(1) {
            prop_assert!(facts(layout, [&case.bytes[..short]]).is_err());
        }
    }
}

#[test]
fn what_has_no_values_says_why() {
    let why = |dtype: &Dtype| facts(Layout { dtype, shape: &[2, 4], fortran: false }, [[0; 8 * 32].as_slice()]).err();
    assert_eq!(why(&Dtype::new(Kind::Object, 8)), None, "a pickle is walked");
    assert_eq!(why(&Dtype::new(Kind::LongDouble, 16)), Some(Unread::UnknownType));
    assert_eq!(why(&Dtype::new(Kind::Void, 0)), Some(Unread::NoBytes));
    assert_eq!(why(&Dtype::new(Kind::Void, 32)), None);
}

#[test]
fn a_limit_that_no_float_of_the_type_hits_means_the_nearest_one() {
    let float32 = Dtype::from_name("float32").unwrap();
    let layout = Layout { dtype: &float32, shape: &[2], fortran: false };
    let bytes: Vec<u8> = [0.1_f32, 0.2].iter().flat_map(|value| value.to_le_bytes()).collect();
    let asks = [
        Ask::Outside { min: Some(0.1), max: Some(0.2), except: Vec::new() },
        Ask::NotIn { values: vec![0.1, 0.2] },
        Ask::Outside { min: Some(0.1), max: Some(0.19), except: Vec::new() },
    ];
    let mut pass = Pass::new(layout, Wants::NUMBERS, &asks).unwrap();
    pass.feed(&bytes);
    let facts = pass.finish().unwrap();
    assert_eq!(facts.answers[0].hits, []);
    assert_eq!(facts.answers[1].hits, []);
    assert_eq!(facts.answers[2].count(&[HitKind::Above]), 1);
}

fn floats(shape: &[u64], values: &[f32]) -> ValueFacts {
    let float32 = Dtype::from_name("float32").unwrap();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    facts(Layout { dtype: &float32, shape, fortran: false }, [bytes.as_slice()]).unwrap()
}

#[test]
fn a_histogram_has_a_bin_per_sign_and_power_of_two() {
    let histogram = floats(&[7], &[0.0, 1.0, 1.5, 2.0, -3.0, f32::NAN, -0.25]).numbers.unwrap().histogram.unwrap();
    let bins: Vec<_> = histogram.bins.iter().map(|bin| (bin.negative, bin.power, bin.count)).collect();
    assert_eq!((histogram.zeros, bins), (1, vec![(true, 1, 1), (true, -2, 1), (false, 0, 2), (false, 1, 1)]));
}

#[test]
fn columns_have_ranges_and_those_that_never_change_are_named() {
    let columns = floats(&[3, 2], &[5.0, 1.0, 5.0, -2.0, 5.0, f32::NAN]).rows.unwrap().columns.unwrap();
    assert_eq!(format!("{:?}", columns.constant), "[(0, Float(5.0))]");
    let ends: Vec<_> = columns.ranges.iter().flatten().map(|(min, max)| (min.to_f64(), max.to_f64())).collect();
    assert_eq!(ends, [(5.0, 5.0), (-2.0, 1.0)]);
}

#[test]
fn values_that_stand_for_missing_are_counted_apart() {
    let numbers = floats(&[5], &[1.0, 2.0, -999.0, 3.0, -999.0]).numbers.unwrap();
    let sentinel = numbers.sentinels[0];
    assert_eq!((sentinel.value, sentinel.count, sentinel.first), (-999.0, 2, 2));
    assert_eq!(
        numbers.without_sentinels.map(|ends| *ends).map(|(min, max)| (min.to_f64(), max.to_f64())),
        Some((1.0, 3.0))
    );
    // The nearest float32 of 1e20 stands for it.
    assert_eq!(floats(&[2], &[1.0, 1e20]).numbers.unwrap().sentinels.len(), 1);
    assert_eq!(floats(&[2], &[1.0, 2.0]).numbers.unwrap().without_sentinels, None);
}

#[test]
fn zero_and_minus_zero_are_one_value() {
    let one = floats(&[4], &[0.0, -0.0, 1.0, -0.0]).numbers.unwrap();
    let other = floats(&[4], &[-0.0, 0.0, 1.0, 0.0]).numbers.unwrap();
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
    assert_eq!((one.changes, one.distinct.map(|distinct| distinct.len())), (2, Some(2)));
}

#[test]
fn bytes_of_a_bool_that_are_neither_0_nor_1_are_counted() {
    let bool = Dtype::from_name("bool").unwrap();
    let facts = facts(Layout { dtype: &bool, shape: &[4], fortran: false }, [[0, 1, 2, 255].as_slice()]).unwrap();
    let (count, first) = *facts.numbers.unwrap().bad_bools.unwrap();
    assert_eq!((count, first.at, first.value.to_f64()), (2, 2, 2.0));
}

#[test]
fn neighbours_are_looked_at_along_the_lines_of_images() {
    // Every pixel has one colour, which changes slowly from left to right; but they stand in the order of channels that come last.
    let image: Vec<f32> =
        (0..3 * 8 * 24).map(|i| f32::from(u8::try_from(i / 3 % 8 * 10 + i % 3 * 80).unwrap())).collect();
    let neighbours = floats(&[1, 3, 8, 24], &image).rows.unwrap().neighbours.unwrap();
    assert_eq!((neighbours.channels, neighbours.last, neighbours.pairs), (3, false, 24 * 23));
    assert!(neighbours.apart > 0.99 && neighbours.next < 0.5, "{neighbours:?}");
    assert!(floats(&[1, 3, 4, 4], &image[..48]).rows.unwrap().neighbours.is_none());
    // With the channels last the next value is another channel: there is nothing to look at.
    assert!(floats(&[1, 8, 24, 3], &image).rows.unwrap().neighbours.is_none());
}

#[test]
fn rows_have_the_hashes_of_their_bytes_alone() {
    let of = |values: &[f32]| floats(&[2, 4], values).rows.unwrap().hashes.unwrap();
    let rows = of(&[1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 5.0]);
    assert_ne!(rows[0], rows[1]);
    assert_eq!(of(&[1.0, 2.0, 3.0, 5.0, 0.0, 0.0, 0.0, 0.0])[0], rows[1]);
    assert!(floats(&[4, 2], &[0.0; 8]).rows.unwrap().hashes.is_none(), "short rows are equal by chance");
}

/// The values of all arrays of one file.
fn read(path: &Path, asks: &[Ask], limits: Reach) -> SourceFacts {
    read_between(path, asks, limits, || {})
}

/// The same, with something that happens between the headers and the values.
fn read_between(path: &Path, asks: &[Ask], limits: Reach, happens: impl FnOnce()) -> SourceFacts {
    let target = Target::file(path);
    let mut sources = vec![scan(&target, &mut Memo::default())];
    happens();
    let questions = (0..sources[0].arrays.len())
        .map(|array| Question { array, wants: Wants::EVERYTHING, asks: asks.into() })
        .collect::<Vec<_>>();
    read_all(&mut sources, &[questions], |_| Some(&target), limits, &Progress::default());
    sources.remove(0)
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    support::dump::npy(descr, false, shape, data)
}

#[test]
fn a_file_that_changes_after_its_headers_were_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let whole = npy("<f4", "(1000,)", &[0; 4000]);
    for change in [&whole[..2000], &[], &npy("<f4", "(2000,)", &[0; 8000])] {
        std::fs::write(&path, &whole).unwrap();
        let facts = read_between(&path, &[], Reach::default(), || std::fs::write(&path, change).unwrap());
        assert!(matches!(facts.arrays[0].reading.as_deref(), Some(Reading::Unread(Unread::Damaged))));
        assert_eq!(facts.faults.len(), 1, "{:?}", facts.faults);
    }
    std::fs::write(&path, &whole).unwrap();
    let facts = read_between(&path, &[], Reach::default(), || std::fs::remove_file(&path).unwrap());
    assert_eq!((facts.arrays[0].values(), facts.faults.len()), (None, 1));
}

#[test]
fn larger_arrays_than_the_limit_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    std::fs::write(&path, npy("<f4", "(1000,)", &[0; 4000])).unwrap();
    let facts = read(&path, &[], Reach { array_bytes: Some(3999), ..Reach::default() });
    let unread = Reading::Unread(Unread::TooLarge { bytes: 4000, limit: 3999 });
    assert_eq!(facts.arrays[0].reading.as_deref(), Some(&unread));
    assert!(read(&path, &[], Reach { array_bytes: Some(4000), ..Reach::default() }).arrays[0].values().is_some());
}

#[test]
fn empty_arrays_and_scalars_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    for (shape, data, count) in [("(0, 3)", vec![], 0), ("(3, 0)", vec![], 0), ("()", vec![0; 4], 1)] {
        std::fs::write(&path, npy("<f4", shape, &data)).unwrap();
        let facts = read(&path, &asks(), Reach::default());
        assert_eq!(facts.arrays[0].values().map(|values| values.count), Some(count), "{shape}");
        assert_eq!(facts.faults, [], "{shape}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_array() {
    let folder = tempfile::tempdir().unwrap();
    let size: u64 = 128 << 20;
    let file = std::fs::File::create(folder.path().join("x.npy")).unwrap();
    let head = npy("<f8", &format!("({},)", size / 8), &[]);
    std::io::Write::write_all(&mut &file, &head).unwrap();
    file.set_len(head.len() as u64 + size).unwrap();
    let text = std::fs::File::create(folder.path().join("s.npy")).unwrap();
    let head = npy(&format!("|S{size}"), "(1,)", &[]);
    std::io::Write::write_all(&mut &text, &head).unwrap();
    text.set_len(head.len() as u64 + size).unwrap();
    let script = format!("ulimit -v 120000; exec {} check .", env!("CARGO_BIN_EXE_batchlint"));
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("RAYON_NUM_THREADS", "2")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("headers only") && said.contains("string-dtype"), "{said}");
}

fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os("BATCHLINT_PYTHON").map_or_else(|| root.join(".venv/bin/python"), PathBuf::from)
}

/// What NumPy says of arrays that `tests/values.py` makes, and what we say of the same files.
#[test]
fn numpy_counts_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/values.py");
    let made = Command::new(python()).arg(script).arg(folder.path()).output();
    let made = made.expect("the test needs Python with numpy and ml_dtypes: run scripts/test, or set BATCHLINT_PYTHON");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let truth: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.path().join("truth.json")).unwrap()).unwrap();
    assert!(truth.len() > 100, "{}", truth.len());
    let mut problems = Vec::new();
    for numpy in &truth {
        let asks: Vec<Ask> = numpy["answers"].as_array().unwrap().iter().map(ask).collect();
        let path = folder.path().join(numpy["file"].as_str().unwrap());
        let facts = read(&path, &asks, Reach::default());
        assert_eq!(facts.faults, [], "{numpy}");
        let array = facts.arrays.iter().find(|array| numpy["key"].is_null() || numpy["key"] == *array.key).unwrap();
        let values = array.values().unwrap_or_else(|| panic!("{numpy}: {:?}", array.reading));
        let wrong = differences(values, &asks, numpy);
        if !wrong.is_empty() {
            problems.push(format!("{} {}: {}", numpy["file"], numpy["what"], wrong.join("; ")));
        }
    }
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), truth.len(), problems.join("\n"));
}

fn ask(truth: &Value) -> Ask {
    let numbers =
        |key: &str| -> Vec<f64> { truth[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect() };
    match truth["ask"].as_str().unwrap() {
        "outside" => Ask::Outside { min: truth["min"].as_f64(), max: truth["max"].as_f64(), except: numbers("except") },
        "not-in" => Ask::NotIn { values: numbers("values") },
        "sum" => Ask::Sum { to: truth["to"].as_f64().unwrap() },
        "one-hot" => Ask::OneHot,
        "cast" => Ask::Cast { to: Dtype::from_name(truth["to"].as_str().unwrap()).unwrap() },
        other => panic!("{other}"),
    }
}

/// What differs between the facts and what NumPy says.
fn differences(values: &ValueFacts, asks: &[Ask], numpy: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, ours: Value, theirs: &Value| {
        let close = match (ours.as_f64(), theirs.as_f64()) {
            (Some(a), Some(b)) if matches!(what, "mean" | "variance") => (a - b).abs() <= 1e-9 * b.abs().max(1e-30),
            (Some(a), Some(b)) => a == b,
            _ => ours == *theirs,
        };
        if !close {
            wrong.push(format!("{what}: we say {ours}, numpy {theirs}"));
        }
    };
    let numbers = serde_json::to_value(values.numbers.as_ref().unwrap()).unwrap();
    for key in ["nan", "pos_inf", "neg_inf", "finite", "zeros", "negatives", "fractional", "mean", "variance"] {
        check(key, numbers[key].clone(), &numpy[key]);
    }
    for key in
        ["first_nan", "first_pos_inf", "first_neg_inf", "first_fractional", "bad_rows", "bad_columns", "distinct"]
    {
        check(key, numbers[key].clone(), &numpy[key]);
    }
    for key in ["min", "max"] {
        check(key, numbers[key]["value"].clone(), &numpy[key][0]);
        check(key, numbers[key]["at"].clone(), &numpy[key][1]);
    }
    let rows = serde_json::to_value(&values.rows).unwrap();
    for key in ["zero", "constant", "zero_at_end"] {
        check(key, rows["blank"][key].clone(), &numpy["blank"][key]);
    }
    if !numpy["constant_columns"].is_null() {
        check("constant columns", rows["columns"]["constant"].clone(), &numpy["constant_columns"]);
    }
    for (ask, truth) in asks.iter().zip(numpy["answers"].as_array().unwrap()) {
        let answer = values.answer(ask);
        let count = answer.map(|answer| answer.hits.iter().map(|hits| hits.count).sum::<u64>());
        check(&format!("{ask:?}"), count.into(), &truth["count"]);
        let first = answer.and_then(|answer| answer.hits.iter().map(|hits| hits.first.at).min());
        check(&format!("first of {ask:?}"), first.into(), &truth["first"]);
    }
    wrong
}

/// Every code of every type of one byte, beside `ml_dtypes`.
#[test]
fn each_code_of_the_narrow_types_has_the_value_that_ml_dtypes_gives_it() {
    let script = "import sys, json, numpy as np, ml_dtypes\n\
        codes = np.arange(256, dtype=np.uint8)\n\
        out = {}\n\
        for name in sys.argv[1:]:\n    \
            dtype = np.dtype(getattr(ml_dtypes, name))\n    \
            bits = {'float6_e2m3fn': 63, 'float6_e3m2fn': 63, 'float4_e2m1fn': 15, 'int4': 15, 'uint4': 15, 'int2': 3, 'uint2': 3}\n    \
            values = (codes & bits.get(name, 255)).view(dtype).astype(np.float32)\n    \
            out[name] = [None if np.isnan(v) else str(v) if np.isinf(v) else float(v) for v in values]\n\
        print(json.dumps(out))";
    let names: Vec<&str> = MlType::ALL.iter().map(|(_, name)| *name).filter(|name| *name != "bfloat16").collect();
    let output = Command::new(python()).args(["-c", script]).args(&names).output();
    let output =
        output.expect("the test needs Python with numpy and ml_dtypes: run scripts/test, or set BATCHLINT_PYTHON");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let truth: Value = serde_json::from_slice(&output.stdout).unwrap();
    for name in names {
        let dtype = Dtype::from_name(name).unwrap();
        for code in 0..=255_u8 {
            let mut pass =
                Pass::new(Layout { dtype: &dtype, shape: &[1], fortran: false }, Wants::NUMBERS, &[]).unwrap();
            pass.feed(&[code]);
            let numbers = pass.finish().unwrap().numbers.unwrap();
            let ours = match (numbers.min, numbers.nan, numbers.pos_inf) {
                (Some(min), ..) => Value::from(min.value.to_f64()),
                (None, 1, _) => Value::Null,
                (None, _, 1) => "inf".into(),
                _ => "-inf".into(),
            };
            let theirs = &truth[name][usize::from(code)];
            assert!(
                ours == *theirs || ours.as_f64() == theirs.as_f64() && ours.is_f64(),
                "{name} {code:#x}: {ours} {theirs}"
            );
        }
    }
}
