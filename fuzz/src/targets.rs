//! What is fuzzed: every place where bytes from outside come in, each with the whole of what follows in the tool. The fuzz
//! targets and `tests/mutate.rs` run the same.

use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use batchlint::config::limits::Limits;
use batchlint::config::{Overrides, Settings};
use batchlint::error::Text;
use batchlint::render::{self, OutputFormat, Page};
use batchlint::run::{self, Checked, live};
use batchlint::source::Progress;
use batchlint::source::capture::child::Channel;
use batchlint::spec::{import, load};
use batchlint::values::pickle::Walker;

/// One place where bytes come in.
pub(crate) struct Target {
    /// Its name, and that of its corpus.
    pub(crate) name: &'static str,
    /// Takes the bytes. Whatever they are, it returns. The folder is empty but for what it leaves there itself.
    pub(crate) run: fn(&Path, &[u8]),
}

/// All of them.
pub(crate) static TARGETS: &[Target] = &[
    Target { name: "npy", run: |folder, data| check(folder, "x.npy", data) },
    Target { name: "npz", run: |folder, data| check(folder, "x.npz", data) },
    Target { name: "spec", run: spec },
    Target { name: "capture", run: capture },
    Target { name: "facts", run: facts },
    Target { name: "pickle", run: pickle },
    Target { name: "keras", run: |folder, data| model(folder, "model.keras", data) },
    Target { name: "hdf5", run: |folder, data| model(folder, "model.h5", data) },
    Target { name: "keras_json", run: |folder, data| model(folder, "model.json", data) },
    Target { name: "tflite", run: |folder, data| model(folder, "model.tflite", data) },
    Target { name: "pt2", run: |folder, data| model(folder, "model.pt2", data) },
    Target { name: "onnx", run: |folder, data| model(folder, "model.onnx", data) },
    Target { name: "savedmodel", run: |folder, data| model(folder, "saved_model.pb", data) },
    Target { name: "openvino", run: |folder, data| model(folder, "model.xml", data) },
    Target { name: "kserve", run: |folder, data| model(folder, "metadata.json", data) },
    Target { name: "preprocessor", run: |folder, data| model(folder, "preprocessor_config.json", data) },
    Target { name: "timm", run: |folder, data| model(folder, "config.json", data) },
    Target { name: "triton", run: |folder, data| model(folder, "config.pbtxt", data) },
    Target { name: "mlmodel", run: |folder, data| model(folder, "MLmodel", data) },
    Target { name: "no_inputs", run: |folder, data| model(folder, "model.pt", data) },
];

/// The target of that name.
pub(crate) fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("a target of that name")
}

fn written(folder: &Path, name: &str, data: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, data).expect("a file in the folder");
    path
}

/// The project ends in the folder, so that no spec above it applies.
fn settings(folder: &Path) -> Settings {
    let _ = fs::create_dir(folder.join(".git"));
    Settings { directory: folder.to_owned(), shows_data: true, ..Settings::default() }
}

/// A dump of one file, judged by every rule and drawn in every format.
fn check(folder: &Path, name: &str, data: &[u8]) {
    let settings = Settings { paths: vec![written(folder, name, data)], ..settings(folder) };
    if let Ok(checked) = run::check(&settings, &Progress::default()) {
        draw("check", &checked);
    }
}

/// Facts that were saved, judged.
fn facts(folder: &Path, data: &[u8]) {
    let settings = Settings { facts: vec![written(folder, "facts.jsonl", data)], ..settings(folder) };
    if let Ok(checked) = run::check(&settings, &Progress::default()) {
        draw("check", &checked);
    }
}

fn spec(_: &Path, data: &[u8]) {
    let text = Text { name: "batchlint.toml".into(), body: String::from_utf8_lossy(data).as_ref().into() };
    if let Err(error) = load::from_text(text, &Overrides::default(), |_| Ok(())) {
        for format in [OutputFormat::Full, OutputFormat::Json] {
            let _ = render::error(format, &error, false, &mut io::sink());
        }
    }
}

/// What a process sends to `batchlint listen`.
fn capture(folder: &Path, data: &[u8]) {
    let mut channel = Channel::new(Cursor::new(data.to_vec()), io::sink());
    if let Ok(ran) = live::listen(&settings(folder), &mut channel, &Progress::default()) {
        draw("run", &ran.checked);
    }
}

/// A pickle, in pieces whose size its first byte decides.
fn pickle(_: &Path, data: &[u8]) {
    let piece = usize::from(data.first().copied().unwrap_or(0)).max(1);
    let mut walker = Walker::new();
    for bytes in data.chunks(piece) {
        walker.feed(bytes);
        assert!(walker.kept() <= Walker::MOST_KEPT, "a pickle makes the walk remember too much");
    }
    let _ = walker.finish();
}

/// A model of that name, and the spec that it stands for.
fn model(folder: &Path, name: &str, data: &[u8]) {
    if let Ok(model) = import::read(&written(folder, name, data), &Limits::default()) {
        let _ = import::toml::text(&model, name, &import::toml::Options::default());
    }
}

fn draw(command: &'static str, checked: &Checked) {
    let page = Page::new(command, &checked.report, &checked.spec).showing(&checked.facts, &checked.albums);
    for format in [OutputFormat::Full, OutputFormat::Sarif, OutputFormat::Html] {
        render::render(format, page, false, &mut io::sink()).expect("nothing fails in a sink");
    }
}
