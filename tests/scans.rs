//! Scans that skip, read ahead or work side by side see what the obvious loop sees.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::path::Path;
use std::sync::Arc;

use batchlint::source::{Memo, Progress, Question, Reach, Reading, SourceFacts, Target, read_all, scan};
use batchlint::spec::dtype::Dtype;
use batchlint::values::{Layout, Pass, Unread, ValueFacts, Wants};

fn floats(shape: &[u64], values: &[f32]) -> ValueFacts {
    let dtype = Dtype::from_name("float32").unwrap();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut pass = Pass::new(Layout { dtype: &dtype, shape, fortran: false }, Wants::EVERYTHING, &[]).unwrap();
    pass.feed(&bytes);
    pass.finish().unwrap()
}

/// The values of the one array of a file.
fn read(path: &Path, wants: Wants) -> SourceFacts {
    let target = Target::file(path);
    let mut sources = vec![scan(&target, &mut Memo::default())];
    let questions = [vec![Question { array: 0, wants, asks: Arc::default() }]];
    read_all(&mut sources, &questions, |_| Some(&target), Reach::default(), &Progress::default());
    sources.remove(0)
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    support::dump::npy(descr, false, shape, data)
}

/// What is documented of distinct values, worked out the obvious way.
fn distinct(values: &[f32]) -> Option<Vec<(f64, u64, u64)>> {
    let mut all: std::collections::BTreeMap<i64, (f64, u64, u64)> = std::collections::BTreeMap::new();
    let finite: Vec<(usize, f32)> = values.iter().copied().enumerate().filter(|(_, value)| value.is_finite()).collect();
    for (at, value) in &finite {
        #[allow(clippy::cast_possible_truncation, reason = "halves of small numbers")]
        let key = (f64::from(*value) * 2.0) as i64;
        all.entry(key).or_insert((f64::from(*value), 0, *at as u64)).1 += 1;
    }
    let measured = finite.iter().any(|(_, value)| value.fract() != 0.0);
    let few = all.len() <= 32 || all.len() * 4 <= finite.len();
    (all.len() <= 1024 && (!measured || few)).then(|| all.into_values().collect())
}

#[test]
fn distinct_values_are_those_of_the_obvious_count_and_given_up_where_they_hardly_repeat() {
    let mut kept = 0;
    for count in [1_usize, 31, 33, 64, 128, 131, 132, 192, 2047, 2048, 2049, 4096, 5000] {
        for different in [1, 2, 31, 32, 33, count / 4, count / 4 + 1, 48, 49, 1023, 1024, 1025, 1250, 1251] {
            let different = different.max(1);
            // Whole, halves, halves from the second block on only, and some that are not finite.
            for (kind, scale, from) in [(0, 1.0, 0), (1, 0.5, 0), (2, 0.5, 3000), (3, 0.5, 0), (4, 1.0, 0)] {
                let value = |i: usize| {
                    let place = f32::from(u16::try_from(i * 7 % different).unwrap()) - 20.0;
                    match (kind, i % 9) {
                        (3, 4) => f32::NAN,
                        (4, 4) => f32::INFINITY,
                        // Both zeros are one value.
                        (_, 2) if place == 0.0 => -0.0,
                        _ if i >= from => place * scale,
                        _ => place,
                    }
                };
                let values: Vec<f32> = (0..count).map(value).collect();
                let numbers = floats(&[count as u64], &values).numbers.unwrap();
                let found = numbers.distinct.map(|all| {
                    all.into_iter().map(|(value, count, at)| (value.to_f64(), count, at)).collect::<Vec<_>>()
                });
                assert_eq!(found, distinct(&values), "{count} values, {different} different, {kind}");
                let changes = values.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64;
                assert!(found.is_some() || numbers.changes == 0);
                if found.is_some() && kind < 3 {
                    assert_eq!(numbers.changes, changes, "{count} values, {different} different, {kind}");
                }
                kept += usize::from(found.is_some());
            }
        }
    }
    assert!(kept > 300, "{kept}");
}

#[test]
fn rows_that_are_longer_than_a_block_have_columns() {
    for width in [2047_usize, 2048, 2049, 3000, 4096] {
        let value = |i: usize| f32::from(u16::try_from(if i % width % 3 == 1 { i % 17 } else { i % width }).unwrap());
        let values: Vec<f32> = (0..width * 3).map(value).collect();
        let still = (0..width).filter(|column| (1..3).all(|row| values[row * width + column] == values[*column]));
        let still: Vec<u32> = still.map(|column| u32::try_from(column).unwrap()).collect();
        let found = floats(&[3, width as u64], &values).rows.unwrap().columns.unwrap().constant;
        assert_eq!(found.iter().map(|(column, _)| *column).collect::<Vec<_>>(), still, "{width}");
    }
}

