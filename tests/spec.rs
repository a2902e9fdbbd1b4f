//! The language of `batchlint.toml`: wrong specs and exactly what is said of them, the blocks of the documentation,
//! and properties over generated specs. `BLESS=1` rewrites `tests/faults.md`; read what it rewrote.

use std::fs;
use std::path::Path;

use batchlint::config::Overrides;
use batchlint::diagnostic::Position;
use batchlint::error::{Error, Fault};
use batchlint::spec::{self, Loaded};

/// Loads the text as the spec of an empty folder.
fn load(text: &str) -> Result<Loaded, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("batchlint.toml"), text).expect("a file");
    spec::load(Some(Path::new("batchlint.toml")), &Overrides::default(), folder.path(), |_| Ok(()))
}

/// Every fault as `line:column message`, with its help below.
fn faults(text: &str) -> String {
    let Err(error) = load(text) else { return "no fault\n".into() };
    let line = |fault: Fault| {
        let place = fault.span.map_or(String::new(), |span| {
            let Position { line, column } = Position::of(text, span.start);
            format!("{line}:{column} ")
        });
        let help = fault.help.map_or(String::new(), |help| format!("    {help}\n"));
        format!("{place}{}\n{help}", fault.message)
    };
    error.faults.into_iter().map(line).collect()
}

/// The blocks of a page between ``` and ```: what is before, the language, the text.
fn blocks(page: &str) -> (Vec<(&str, &str, &str)>, &str) {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("```") {
        let (block, after) = after.split_once("```").expect("every block is closed");
        let (language, body) = block.split_once('\n').expect("a block has a first line");
        blocks.push((before, language, body));
        rest = after;
    }
    (blocks, rest)
}

/// The page with every `text` block replaced by what is said of the `toml` block before it.
fn answered(page: &str) -> String {
    let (blocks, rest) = blocks(page);
    let mut spec = "";
    let mut out = String::new();
    for (before, language, body) in blocks {
        let answer = if language == "text" { faults(spec) } else { body.to_owned() };
        spec = if language == "toml" { body } else { spec };
        out.extend([before, "```", language, "\n", &answer, "```"]);
    }
    out + rest
}

#[test]
fn every_fault_of_a_wrong_spec_is_found_in_one_pass_and_at_its_place() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults.md");
    let page = fs::read_to_string(&path).unwrap();
    let should = answered(&page);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &should).unwrap();
    } else {
        for (is, should) in page.lines().zip(should.lines()) {
            assert_eq!(is, should, "BLESS=1 rewrites tests/faults.md");
        }
        assert_eq!(page, should);
    }
}
