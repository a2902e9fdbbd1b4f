//! The language of `batchlint.toml`: wrong specs and exactly what is said of them, the blocks of the documentation,
//! and properties over generated specs. `BLESS=1` rewrites `tests/faults.md`; read what it rewrote.

use std::fs;
use std::path::Path;

use batchlint::config::framework::Framework;
use batchlint::config::{Level, Overrides};
use batchlint::diagnostic::Position;
use batchlint::error::{Error, Fault};
use batchlint::spec::{self, At, Loaded, SizeRule};
use batchlint::verdict::select;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Loads the text as the spec of an empty folder.
fn load(text: &str) -> Result<Loaded, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("batchlint.toml"), text).expect("a file");
    load_from(folder.path(), Some("batchlint.toml"), &Overrides::default())
}

/// Loads a spec with the rules that there are.
fn load_from(folder: &Path, flag: Option<&str>, overrides: &Overrides) -> Result<Loaded, Error> {
    spec::load(flag.map(Path::new), overrides, folder, |name| select::named(name).map(drop))
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
            let loaded = load_from(folder.path(), None, &Overrides::default());
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

#[test]
fn flags_win_over_single_lines_and_findings_point_at_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "framework = \"keras\"\n[batch]\nsize = 32\nsteps = 7\nreplicas = 4\n";
    fs::write(folder.path().join("batchlint.toml"), text).expect("a file");
    fs::create_dir(folder.path().join(".git")).expect("a folder");
    let overrides = Overrides { framework: Some(Framework::Jax), batch_size: Some(64), ..Overrides::default() };
    let spec = load_from(folder.path(), None, &overrides).expect("a good spec").spec;
    assert_eq!(spec.framework(), Framework::Jax);
    let size = spec.plan.size.expect("a size");
    assert_eq!((size.value, size.at), (SizeRule::exactly(64), At::Flag("--batch-size")));
    assert_eq!(spec.plan.steps.expect("steps").value, 7);
    let wrong = Overrides { batch_size: Some(30), steps: Some(0), ..Overrides::default() };
    let error = load_from(folder.path(), None, &wrong).expect_err("30 rows do not divide by 4");
    let messages: Vec<&str> = error.faults.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(
        messages,
        ["`--steps` takes a whole number from 1, not `0`", "30 rows do not divide by 4 replicas (`--batch-size`)"]
    );
}

#[test]
fn without_a_file_the_flags_are_the_spec() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join(".git")).expect("a folder");
    let overrides = Overrides { dataset_size: Some(100), epochs: Some(2), ..Overrides::default() };
    let loaded = load_from(folder.path(), None, &overrides).expect("no spec is no fault");
    assert_eq!(loaded.found, spec::Found::None);
    assert_eq!(loaded.spec.plan.dataset.map(|rows| rows.value), Some(100));
    assert!(loaded.spec.text.is_none() && loaded.spec.arrays.is_empty());
}

#[test]
fn arrays_symbols_and_levels_keep_the_order_of_the_file() {
    let text = "[weights.a]\n[inputs.z]\n[targets]\ny.optional = true\n[inputs.b]\n[dims]\nZ = 1\nA = 2\n\
                [rules]\nlevel = { shape = \"note\", dtype = \"error\" }\n";
    let loaded = load(text).expect("a good spec");
    let names: Vec<_> = loaded.spec.arrays.iter().map(batchlint::spec::Declaration::label).collect();
    assert_eq!(names, ["weight `a`", "input `z`", "target `y`", "input `b`"]);
    let symbols: Vec<_> = loaded.spec.symbols.iter().map(|symbol| symbol.name.as_str()).collect();
    assert_eq!(symbols, ["Z", "A"]);
    assert_eq!(loaded.selection.levels, [("shape".to_owned(), Level::Note), ("dtype".to_owned(), Level::Error)]);
    let at = |index: usize| match &loaded.spec.arrays[index].at {
        At::Text(span) => &text[span.clone()],
        At::Model(_) => "",
        At::Flag(flag) => flag,
    };
    assert_eq!((at(0), at(2)), ("[weights.a]", "y"));
}