#[test]
fn columns_values_and_neighbours_are_those_of_the_obvious_count() {
    // Images over many blocks: a channel that never changes, one with few values, one with fractions.
    let (rows, side) = (70, 9);
    let channel = |i: usize| match i % 3 {
        0 => 0.25_f32,
        1 => f32::from(u8::try_from(i / 3 * 7 % 5).unwrap()),
        _ => f32::from(u16::try_from(i * 31 % 1009).unwrap()) / 8.0,
    };
    let values: Vec<f32> = (0..rows * side * side * 3).map(channel).collect();
    let shape = [rows as u64, side as u64, side as u64, 3];
    let facts = floats(&shape, &values);
    let (numbers, rows) = (facts.numbers.unwrap(), facts.rows.unwrap());
    let row = side * side * 3;
    let constant: Vec<u32> = (0..row)
        .filter(|column| values.chunks(row).all(|mine| mine[*column].to_bits() == values[*column].to_bits()))
        .map(|column| u32::try_from(column).unwrap())
        .collect();
    let found: Vec<u32> = rows.columns.unwrap().constant.iter().map(|(column, _)| *column).collect();
    assert!(constant.len() >= side * side, "{constant:?}");
    assert_eq!(found, constant);
    let mut distinct: std::collections::BTreeMap<u32, (u64, u64)> = std::collections::BTreeMap::new();
    for (at, value) in values.iter().enumerate() {
        distinct.entry(value.to_bits()).or_insert((0, at as u64)).0 += 1;
    }
    let counted: Vec<(f64, u64, u64)> =
        distinct.iter().map(|(bits, (count, at))| (f64::from(f32::from_bits(*bits)), *count, *at)).collect();
    let told: Vec<(f64, u64, u64)> =
        numbers.distinct.unwrap().iter().map(|(value, count, at)| (value.to_f64(), *count, *at)).collect();
    assert_eq!(told, counted);
    let changes = values.windows(2).filter(|pair| pair[0].to_bits() != pair[1].to_bits()).count() as u64;
    assert_eq!(numbers.changes, changes);
    // Neighbours, of the first 64 images, with the channels first.
    let (mut equal, mut next, mut apart) = (0_u64, Vec::new(), Vec::new());
    for line in values[..64 * row].chunks(side) {
        equal += line.windows(2).filter(|pair| pair[0].to_bits() == pair[1].to_bits()).count() as u64;
        next.extend(line.windows(2).map(|pair| (f64::from(pair[0]), f64::from(pair[1]))));
        apart.extend(line.windows(4).map(|four| (f64::from(four[0]), f64::from(four[3]))));
    }
    let correlation = |pairs: &[(f64, f64)]| {
        let n = pairs.len() as f64;
        let (x, y) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
        let of = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>();
        of(&|p| (p.0 - x) * (p.1 - y)) / (of(&|p| (p.0 - x).powi(2)) * of(&|p| (p.1 - y).powi(2))).sqrt()
    };
    assert!(rows.neighbours.is_none(), "with the channels last there is nothing to look at");
    let first = floats(&[shape[0], 3, side as u64, side as u64], &values).rows.unwrap();
    let seen = first.neighbours.unwrap();
    assert_eq!(seen.pairs, next.len() as u64);
    assert!((seen.equal - equal as f64 / next.len() as f64).abs() < 1e-12);
    assert!((seen.next - correlation(&next)).abs() < 1e-9, "{seen:?}");
    assert!((seen.apart - correlation(&apart)).abs() < 1e-9, "{seen:?}");
}

#[test]
fn channels_of_nchw_that_never_change_are_columns() {
    // More places in a line than there are ranges: channels follow each other.
    let (rows, plane) = (3, 80 * 70);
    let values: Vec<f32> = (0..rows * 3 * plane)
        .map(|i| match i / plane % 3 {
            1 => 2.0,
            _ => f32::from(u16::try_from(i % 977).unwrap()),
        })
        .collect();
    let columns = floats(&[3, 3, 80, 70], &values).rows.unwrap().columns.unwrap();
    assert_eq!((columns.count, columns.constant.len()), (3, 1));
    assert_eq!((columns.constant[0].0, columns.constant[0].1.to_f64()), (1, 2.0));
}

#[test]
fn a_thread_that_reads_ahead_changes_no_fact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let elements: u32 = 3_000_001;
    let data: Vec<u8> = (0..elements)
        .flat_map(|i| (f32::from(u16::try_from(u64::from(i) * 7919 % 65_521).unwrap()) / 3.0).to_le_bytes())
        .collect();
    let whole = npy("<f4", &format!("({elements},)"), &data);
    std::fs::write(&path, &whole).unwrap();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| read(&path, Wants::EVERYTHING))
    };
    let (alone, ahead) = (with(1), with(3));
    assert!(alone.arrays[0].values().is_some());
    assert_eq!(format!("{:?}", alone.arrays[0].reading), format!("{:?}", ahead.arrays[0].reading));
}

#[test]
fn what_nobody_looks_at_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("x.npy", stored).unwrap();
    std::io::Write::write_all(&mut zip, &npy("<f4", "(1000,)", &[7; 4000])).unwrap();
    let mut bytes = zip.finish().unwrap().into_inner();
    // Whoever reads the values notices that the checksum is not theirs.
    let place = bytes.windows(8).rposition(|eight| eight == [7; 8]).unwrap();
    bytes[place] = 8;
    std::fs::write(&path, bytes).unwrap();
    for (wants, is_read) in [
        (Wants::CONTENTS, false),
        (Wants::CHECKSUMS, true),
        (Wants::NUMBERS, true),
        (Wants::HASHES, true),
        (Wants::ROWS, true),
        (Wants::SHOWN, true),
    ] {
        let source = read(&path, wants);
        let damaged = matches!(source.arrays[0].reading.as_deref(), Some(Reading::Unread(Unread::Damaged)));
        assert_eq!((damaged, source.faults.len()), (is_read, usize::from(is_read)), "{wants:?}");
    }
}
