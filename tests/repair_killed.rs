//! Repairs that do not come to their end: killed at any moment, on a disk that is full, in a folder that may not be written
//! to. Every file is the old one or the new one, whole.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use batchlint::fix::data::plan::{Content, FilePlan, Output, Part};
use batchlint::fix::data::step::Step;
use batchlint::fix::replace::sweep;
use batchlint::source::SourceKind;
use support::repair::{Looked, cast, doubles, member, names, npy, npz, one, part, tree};

/// Says which folder the process is to repair: set where the test starts itself anew.
const FOLDER: &str = "BATCHLINT_TEST_REPAIRS";
/// Moments at which it is killed.
const MOMENTS: u32 = 250;
/// Doubles of an array.
const COUNT: usize = 10_000;

/// What stands in the folder before.
fn old() -> BTreeMap<String, Vec<u8>> {
    let array = npy("<f8", false, &format!("({COUNT},)"), &doubles(COUNT));
    let turned = npy(">f8", true, &format!("({}, 100)", COUNT / 100), &doubles(COUNT));
    let mut files = BTreeMap::new();
    for at in 0..4 {
        files.insert(format!("a_{at}.npy"), array.clone());
        files.insert(
            format!("b_{at}.npz"),
            npz(&[("x.npy", at % 2 == 0, &turned), ("README.txt", false, b"read me"), ("y.npy", false, &array)]),
        );
    }
    files.insert("cut.npz".into(), npz(&[("x.npy", false, &turned), ("y.npy", true, &turned)]));
    files.insert("name.npz".into(), array);
    files
}

/// What is done to a file that was not repaired yet.
fn plan(looked: &Looked) -> Option<FilePlan> {
    let path = &looked.path;
    let name = path.file_name()?.to_string_lossy().into_owned();
    if looked.facts.arrays.first()?.header.dtype.size == 4 {
        return None;
    }
    let content = match (name.as_str(), looked.facts.kind) {
        ("name.npz", _) => return Some(one(&path.with_extension("npy"), Content::Same)),
        ("name.npy", _) => return None,
        ("cut.npz", _) => {
            let rows = looked.facts.arrays[0].header.shape[0];
            let output = |at: u64| {
                let rows = rows * at / 5..rows * (at + 1) / 5;
                let part = |array| Part { array, steps: cast("float32"), rows: Some(rows.clone()) };
                let members = vec![member("x.npy", part(0)), member("y.npy", part(1))];
                Output {
                    path: path.with_file_name(format!("cut_{at}.npz")),
                    content: Content::Npz { members, leave: vec![] },
                }
            };
            return Some(FilePlan { source: 0, outputs: (0..5).map(output).collect() });
        }
        (_, SourceKind::Npy) => Content::Npy(part(0, cast("float32"))),
        _ => {
            let members = vec![member("x.npy", part(0, cast("float32"))), member("y.npy", part(1, cast("float32")))];
            Content::Npz { members, leave: vec![] }
        }
    };
    Some(one(path, content))
}

/// Repairs everything in a folder, as a run does it. Gives what was refused.
fn repair(folder: &Path) -> Vec<String> {
    sweep(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let wanted = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "npy" || extension == "npz");
    let mut refused = Vec::new();
    for path in paths.into_iter().filter(wanted) {
        let looked = Looked::at(&path);
        if let Some(plan) = plan(&looked) {
            refused.extend(looked.in_place(&plan).err().map(|refused| refused.why));
        }
    }
    refused
}

/// What a test that started itself anew does instead: it repairs a folder, and says when it starts and what was refused.
#[test]
fn the_process_that_repairs() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    println!("starts");
    for why in repair(Path::new(&folder)) {
        println!("refused: {why}");
    }
    println!("ended");
}

fn process(folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_process_that_repairs", "--nocapture"]).env(FOLDER, folder).stdout(Stdio::piped());
    command
}

/// A new folder with these files; in memory where there is such a place, as the disk is not what is tested.
fn folder(files: &BTreeMap<String, Vec<u8>>) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// Where a process that was killed has got to: what is wrong with it, if anything.
fn wrong(folder: &Path, old: &BTreeMap<String, Vec<u8>>, new: &BTreeMap<String, Vec<u8>>) -> Option<String> {
    let found: BTreeMap<String, Vec<u8>> =
        tree(folder).into_iter().filter(|(name, _)| !name.starts_with('.')).collect();
    for (name, bytes) in &found {
        if old.get(name) != Some(bytes) && new.get(name) != Some(bytes) {
            return Some(format!("{name} is neither old nor new"));
        }
    }
    for name in old.keys() {
        let successors: Vec<&String> = match name.as_str() {
            "cut.npz" => new.keys().filter(|name| name.starts_with("cut_")).collect(),
            "name.npz" => vec![new.keys().find(|name| *name == "name.npy")?],
            _ => vec![name],
        };
        if !found.contains_key(name) && !successors.iter().all(|name| found.contains_key(*name)) {
            return Some(format!("{name} is gone, and what takes its place is not there"));
        }
    }
    None
}

