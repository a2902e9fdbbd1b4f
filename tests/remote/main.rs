//! Data in object stores: the same findings as in files, few requests, and a word for everything that can go wrong on the way.
//! The store is a thread of the test; nothing leaves the machine.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod faults;
mod hostile;
mod interrupts;
mod requests;
mod same;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod web;
mod who;

use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use server::Server;
use support::dump::Plain;
use tempfile::TempDir;

/// Long after everything is over that does not hang.
const HUNG: Duration = Duration::from_secs(170);

/// An empty folder that is a project of its own, to run in.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    folder
}

/// The command in the folder, with nothing in its environment that says who asks.
fn nobody(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_batchlint"));
    command.args(arguments).current_dir(folder.path()).env_clear().env("HOME", folder.path());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The command for the server.
fn command(server: &Server, folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = nobody(folder, arguments);
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", server.port));
    command.env("AWS_ACCESS_KEY_ID", "key").env("AWS_SECRET_ACCESS_KEY", "secret").env("AWS_REGION", "us-east-1");
    command
}

/// Waits for the end, and panics where it hangs or panicked itself.
fn ended(child: Child) -> Output {
    let id = child.id();
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let begun = Instant::now();
        let hung = receiver.recv_timeout(HUNG).is_err_and(|_| begun.elapsed() >= HUNG);
        if hung {
            let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        }
        hung
    });
    let output = child.wait_with_output().unwrap();
    drop(sender);
    assert!(!watch.join().unwrap(), "it hangs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    output
}

/// Runs a command to its end.
fn run(mut command: Command) -> Output {
    ended(command.spawn().unwrap())
}

/// `check --format json` of what the arguments say: the exit code and the report.
fn checked(server: &Server, arguments: &[&str]) -> (i32, Value) {
    let arguments = [&["check", "--format", "json"], arguments].concat();
    report(&run(command(server, &folder(), &arguments)))
}

/// The exit code and the report.
fn report(output: &Output) -> (i32, Value) {
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    });
    (output.status.code().unwrap(), report)
}

/// What is found, each as `rule: message`.
fn findings(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = report["diagnostics"].as_array().unwrap().iter();
    found.map(|finding| format!("{}: {}", text(&finding["rule"]), text(&finding["message"]))).collect()
}

/// A batch with values as data has them, and so many rows that it has about so many bytes.
fn batch(bytes: usize, seed: u32) -> Vec<u8> {
    let rows = (bytes.saturating_sub(128) / 16).max(1);
    Plain {
        name: "x".into(),
        descr: "<f4".into(),
        shape: vec![rows as u64, 4],
        data: noise(rows * 4, seed),
        fortran: false,
    }
    .npy()
}

/// So many float32 between 0 and 1 that say nothing.
#[allow(clippy::cast_precision_loss, reason = "any number will do")]
fn noise(values: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let value = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0
    };
    (0..values).map(value).flat_map(f32::to_le_bytes).collect()
}
