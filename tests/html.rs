//! The HTML report against real files: it changes no finding, shows every one, and draws images as they are declared,
//! however they are stored.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use batchlint::config::Settings;
use batchlint::facts::images::Basis;
use batchlint::run;
use batchlint::source::Progress;

fn faults() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults");
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.join("faulty").is_dir());
    found.sort();
    assert!(found.len() > 10, "fixtures/faults is not written yet: scripts/test does it");
    found
}

/// Checks `faulty` there, and gives the exit code and what was printed.
fn check(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_batchlint"))
        .current_dir(folder)
        .args(["check", "faulty"])
        .args(arguments)
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_page_changes_no_finding_and_shows_every_one() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("report.html");
    let report = format!("html={}", path.display());
    for folder in faults() {
        let plain = check(&folder, &["--format", "json"]);
        let beside = check(&folder, &["--format", "json", "--report", &report]);
        assert_eq!(plain, beside, "{}", folder.display());
        let page = fs::read_to_string(&path).unwrap();
        let document: serde_json::Value = serde_json::from_str(&plain.1).unwrap();
        let found = document["diagnostics"].as_array().unwrap();
        assert_eq!(page.matches("<article class=\"finding ").count(), found.len(), "{}", folder.display());
        for diagnostic in found {
            let fingerprint = diagnostic["fingerprint"].as_str().unwrap();
            assert!(page.contains(&format!("data-fingerprint=\"{fingerprint}\"")), "{}", folder.display());
        }
        // Rules that look at no values make no difference either.
        let narrow = ["--select", "shape", "--format", "json"];
        let (code, plain) = check(&folder, &narrow);
        let (code_beside, beside) = check(&folder, &[&narrow[..], &["--report", &report]].concat());
        let findings = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["diagnostics"].take();
        assert_eq!((code, findings(&plain)), (code_beside, findings(&beside)), "{}", folder.display());
    }
}

/// A .npy file of bytes; `fortran` says how `data` is to be taken.
fn npy(shape: &str, fortran: bool, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header = format!("{{'descr': '|u1', 'fortran_order': {order}, 'shape': {shape}, }}");
    header += &" ".repeat(63 - (10 + header.len()) % 64);
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

fn npz(path: &Path, array: &[u8], method: zip::CompressionMethod) {
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    archive.start_file("image.npy", options).unwrap();
    archive.write_all(array).unwrap();
    archive.finish().unwrap();
}

/// The albums of the folder `dump` beside that spec.
fn albums(folder: &Path, spec: &str, shows_data: bool) -> Vec<batchlint::facts::images::Album> {
    fs::write(folder.join("batchlint.toml"), spec).unwrap();
    let settings = Settings {
        paths: vec![folder.join("dump")],
        spec: Some(folder.join("batchlint.toml")),
        directory: folder.to_owned(),
        shows_data,
        ..Settings::default()
    };
    run::check(&settings, &Progress::default()).unwrap().albums
}

#[test]
fn a_picture_is_the_same_however_it_is_stored() {
    let scratch = tempfile::tempdir().unwrap();
    let dump = scratch.path().join("dump");
    fs::create_dir(&dump).unwrap();
    let (rows, height, width, channels) = (2, 9, 10, 3);
    let value = |n: usize, y: usize, x: usize, c: usize| u8::try_from(n * 60 + y * 8 + x + c * 40).unwrap();
    let (mut c_order, mut fortran) = (Vec::new(), Vec::new());
    for n in 0..rows {
        for y in 0..height {
            for x in 0..width {
                c_order.extend((0..channels).map(|c| value(n, y, x, c)));
            }
        }
    }
    for c in 0..channels {
        for x in 0..width {
            for y in 0..height {
                fortran.extend((0..rows).map(|n| value(n, y, x, c)));
            }
        }
    }
    let shape = "(2, 9, 10, 3)";
    npz(&dump.join("0.npz"), &npy(shape, false, &c_order), zip::CompressionMethod::Stored);
    npz(&dump.join("1.npz"), &npy(shape, false, &c_order), zip::CompressionMethod::Deflated);
    npz(&dump.join("2.npz"), &npy(shape, true, &fortran), zip::CompressionMethod::Deflated);
    let spec = "[inputs.image]\ndtype = \"uint8\"\nshape = [\"batch\", 9, 10, 3]\naxes = \"NHWC\"\n";
    let found = albums(scratch.path(), spec, true);
    let [album] = found.as_slice() else { panic!("{}", found.len()) };
    assert_eq!((album.grid.letters.as_str(), album.grid.basis, album.range.high), ("NHWC", Basis::Declared, 255.0));
    let wanted: Vec<f64> = c_order.iter().map(|byte| f64::from(*byte)).collect();
    let (first, second) = wanted.split_at(height * width * channels);
    assert_eq!(album.pictures.len(), 6);
    for picture in &album.pictures {
        let row = if picture.row == 0 { first } else { second };
        assert_eq!(picture.values, row, "batch {} row {}", picture.batch, picture.row);
    }
    // Declared otherwise, it is seen otherwise: 3 of 10 channels of images of 9 rows by 3 columns.
    let found = albums(scratch.path(), &spec.replace("NHWC", "NHCW").replace("9, 10, 3", "9, 3, 10"), true);
    assert_eq!((found[0].pictures[0].pick.whole, found[0].pictures[0].pick.channels), ((9, 3), 10));
    assert!(albums(scratch.path(), spec, false).is_empty());
}

#[test]
fn what_cannot_be_shown_is_said() {
    let folder = faults().into_iter().find(|path| path.ends_with("nan-in-input")).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let facts = scratch.path().join("facts.jsonl");
    let run = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_batchlint")).current_dir(&folder).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["check", "faulty", "--format", "html"]).contains("src=\"data:image/png;base64,"));
    run(&["inspect", "faulty", "--format", "jsonl", "-o", facts.to_str().unwrap()]);
    let saved = run(&["check", "--facts", facts.to_str().unwrap(), "--format", "html"]);
    assert!(!saved.contains("<img") && saved.contains("no thumbnails: the values stand in no file"));
    let headers = run(&["check", "faulty", "--headers-only", "--format", "html"]);
    assert!(!headers.contains("<img") && headers.contains("values not read: nothing asked for them"));
    assert!(headers.contains("Values were not read."));
}
