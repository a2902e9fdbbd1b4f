//! The binary, run as a user would: with a limit on time, so that what hangs is told apart from what is slow.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::support::recipe;

/// What takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// The command, in a folder.
pub(crate) fn batchlint(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_batchlint"));
    command.args(arguments).current_dir(folder).env_remove("NO_COLOR").env_remove("FORCE_COLOR");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end, which has to come.
pub(crate) fn output(command: &mut Command) -> Output {
    finished(command.spawn().unwrap())
}

/// Waits for the end of a process, which has to come.
pub(crate) fn finished(mut child: Child) -> Output {
    let drain = |from: Option<Box<dyn std::io::Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.map(|mut from| from.read_to_end(&mut bytes));
            bytes
        })
    };
    let stdout = drain(child.stdout.take().map(|out| Box::new(out) as _));
    let stderr = drain(child.stderr.take().map(|out| Box::new(out) as _));
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it hangs: {}", String::from_utf8_lossy(&stderr.join().unwrap()));
        }
        sleep(Duration::from_millis(5));
    };
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// Runs `batchlint` with these arguments: the exit code, what it printed, and what it said beside.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    told(output(&mut batchlint(folder, arguments)))
}

pub(crate) fn told(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("batchlint hit a bug"), "{err}");
    (output.status.code(), out, err)
}

/// A folder that is a project of its own.
pub(crate) fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    folder
}

/// Writes an array that nothing is wrong with.
pub(crate) fn array(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, recipe::npy("x", &["float32[64, 8]"])).unwrap();
    path
}

/// A .npy file of that many float32, without a byte of them on the disk.
pub(crate) fn sparse(path: &Path, elements: u64) {
    use std::io::Write as _;
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({elements},), }}");
    let mut file = fs::File::create(path).unwrap();
    file.write_all(b"\x93NUMPY\x01\0\x76\0").unwrap();
    file.write_all(format!("{header:<117}\n").as_bytes()).unwrap();
    file.set_len(128 + 4 * elements).unwrap();
}

/// The names in a folder and below, without folders.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

/// Sends a signal as the system does.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until something is so, and fails if the process ends before.
pub(crate) fn until(child: &mut Child, mut so: impl FnMut(&Child) -> bool) {
    let started = Instant::now();
    while !so(child) {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        assert!(started.elapsed() < PATIENCE, "it never comes");
        sleep(Duration::from_millis(2));
    }
}

/// Whether we may read what nobody may: as the superuser every file can be read.
pub(crate) fn is_superuser() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

/// A test that cannot be made here says so.
#[allow(clippy::print_stdout, reason = "for whoever reads the output of the tests")]
pub(crate) fn skip(what: &str, why: &str) {
    println!("skipped: {what}: {why}");
}