#[test]
fn killed_at_any_moment_every_file_is_old_or_new() {
    let old = old();
    let whole = folder(&old);
    let mut usual = Duration::ZERO;
    for _ in 0..3 {
        for (name, bytes) in &old {
            fs::write(whole.path().join(name), bytes).unwrap();
        }
        let mut child = process(whole.path()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("starts")));
        let start = Instant::now();
        let said: Vec<String> = lines.map(Result::unwrap).collect();
        assert!(child.wait().unwrap().success() && said.iter().any(|line| line == "ended"), "{said:?}");
        usual = start.elapsed();
    }
    let new: BTreeMap<String, Vec<u8>> = tree(whole.path()).into_iter().collect();
    assert_eq!(new.keys().filter(|name| name.starts_with("cut_")).count(), 5);
    assert!(new.contains_key("name.npy") && !new.contains_key("name.npz") && !new.contains_key("cut.npz"));
    let (mut early, mut late, mut left) = (0, 0, 0);
    for moment in 0..MOMENTS {
        let folder = folder(&old);
        let mut child = process(folder.path()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.ends_with("starts\n") {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0);
        }
        // All over the time that it takes, and a little beyond.
        std::thread::sleep(usual.mul_f64(f64::from(moment) * 1.1 / f64::from(MOMENTS)));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(wrong(folder.path(), &old, &new), None, "killed at moment {moment} of {MOMENTS}");
        let names_left = names(folder.path());
        left += usize::from(names_left.iter().any(|name| name.starts_with('.')));
        early += u32::from(names_left.iter().any(|name| name == "cut.npz"));
        late += u32::from(tree(folder.path()) == new.clone().into_iter().collect::<Vec<_>>());
        // The next run ends what was begun, and tidies up.
        assert_eq!(repair(folder.path()), Vec::<String>::new());
        assert_eq!(tree(folder.path()), new.clone().into_iter().collect::<Vec<_>>(), "moment {moment}");
    }
    println!(
        "{MOMENTS} processes were killed: {early} before the cut, {late} at the end, {left} while a file was written"
    );
    assert!(left > 0, "none was killed while it wrote");
}

/// A file system of its own, of so many bytes. It goes with this.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(bytes: usize) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        mount.status().ok()?.success().then(|| Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_left() {
    let Some(disk) = Disk::new(2 << 20) else {
        println!("not tested: no file system may be mounted here");
        return;
    };
    // It is known before that there is no room.
    let path = disk.0.path().join("x.npy");
    let looked = Looked::new(&path, &npy("<f4", false, "(400000,)", &vec![0; 1_600_000]));
    let why = looked.refused(&one(&path, Content::Npy(part(0, cast("float64")))));
    assert!(why.starts_with("the disk has ") && why.ends_with(" are needed beside the old file"), "{why}");
    fs::remove_file(&path).unwrap();
    // It only shows while it is written: what deflates well in one order does not in another.
    let runs: Vec<u8> = doubles(6_250).iter().flat_map(|byte| [*byte; 100]).collect();
    let path = disk.0.path().join("x.npz");
    let looked = Looked::new(&path, &npz(&[("x.npy", true, &npy("|u1", false, "(50000, 100)", &runs))]));
    let members = vec![member("x.npy", part(0, Some(vec![Step::Transpose(vec![1, 0])])))];
    let why = looked.refused(&one(&path, Content::Npz { members, leave: vec![] }));
    assert!(why.starts_with("the disk is full ("), "{why}");
}

#[test]
fn a_folder_that_may_not_be_written_to_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let file = BTreeMap::from([("a_0.npy".to_owned(), npy("<f8", false, "(2,)", &doubles(2)))]);
    let folder = folder(&file);
    fs::set_permissions(folder.path().join("a_0.npy"), fs::Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let superuser = fs::write(folder.path().join("probe"), "").is_ok();
    let mut command = if superuser {
        // It writes where nobody may, so somebody else has to try.
        fs::remove_file(folder.path().join("probe")).unwrap();
        let mut command = Command::new("setpriv");
        let child = process(folder.path());
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(child.get_program());
        command.args(child.get_args()).env(FOLDER, folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    } else {
        process(folder.path())
    };
    let output = command.output();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if superuser && !said.contains("starts") {
        println!("not tested: as the superuser, and nobody else can start the test");
        return;
    }
    assert!(said.contains("a_0.npy` is not repaired: its folder cannot be written to ("), "{said}");
    assert_eq!(tree(folder.path()), file.into_iter().collect::<Vec<_>>());
}
