//! The language of `batchlint.toml`: wrong specs and exactly what is said of them, the blocks of the documentation,
//! and properties over generated specs. `BLESS=1` rewrites `tests/faults.md`; read what it rewrote.

use std::fs;
use std::path::Path;

use batchlint::config::Overrides;
use batchlint::diagnostic::Position;
use batchlint::error::{Error, Fault};
use batchlint::spec::{self, Loaded};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

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
    let path = root().join("tests/faults.md");
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

/// Every spec that a page shows, with the page's name.
fn shown(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).expect("the page exists");
    let (blocks, _) = blocks(&text);
    blocks.into_iter().filter(|(_, language, _)| *language == "toml").map(|(_, _, body)| body.to_owned()).collect()
}

#[test]
fn every_spec_that_the_documentation_shows_is_right() {
    let schema = jsonschema::validator_for(&batchlint::config::schema::schema()).expect("a schema");
    for page in ["docs/spec.md", "docs/configuration.md"] {
        let specs = shown(page);
        assert!(specs.len() > 1, "{page} shows specs");
        for text in specs {
            let folder = tempfile::tempdir().expect("a folder");
            let pyproject = text.contains("[tool.batchlint]");
            let name = if pyproject { "pyproject.toml" } else { "batchlint.toml" };
            fs::write(folder.path().join(name), &text).expect("a file");
            let loaded = spec::load(None, &Overrides::default(), folder.path(), |_| Ok(()));
            let loaded = loaded.unwrap_or_else(|error| panic!("{page}: {error:?}\n{text}"));
            assert!(loaded.spec.text.is_some(), "{page}: the spec is found\n{text}");
            assert_eq!(spec::check::check(&loaded.spec), [], "{page}: {text}");
            let json: Value = toml::from_str(&text).expect("it was read before");
            let json = if pyproject { &json["tool"]["batchlint"] } else { &json };
            assert!(schema.is_valid(json), "{page}: the schema refuses\n{text}");
        }
    }
}

#[test]
fn the_schema_refuses_unknown_keys_wrong_types_and_names_that_do_not_exist() {
    let schema = jsonschema::validator_for(&batchlint::config::schema::schema()).expect("a schema");
    for wrong in [
        "model = \"x.keras\"",
        "framework = \"kreas\"",
        "[batch]\nsize = 0",
        "[batch]\nsize = { least = 1 }",
        "[batch]\nsteps = \"100\"",
        "[batch]\nlast = \"short\"",
        "[batch]\nmemory = \"2 Gigs\"",
        "[source]\nunit = \"file\"",
        "[dims]\nbatch = 3",
        "[dims]\n2d = 3",
        "[dims]\nT = { multiple_of = 0 }",
        "[inputs.x]\ndtpye = \"float32\"",
        "[inputs.x]\ndtype = \"flaot32\"",
        "[inputs.x]\ndtype = []",
        "[inputs.x]\nshape = [-1]",
        "[inputs.x]\nshape = [3.5]",
        "[inputs.x]\nshape = \"batch\"",
        "[inputs.x]\nvalues = { in = [] }",
        "[inputs.x]\nallow = [{ rule = \"a\" }]",
        "[targets.y]\nencoding = \"onehot\"",
        "[[allow]]\nrule = \"a\"\nreason = \"b\"",
        "[rules]\nfail_on = \"never\"",
    ] {
        let json: Value = toml::from_str(wrong).expect("it is TOML");
        assert!(!schema.is_valid(&json), "the schema takes {wrong}");
        assert!(load(wrong).is_err(), "the reader takes {wrong}");
    }
}
