//! Every place where bytes come in, under damaged input: the targets of `fuzz/` with a plain mutator, fixed seeds and a fixed
//! number of rounds, so that it needs no nightly compiler and says the same everywhere. `MUTATE=N` makes N rounds of each,
//! `MUTATE_FROM=N` others, `MUTATE_ONLY=npy,onnx` those of some.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(clippy::print_stdout, reason = "how many inputs there were is part of the result")]

mod support;
#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

use support::corpus::corpus;
use support::recipe;
use targets::{TARGETS, target};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Rounds of each target.
const ROUNDS: u64 = 300;
/// Bytes of a seed: damage to more of them is rarely where it matters.
const LARGEST: u64 = 96 << 10;
/// Seeds of a target.
const SEEDS: usize = 200;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder whose names end so, in order.
fn below(folder: &Path, ends: &[&str]) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> =
        walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().into_path()).collect();
    paths.retain(|path| path.is_file() && path.metadata().unwrap().len() <= LARGEST);
    paths.retain(|path| ends.iter().any(|end| path.to_string_lossy().ends_with(end)));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// What the project has of each kind.
fn seeds() -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let (folder, files) = corpus();
    let small = |kind: &str| -> Vec<Vec<u8>> {
        let mine = files.iter().filter(|file| file["kind"] == kind && file["size"].as_u64() <= Some(LARGEST));
        mine.map(|file| fs::read(folder.join(file["path"].as_str().unwrap())).unwrap()).collect()
    };
    let models = root().join("fixtures/models");
    let npy = small("npy");
    let pickles = npy.iter().filter(|bytes| bytes.windows(2).any(|two| two == b"|O") && bytes.len() > 128);
    let mut seeds = BTreeMap::from([
        ("pickle", pickles.map(|bytes| bytes[128..].to_vec()).chain([b"cos\nsystem\n(Vx\ntR.".to_vec()]).collect()),
        ("npy", npy),
        ("npz", small("npz")),
        ("spec", specs()),
        ("capture", captures()),
        ("facts", facts()),
        ("keras", below(&models, &[".keras"])),
        ("hdf5", [below(&models, &[".h5"]), below(&root().join("fixtures/hdf5"), &[".h5"])].concat()),
        ("keras_json", below(&models, &["to_json.json"])),
        ("tflite", below(&models, &[".tflite"])),
        ("pt2", below(&models, &[".pt2"])),
        ("onnx", below(&models, &[".onnx"])),
        ("savedmodel", below(&models, &["saved_model.pb"])),
        ("openvino", below(&models, &[".xml"])),
        ("kserve", below(&models, &["metadata.json"])),
        ("preprocessor", below(&models, &["preprocessor_config.json"])),
        ("timm", below(&models, &["timm_config.json"])),
        ("triton", below(&models, &[".pbtxt"])),
        ("mlmodel", below(&models, &[".MLmodel"])),
        ("no_inputs", below(&models, &[".pt", ".safetensors"])),
    ]);
    for (name, seeds) in &mut seeds {
        assert!(!seeds.is_empty(), "{name} has nothing to start from");
        seeds.truncate(SEEDS);
    }
    seeds
}

/// The specs on the pages of the rules.
fn specs() -> Vec<Vec<u8>> {
    let pages = below(&root().join("docs"), &[".md"]);
    let blocks = pages.iter().flat_map(|page| {
        let text = String::from_utf8_lossy(page).into_owned();
        let parts: Vec<String> =
            text.split("```spec\n").skip(1).map(|rest| rest.split("```").next().unwrap().into()).collect();
        parts
    });
    blocks.map(String::into_bytes).chain(below(&root().join("examples"), &[".toml"])).collect()
}

