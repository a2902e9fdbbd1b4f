//! tmp
use std::path::PathBuf;
/// t
#[derive(Debug)]
pub struct Target {
    /// p
    pub path: PathBuf,
    /// r
    pub root: String,
}
/// w
#[derive(Debug)]
pub struct Walked {
    /// t
    pub targets: Vec<Target>,
    /// m
    pub missed: Vec<super::Missed>,
}
/// walk
pub fn walk(paths: &[PathBuf]) -> Walked {
    let mut targets = Vec::new();
    for p in paths {
        if p.is_dir() {
            for e in walkdir::WalkDir::new(p).sort_by_file_name().into_iter().flatten() {
                if e.file_type().is_file() && e.path().extension().is_some_and(|x| x == "npy" || x == "npz") {
                    let q = e.path().strip_prefix(".").unwrap_or(e.path()).to_owned();
                    targets.push(Target { path: q, root: p.strip_prefix(".").unwrap_or(p).display().to_string() });
                }
            }
        } else {
            targets.push(Target { path: p.clone(), root: String::new() });
        }
    }
    Walked { targets, missed: vec![] }
}
