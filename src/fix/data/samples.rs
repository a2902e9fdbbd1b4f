//! Small files for tests.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::source::npy::write;
use crate::source::{Memo, SourceFacts, Target, scan};

/// A .npy file: the type as Python writes it, without quotes.
pub(super) fn npy(descr: &str, fortran: bool, shape: &[u64], data: &[u8]) -> Vec<u8> {
    let mut bytes = write::header(&format!("'{descr}'"), shape);
    if fortran {
        let at = bytes.windows(5).position(|five| five == b"False").unwrap();
        bytes[at..at + 7].copy_from_slice(b"True,  ");
    }
    bytes.extend_from_slice(data);
    bytes
}

/// An archive of these members; those whose flag is set are deflated.
pub(super) fn npz(members: &[(&str, bool, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, deflated, bytes) in members {
        let method = if *deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method).unix_permissions(0o640)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Writes a file, and says what is in it.
pub(super) fn facts(path: &Path, bytes: &[u8]) -> SourceFacts {
    fs::write(path, bytes).unwrap();
    seen(path)
}

/// What is in a file.
pub(super) fn seen(path: &Path) -> SourceFacts {
    scan(&Target::file(path), &mut Memo::default())
}

/// Bytes that differ from each other.
pub(super) fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(count).collect()
}