/// Facts of a few batches, as `inspect` saves them.
fn facts() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let lines = ["image: float32[4, 8, 8, 3]; [0, 0] = nan", "label: int64[4] = [0, 1, 2]", "odd: object[4]"];
    for i in 0..3 {
        let name = format!("batch_{i}.npz");
        fs::write(folder.path().join(&name), recipe::npz(&name, &lines)).unwrap();
    }
    let saved = Command::new(env!("CARGO_BIN_EXE_batchlint"))
        .args(["inspect", "--format", "jsonl"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(saved.status.success() && saved.stdout.len() > 1000, "{saved:?}");
    vec![saved.stdout]
}

/// A program that hands out batches, as its frames.
fn captures() -> Vec<Vec<u8>> {
    let frame = |kind: u8, json: &str, payload: &[u8]| {
        let mut bytes = b"BLF1".to_vec();
        bytes.extend([kind, 1, 0, 0]);
        bytes.extend(u32::try_from(json.len()).unwrap().to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend((payload.len() as u64).to_le_bytes());
        [bytes, json.as_bytes().to_vec(), payload.to_vec()].concat()
    };
    let batch = |i: u32| {
        let leaf = |path: &str, descr: &str, dtype: &str, shape: &str, at: u32, bytes: u32| {
            format!(
                r#"{{"path":[{path}],"py":"numpy.ndarray","kind":"array","via":"numpy","descr":"{descr}","dtype":"{dtype}","shape":{shape},"strides":[8,4],"c":true,"f":false,"writeable":true,"aligned":true,"nbytes":{bytes},"off":{at},"len":{bytes}}}"#
            )
        };
        let leaves =
            [leaf("0,\"image\"", "<f4", "float32", "[4,2]", 0, 32), leaf("1", "<i8", "int64", "[4]", 32, 32)].join(",");
        let tree =
            r#"{"t":"tuple","py":"tuple","kids":[[0,{"t":"dict","py":"dict","kids":[["image","leaf"]]}],[1,"leaf"]]}"#;
        let payload: Vec<u8> = (0..8).flat_map(|at| (at as f32 * 0.25).to_le_bytes()).chain([0; 32]).collect();
        frame(2, &format!(r#"{{"run":0,"i":{i},"next_s":0.1,"site":0,"tree":{tree},"leaves":[{leaves}]}}"#), &payload)
    };
    let stream = [
        frame(0, r#"{"v":1,"python":"3.11.0","executable":"python"}"#, b""),
        frame(
            1,
            r#"{"target":"train.py:gen","run":0,"kind":"generator","class":"generator","import_s":0.1,"numpy":"2.0.0","frameworks":{"torch":"2.0"},"declared":{"call":{"file":"train.py","line":9,"func":"f"},"method":"fit","framework":"keras","model":"M","inputs":[{"name":"image","shape":[null,2],"dtype":"float32"}],"outputs":[{"name":"y","shape":[null,3],"dtype":"float32"}],"loss":"mse","whole":false}}"#,
            b"",
        ),
        frame(
            6,
            r#"{"id":0,"file":"train.py","path":"/train.py","encoding":"utf-8","on_disk":true}"#,
            b"def gen():\n    yield x, y\n",
        ),
        frame(
            8,
            r#"{"id":0,"source":0,"file":"train.py","func":"gen","kind":"yield","how":"exact","line":2,"span":[2,4,2,14],"through":[],"elements":[{"path":[0],"name":"x","source":0,"span":[2,10,2,11],"exact":true,"made":[],"became":[]}]}"#,
            b"",
        ),
        batch(0),
        frame(
            9,
            r#"{"batch":1,"count":4,"groups":[{"path":[0],"dtype":"float32","shape":[2],"count":3,"first":0}],"lost":[{"key":"y","missing":1,"first":2}]}"#,
            b"",
        ),
        batch(1),
        batch(2),
        frame(
            3,
            r#"{"batch":3,"what":"exception","phase":"next","error":{"type":"ValueError","module":"builtins","message":"bad","notes":[],"frames":[{"file":"train.py","line":2,"func":"gen","user":true,"source":0,"span":[2,4,2,14]}],"text":"ValueError: bad"}}"#,
            b"",
        ),
        frame(
            4,
            r#"{"run":0,"reason":"exception","batches":3,"wall_s":0.1,"next_ms":{"min":1,"median":1,"max":2}}"#,
            b"",
        ),
    ];
    vec![stream.concat()]
}

/// Numbers without end, the same on every machine (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    /// A number below that one, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}

/// Numbers at which something ends.
const EDGES: [u64; 12] =
    [0, 1, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 40, i64::MAX as u64, u64::MAX];

/// Damages the bytes in one to four ways.
fn damage(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        if bytes.is_empty() {
            bytes.extend_from_slice(if other.is_empty() { b"\0" } else { other });
        }
        let at = dice.below(bytes.len().max(1));
        let end = (at + 1 + dice.below(32)).min(bytes.len());
        match dice.below(9) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = dice.next().to_le_bytes()[0],
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].to_vec();
                let most = if dice.below(8) == 0 { 2000 } else { 4 };
                let times = 1 + dice.below(most);
                bytes.splice(at..at, part.repeat(times));
            }
            4 => bytes.truncate(at),
            5 if !other.is_empty() => {
                let from = dice.below(other.len());
                let to = (from + 1 + dice.below(256)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            6 => {
                let edge = EDGES[dice.below(EDGES.len())].to_le_bytes();
                let width = 1 << dice.below(4);
                let width = width.min(bytes.len() - at);
                bytes[at..at + width].copy_from_slice(&edge[..width]);
            }
            7 => {
                // A number in text becomes another one.
                let start = bytes[at..].iter().position(u8::is_ascii_digit).map_or(at, |digit| at + digit);
                let digits = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let sign = if dice.below(4) == 0 { "-" } else { "" };
                let text = format!("{sign}{}", EDGES[dice.below(EDGES.len())]);
                bytes.splice(start..start + digits, text.bytes());
            }
            _ => {
                let marks = [
                    &b"["[..],
                    b"{",
                    b"(",
                    b"\"",
                    b"'",
                    b"\\",
                    b"\0",
                    b"\n",
                    b"\xff",
                    b"\xe2\x80\xae",
                    b"\x1b[",
                    b"-",
                    b"e999",
                ];
                let mark = marks[dice.below(marks.len())];
                let most = if dice.below(8) == 0 { 4000 } else { 2 };
                bytes.splice(at..at, mark.repeat(1 + dice.below(most)));
            }
        }
    }
}

/// An archive one of whose members is damaged, with a checksum that fits; `None` where the bytes are no archive.
fn repacked(bytes: &[u8], other: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let mut old = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    let hit = dice.below(old.len().max(1));
    for index in 0..old.len() {
        let mut member = old.by_index(index).ok()?;
        let name = member.name().ok()?.into_owned();
        let mut content = Vec::new();
        member.by_ref().take(LARGEST).read_to_end(&mut content).ok()?;
        if index == hit {
            damage(&mut content, other, dice);
        }
        let method = if dice.below(2) == 0 { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        new.start_file(name, SimpleFileOptions::default().compression_method(method)).ok()?;
        new.write_all(&content).ok()?;
    }
    Some(new.finish().ok()?.into_inner())
}

/// What a target does with the bytes is to return.
fn survives(name: &str, folder: &Path, bytes: &[u8]) -> Result<(), String> {
    let ran = catch_unwind(AssertUnwindSafe(|| (target(name).run)(folder, bytes)));
    ran.map_err(|_| {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-{name}-{:08x}", crc32fast::hash(bytes)));
        fs::write(&kept, bytes).unwrap();
        format!("{name}: {} makes it panic: move it to fixtures/crashes/{name}/", kept.display())
    })
}

#[test]
fn no_damage_makes_any_reader_panic() {
    let rounds = std::env::var("MUTATE").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let start = std::env::var("MUTATE_FROM").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0_u64);
    let only = std::env::var("MUTATE_ONLY").unwrap_or_default();
    let only: Vec<_> = only.split(',').filter(|name| !name.is_empty()).map(|name| target(name).name).collect();
    let seeds = seeds();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let wanted = TARGETS.iter().filter(|target| only.is_empty() || only.contains(&target.name));
        let halves = wanted.enumerate().fold([Vec::new(), Vec::new()], |mut halves, (at, target)| {
            halves[at % 2].push(target);
            halves
        });
        let threads = halves.map(|half| {
            let seeds = &seeds;
            scope.spawn(move || {
                half.iter()
                    .flat_map(|target| damaged(target.name, &seeds[target.name], start..start + rounds))
                    .collect::<Vec<_>>()
            })
        });
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The inputs of these rounds that make a target panic.
fn damaged(name: &str, seeds: &[Vec<u8>], rounds: std::ops::Range<u64>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let begun = std::time::Instant::now();
    // With its round.
    let mut slowest = (std::time::Duration::ZERO, rounds.start);
    let count = rounds.end - rounds.start;
    let mut wrong = Vec::new();
    for round in rounds {
        let mut dice = Dice(u64::from(crc32fast::hash(name.as_bytes())) << 32 | round);
        let (seed, other) = (&seeds[dice.below(seeds.len())], &seeds[dice.below(seeds.len())]);
        let packed = if dice.below(2) == 0 { repacked(seed, other, &mut dice) } else { None };
        let bytes = packed.unwrap_or_else(|| {
            let mut bytes = seed.clone();
            damage(&mut bytes, other, &mut dice);
            bytes
        });
        let one = std::time::Instant::now();
        wrong.extend(survives(name, folder.path(), &bytes).err());
        slowest = slowest.max((one.elapsed(), round));
    }
    println!(
        "{name}: {count} inputs in {:.1} s, the slowest, of round {}, {:.2} s, {} panics",
        begun.elapsed().as_secs_f64(),
        slowest.1,
        slowest.0.as_secs_f64(),
        wrong.len()
    );
    wrong
}

#[test]
fn what_made_it_panic_once_never_does_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for target in TARGETS {
        let folder_of = root().join("fixtures/crashes").join(target.name);
        for bytes in folder_of.is_dir().then(|| below(&folder_of, &[""])).into_iter().flatten() {
            survives(target.name, folder.path(), &bytes).unwrap();
            tried += 1;
        }
    }
    assert!(tried > 0, "fixtures/crashes is gone");
}

/// Corpora for `scripts/fuzz`: with `SEEDS=FOLDER` they are written there.
#[test]
fn seeds_are_written() {
    let seeds = seeds();
    assert_eq!(seeds.len(), TARGETS.len());
    let Some(folder) = std::env::var_os("SEEDS").map(PathBuf::from) else { return };
    for (name, seeds) in seeds {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).unwrap();
        for bytes in seeds {
            fs::write(folder.join(format!("seed-{:08x}", crc32fast::hash(&bytes))), bytes).unwrap();
        }
    }
}
