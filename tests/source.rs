//! Reading files: another reader says the same of plain ones, no damage makes ours panic, and neither the number of
//! threads nor the size of the first read changes what is seen.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use batchlint::config::limits::Limits;
use batchlint::source::{FaultKind, Memo, Progress, Room, SourceFacts, Target, scan, scan_all, walk};
use batchlint::spec::dtype::{ByteOrder, Kind};
use proptest::prelude::*;
use support::recipe;

fn scan_bytes(folder: &Path, name: &str, bytes: &[u8], memo: &mut Memo) -> SourceFacts {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    scan(&Target::file(&path), memo)
}

/// A deflated archive, as `numpy.savez_compressed` writes it.
fn deflated(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
    for (name, content) in members {
        let file = archive.new_file(name).compression_method(rawzip::CompressionMethod::DEFLATE);
        let (mut entry, config) = file.start().unwrap();
        let mut writer = config.wrap(flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast()));
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    out
}

/// A member and its fault.
type At = (Option<Arc<str>>, FaultKind);

/// Everything but the file's own name.
fn seen(facts: &SourceFacts) -> (Vec<String>, Vec<At>) {
    let arrays = facts.arrays.iter().map(|array| format!("{:?} {:?} {:?}", array.member, array.key, array.header));
    let faults = facts.faults.iter().map(|fault| (fault.member.clone(), fault.kind.clone()));
    (arrays.collect(), faults.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn another_reader_says_the_same_of_plain_files(
        dtype in prop::sample::select(vec!["|b1", "|i1", "<i2", ">i4", "<i8", "|u1", "<u2", ">u8", "<f4", ">f8", "<c8"]),
        shape in prop::collection::vec(0_u64..6, 0..5),
        fortran in any::<bool>(),
    ) {
        let sizes: Vec<String> = shape.iter().map(u64::to_string).collect();
        let line = format!("{dtype}[{}]{}", sizes.join(", "), if fortran { " fortran" } else { "" });
        let bytes = recipe::npy("x", &[line.as_str()]);
        let folder = tempfile::tempdir().unwrap();
        let facts = scan_bytes(folder.path(), "x.npy", &bytes, &mut Memo::default());
        prop_assert_eq!(&facts.faults, &vec![]);
        let ours = &facts.arrays[0].header;
        let theirs = npyz::NpyFile::new(bytes.as_slice()).unwrap();
        prop_assert_eq!(&ours.shape, theirs.shape());
        prop_assert_eq!(ours.fortran, theirs.order() == npyz::Order::Fortran);
        prop_assert_eq!(theirs.dtype().descr(), format!("'{dtype}'"));
        let mark = match ours.dtype.order { ByteOrder::Little => '<', ByteOrder::Big => '>', ByteOrder::None => '|' };
        let letter = match ours.dtype.kind {
            Kind::Bool => 'b',
            Kind::Int => 'i',
            Kind::Uint => 'u',
            Kind::Float => 'f',
            Kind::Complex => 'c',
            _ => '?',
        };
        prop_assert_eq!(format!("{mark}{letter}{}", ours.dtype.size), dtype);
    }

    #[test]
    fn no_damage_to_an_archive_panics(
        deflate in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let arrays = ["x: float32[4, 3]", "y: int64[4]", "z: |S3[2]", "z: |u1[0]"];
        let mut bytes = recipe::npz("x", &arrays);
        if deflate {
            let member = |(i, line): (usize, &&str)| (format!("{i}.npy"), recipe::npy("x", &[line.split_once(": ").unwrap().1]));
            bytes = deflated(&arrays.iter().enumerate().map(member).collect::<Vec<_>>());
        }
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = tempfile::tempdir().unwrap();
        let mut memo = Memo::default();
        for name in ["x.npz", "x.npy"] {
            let facts = scan_bytes(folder.path(), name, &bytes, &mut memo);
            for excerpt in facts.faults.iter().filter_map(|fault| fault.excerpt.as_ref()) {
                prop_assert!(excerpt.text.get(excerpt.span.clone()).is_some(), "{excerpt:?}");
            }
        }
    }
}

#[test]
fn archives_of_any_size_and_compression_are_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    let mut memo = Memo::default();
    for count in [1, 40, 3_000] {
        let lines: Vec<String> = (0..count).map(|i| format!("a_{i}: float32[{}, 30]", i % 50)).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let member = |line: &&str| {
            let (key, array) = line.split_once(": ").unwrap();
            (format!("{key}.npy"), recipe::npy("x", &[array]))
        };
        let packed = deflated(&lines.iter().map(member).collect::<Vec<_>>());
        let expected = seen(&scan_bytes(folder.path(), "stored.npz", &recipe::npz("x", &lines), &mut memo));
        assert_eq!((expected.0.len(), &expected.1), (count, &vec![]));
        // The name decides how much is read first, and nothing else.
        for (name, bytes) in
            [("stored.dat", recipe::npz("x", &lines)), ("deflated.npz", packed.clone()), ("deflated.dat", packed)]
        {
            assert_eq!(seen(&scan_bytes(folder.path(), name, &bytes, &mut memo)), expected, "{name} {count}");
        }
    }
}

#[test]
fn threads_change_nothing_and_equal_headers_are_shared() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..2_000 {
        let line = format!("float32[{}, 2]", i % 3);
        fs::write(folder.path().join(format!("x_{i}.npy")), recipe::npy("x", &[line.as_str()])).unwrap();
    }
    let targets = walk(&[folder.path().to_owned()], &Progress::default()).targets;
    let mut memo = Memo::default();
    let one_by_one: Vec<SourceFacts> = targets.iter().map(|target| scan(target, &mut memo)).collect();
    let together = scan_all(&targets, Limits::default(), &Room::default(), &Progress::default()).unwrap();
    assert_eq!(together, one_by_one);
    let headers: std::collections::BTreeSet<_> =
        together.iter().map(|facts| Arc::as_ptr(&facts.arrays[0].header)).collect();
    assert_eq!(headers.len(), 3);
}

#[test]
fn several_arrays_in_one_file_are_read_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut memo = Memo::default();
    // More than the first read holds.
    let lines: Vec<String> = (1..40).map(|i| format!("float32[{i}, 50]")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let bytes = recipe::npy("x", &lines);
    let facts = scan_bytes(folder.path(), "x.npy", &bytes, &mut memo);
    let sizes: Vec<u64> = facts.arrays.iter().map(|array| array.header.shape[0]).collect();
    assert_eq!(sizes, (1..40).collect::<Vec<u64>>());
    let kinds: Vec<String> = facts.faults.iter().map(|fault| format!("{:?}", fault.kind)).collect();
    assert_eq!(kinds, ["Trailing(Arrays { following: 38 })"]);
    let cut = scan_bytes(folder.path(), "x.npy", &bytes[..bytes.len() - 1], &mut memo);
    let kinds: Vec<String> = cut.faults.iter().map(|fault| format!("{} {:?}", fault.ordinal, fault.kind)).collect();
    assert!(kinds[0].starts_with("38 Truncated(Truncated { needed: 7800, found: 7799, elements: 1949"), "{kinds:?}");
}
