//! An object is the same as a file: of whatever is in it the report says the same, word for word.

use std::fs;
use std::path::Path;

use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::Value;
use tempfile::TempDir;

use super::server::{BUCKET, Server};
use super::support::corpus::corpus;
use super::support::dump::write_npz;
use super::support::recipe;
use super::{batch, command, folder, run};

/// Sizes at which something else is done: the first bytes of a .npy, the end of an archive, one that is fetched whole, windows
/// of values.
const LIMITS: [usize; 5] = [4 << 10, 16 << 10, 64 << 10, 256 << 10, 2 << 20];

/// All that is known of what is there.
const INSPECT: &[&str] = &["inspect", "--format", "jsonl"];

/// A server with the files of the folder that stand in the list.
fn mirrored(folder: &Path, names: &[String]) -> Server {
    let server = Server::new();
    for name in names {
        server.put(name, fs::read(folder.join(name)).unwrap());
    }
    server
}

/// The report of a command, with addresses as paths. What a finding is known by comes from its path.
fn said(server: &Server, folder: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(command(server, folder, arguments));
    let text = String::from_utf8(output.stdout).unwrap().replace(&format!("s3://{BUCKET}/"), "");
    let lines = text.lines().filter(|line| !line.contains("\"fingerprint\""));
    (output.status.code(), lines.collect::<Vec<_>>().join("\n"))
}

/// Asserts that everything that is said of the files and of the objects is equal, and gives what a whole check said.
fn assert_same(folder: &TempDir, names: &[String]) -> Value {
    let server = mirrored(folder.path(), names);
    let addresses: Vec<String> = names.iter().map(|name| format!("s3://{BUCKET}/{name}")).collect();
    let mut report = Value::Null;
    for command in [&["check", "--format", "json", "--headers-only"][..], &["check", "--format", "json"], INSPECT] {
        let with = |paths: &[String]| -> (Option<i32>, String) {
            let paths = paths.iter().map(String::as_str);
            said(&server, folder, &command.iter().copied().chain(paths).collect::<Vec<_>>())
        };
        let (files, objects) = (with(names), with(&addresses));
        if files != objects {
            let lines = files.1.lines().zip(objects.1.lines());
            let differ: Vec<_> = lines.filter(|(file, object)| file != object).take(5).collect();
            panic!("{command:?} exits with {:?} and {:?}: {differ:#?}", files.0, objects.0);
        }
        assert!(files.0.is_some_and(|code| code < 2), "{command:?}: {files:?}");
        if command[0] == "check" {
            report = serde_json::from_str(&files.1).unwrap();
        }
    }
    report
}

#[test]
fn the_corpus_is_the_same() {
    let (source, records) = corpus();
    let folder = folder();
    let mut names = Vec::new();
    for name in records.iter().map(|record| record["path"].as_str().unwrap().to_owned()) {
        let path = source.join(&name);
        let is_array = matches!(name.rsplit_once('.'), Some((_, "npy" | "npz")));
        if !is_array || !path.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() < 8 << 20) {
            continue;
        }
        fs::create_dir_all(folder.path().join(&name).parent().unwrap()).unwrap();
        fs::copy(&path, folder.path().join(&name)).unwrap();
        names.push(name);
    }
    assert!(names.len() > 300, "{}", names.len());
    let report = assert_same(&folder, &names);
    assert!(report["diagnostics"].as_array().unwrap().len() > 10);
}

#[test]
fn random_dumps_around_every_limit_are_the_same() {
    let folder = folder();
    let mut names = Vec::new();
    let mut add = |name: String, bytes: &[u8]| {
        fs::write(folder.path().join(&name), bytes).unwrap();
        names.push(name);
    };
    let seed = Config { rng_seed: RngSeed::Fixed(7), ..Config::default() };
    let mut runner = TestRunner::new(seed);
    let mut any = |most: usize| {
        use proptest::strategy::{Strategy as _, ValueTree as _};
        (0..most).new_tree(&mut runner).unwrap().current()
    };
    for (place, limit) in LIMITS.into_iter().enumerate() {
        for (seed, near) in [limit - 1 - any(100), limit - 16, limit, limit + 16 + any(300)].into_iter().enumerate() {
            let seed = u32::try_from(seed).unwrap();
            let whole = batch(near, seed);
            add(format!("n{place}_{seed}.npy"), &whole);
            add(format!("cut{place}_{seed}.npy"), &whole[..near.min(whole.len()) - any(near / 2) - 1]);
            let member = |name: &str, bytes: usize| (name.to_owned(), batch(bytes, seed));
            let parts = [member("x.npy", near / 3), member("y.npy", near / 3), member("z.npy", near / 3)];
            for deflated in [false, true] {
                let archive = write_npz(&parts, deflated);
                add(format!("z{place}_{seed}_{deflated}.npz"), &archive);
                // One bit somewhere, and an end that is missing.
                let (mut flipped, at) = (archive.clone(), any(archive.len()));
                flipped[at] ^= 1 << any(8);
                add(format!("flip{place}_{seed}_{deflated}.npz"), &flipped);
                add(format!("end{place}_{seed}_{deflated}.npz"), &archive[..archive.len() - 1 - any(limit / 2)]);
            }
        }
    }
    let report = assert_same(&folder, &names);
    let errors = report["diagnostics"].as_array().unwrap().iter().filter(|finding| finding["level"] == "error");
    assert!(errors.count() >= 3, "{report:#}");
}

