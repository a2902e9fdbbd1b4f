//! What `cargo install` and the source distribution get: everything that is compiled in, and little else.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

/// The most that the files of the package may take, in bytes: fixtures and benchmarks do not belong there.
const LARGEST: u64 = 5_000_000;

fn packaged() -> BTreeSet<PathBuf> {
    let done = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().lines().map(PathBuf::from).collect()
}

#[test]
fn what_is_compiled_in_is_packaged() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packaged = packaged();
    let mut included = 0;
    for source in packaged.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = fs::read_to_string(root.join(source)).unwrap();
        let arguments = text.split("include_str!(").skip(1).chain(text.split("include_bytes!(").skip(1));
        for argument in arguments {
            let Some(name) = argument.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            let path = plain(&source.parent().unwrap().join(name));
            assert!(packaged.contains(&path), "{} includes {}: add it to Cargo.toml", source.display(), path.display());
            included += 1;
        }
    }
    assert!(included > 80, "every rule includes its page, and {included} files are included");
}

#[test]
fn the_package_is_small_and_holds_what_users_install() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packaged = packaged();
    for name in
        ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "assets/man/batchlint.1", "assets/completions/_batchlint"]
    {
        assert!(packaged.contains(Path::new(name)), "{name} is missing");
    }
    let folders: BTreeSet<_> = packaged.iter().filter_map(|path| path.components().next()).collect();
    for unwanted in ["tests", "fixtures", "benches", "fuzz", "site", "dist", "target"] {
        assert!(!folders.contains(&Component::Normal(unwanted.as_ref())), "{unwanted}/ is packaged");
    }
    let bytes: u64 = packaged.iter().filter_map(|path| fs::metadata(root.join(path)).ok()).map(|file| file.len()).sum();
    assert!(bytes < LARGEST, "the package has grown to {bytes} bytes");
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}