#[test]
fn arrays_behind_one_another_are_the_same() {
    let folder = folder();
    let line = |rows: usize| format!("float32[{rows}, 4]");
    let of = |rows: &[usize]| {
        let lines: Vec<String> = rows.iter().map(|rows| line(*rows)).collect();
        recipe::npy("x", &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let all = [&[4; 3][..], &[4; 100], &[250, 2, 300], &[5000, 5000, 1], &[60_000, 3]].map(of);
    let names: Vec<String> = (0..all.len()).map(|place| format!("several_{place}.npy")).collect();
    for (name, bytes) in names.iter().zip(&all) {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    assert_same(&folder, &names);
}

/// The archive with a comment at its end.
fn commented(mut archive: Vec<u8>, comment: usize) -> Vec<u8> {
    let end = archive.len() - 2;
    archive[end..].copy_from_slice(&u16::try_from(comment).unwrap().to_le_bytes());
    archive.extend(std::iter::repeat_n(b'c', comment));
    archive
}

#[test]
fn archives_of_any_number_of_members_are_the_same() {
    let folder = folder();
    let mut names = Vec::new();
    for members in [1_usize, 100, 3000] {
        let parts: Vec<_> =
            (0..members).map(|n| (format!("k{n}.npy"), batch(200, u32::try_from(n).unwrap()))).collect();
        for deflated in [false, true] {
            let archive = write_npz(&parts, deflated);
            for comment in [0, 300, 20_000, 65_000] {
                let name = format!("m{members}_{deflated}_{comment}.npz");
                fs::write(folder.path().join(&name), commented(archive.clone(), comment)).unwrap();
                names.push(name);
            }
        }
    }
    assert_same(&folder, &names);
}

#[test]
fn a_folder_and_a_glob_find_what_they_find_in_files() {
    let folder = folder();
    let names =
        ["d/a_2.npy", "d/a_10.npy", "d/deep/er/x.npz", "d/b.NPY", "d/not.txt", "d/odd name+%25é.npy", "e/a.npy"];
    for name in names {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = if name.ends_with("npz") {
            write_npz(&[("x.npy".to_owned(), batch(500, 1))], false)
        } else {
            batch(500, 2)
        };
        fs::write(path, bytes).unwrap();
    }
    let server = mirrored(folder.path(), &names.map(str::to_owned));
    server.page(2);
    for (argument, found) in [
        ("d", 5),
        ("d/", 5),
        ("d/a*.npy", 2),
        ("*/a*", 3),
        ("d/**/*.npz", 1),
        ("d/*", 5),
        ("d/[ab]*", 3),
        ("{d,e}/a*.npy", 3),
    ] {
        let far = format!("s3://{BUCKET}/{argument}");
        let files = said(&server, &folder, &[INSPECT, &[argument]].concat());
        let objects = said(&server, &folder, &[INSPECT, &[&far]].concat());
        let sources = files.1.lines().filter(|line| line.contains("\"path\"")).count();
        assert_eq!(sources, found, "{argument}: {}", files.1);
        assert_eq!(files, objects, "{argument}");
    }
}

#[test]
fn against_may_be_in_a_store() {
    let folder = folder();
    let names = ["train/x.npy".to_owned(), "val/x.npy".to_owned()];
    for name in &names {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), batch(4000, 3)).unwrap();
    }
    let server = mirrored(folder.path(), &names);
    let check = ["check", "--format", "json"];
    let files = said(&server, &folder, &[&check[..], &["val", "--against", "train"]].concat());
    let (val, train) = (format!("s3://{BUCKET}/val"), format!("s3://{BUCKET}/train"));
    let objects = said(&server, &folder, &[&check[..], &[&val, "--against", &train]].concat());
    assert!(files.1.contains("\"rule\": \"split-overlap\""), "{}", files.1);
    assert_eq!(files, objects);
}
