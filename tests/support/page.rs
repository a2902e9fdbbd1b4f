//! Pages that are run: a Markdown file whose `spec`, `batch`, `bytes`, `file`, `model` and named `python` blocks write files and whose `console`
//! blocks show what batchlint says about them. A block `console same` goes on in the folder of the one before it.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Output};

use super::recipe;

/// A fenced block.
struct Block<'t> {
    info: &'t str,
    lines: Vec<&'t str>,
    /// The bytes of the text between the fences.
    body: Range<usize>,
}

/// Runs every console block of the page. `Ok` holds the page as it should be; it differs from `text` where the
/// output does.
pub(crate) fn run(text: &str, program: &Path) -> Result<String, String> {
    let mut expected = String::new();
    let mut copied = 0;
    let mut spec: Option<String> = None;
    let mut folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut consoles = 0;
    let blocks = blocks(text)?;
    for (number, block) in blocks.iter().enumerate() {
        let (kind, name) = block.info.split_once(' ').unwrap_or((block.info, ""));
        match kind {
            "spec" => spec = Some(block.lines.join("\n")),
            "python" if !name.is_empty() => {
                fs::write(folder.path().join(name.trim()), block.lines.join("\n") + "\n").unwrap();
                if block.lines.iter().any(|line| line.contains("from torch.utils.data import")) {
                    torch(folder.path());
                }
            }
            "model" => {
                let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models").join(name.trim());
                fs::copy(&from, folder.path().join(name.trim())).map_err(|error| format!("{name}: {error}"))?;
            }
            "batch" | "bytes" | "file" => write(folder.path(), kind, name.trim(), &block.lines)?,
            "console" => {
                if name == "same" && consoles == 0 {
                    return Err("no console block stands before `console same`".into());
                }
                if let Some(spec) = spec.as_ref().filter(|spec| !spec.trim().is_empty()) {
                    fs::write(folder.path().join("batchlint.toml"), format!("{spec}\n")).unwrap();
                }
                // Stops the search for a spec here, whatever lies above the temporary folder.
                fs::create_dir_all(folder.path().join(".git")).unwrap();
                expected.push_str(&text[copied..block.body.start]);
                for command in block.lines.iter().filter(|line| line.starts_with("$ ")) {
                    expected.push_str(&console(command, folder.path(), program)?);
                }
                copied = block.body.end;
                consoles += 1;
                let next = blocks[number + 1..].iter().find(|block| block.info.starts_with("console"));
                if next.is_none_or(|block| block.info != "console same") {
                    folder = tempfile::tempdir().map_err(|error| error.to_string())?;
                }
            }
            _ => {}
        }
    }
    if consoles == 0 {
        return Err("the page runs nothing".into());
    }
    expected.push_str(&text[copied..]);
    Ok(expected)
}

fn blocks(text: &str) -> Result<Vec<Block<'_>>, String> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        match (&mut open, bare.strip_prefix("```")) {
            (None, Some(info)) => {
                let start = offset + line.len();
                open = Some(Block { info, lines: Vec::new(), body: start..start });
            }
            (Some(block), Some("")) => {
                block.body.end = offset;
                blocks.extend(open.take());
            }
            (Some(block), _) => block.lines.push(bare),
            (None, None) => {}
        }
        offset += line.len();
    }
    if open.is_some() { Err("a block is not closed".into()) } else { Ok(blocks) }
}

/// Writes one file, or one per number where the name holds `{000..019}`.
fn write(folder: &Path, kind: &str, name: &str, lines: &[&str]) -> Result<(), String> {
    let lines: Vec<&str> = lines.iter().copied().filter(|line| !line.trim().is_empty()).collect();
    for name in expand(name) {
        let content = match (kind, name.rsplit_once('.')) {
            ("bytes", _) => recipe::bytes(&lines),
            ("file", _) => (lines.join("\n") + "\n").into_bytes(),
            (_, Some((_, "npz"))) => recipe::npz(&name, &lines),
            (_, Some((_, "npy"))) => recipe::npy(&name, &lines),
            _ => return Err(format!("`{name}`: a batch is an .npy or .npz file")),
        };
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    Ok(())
}

/// The classes by whose names samples are recognised: PyTorch itself is not among what tests need.
fn torch(folder: &Path) {
    fs::create_dir_all(folder.join("torch/utils/data")).unwrap();
    fs::write(folder.join("torch/__init__.py"), "__version__ = '0'\nclass Tensor:\n    pass\n").unwrap();
    fs::write(folder.join("torch/utils/__init__.py"), "").unwrap();
    fs::write(folder.join("torch/utils/data/__init__.py"), "class Dataset:\n    pass\n").unwrap();
}

fn expand(name: &str) -> Vec<String> {
    let parts = name.split_once('{').and_then(|(head, rest)| {
        let (range, tail) = rest.split_once('}')?;
        let (first, last) = range.split_once("..")?;
        Some((head, tail, first.len(), first.parse::<u64>().ok()?, last.parse::<u64>().ok()?))
    });
    match parts {
        Some((head, tail, width, first, last)) => {
            (first..=last).map(|number| format!("{head}{number:0width$}{tail}")).collect()
        }
        None => vec![name.to_owned()],
    }
}

/// Runs one command line and returns it with its output and its exit code.
fn console(line: &str, folder: &Path, program: &Path) -> Result<String, String> {
    if let Some(name) = line.strip_prefix("$ cat ") {
        let text = fs::read_to_string(folder.join(name.trim())).map_err(|error| format!("{name}: {error}"))?;
        return Ok(format!("{line}\n{text}"));
    }
    let words = words(&line[2..])?;
    if words.first().is_some_and(|word| word == "python") {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
        let done = Command::new(python).args(&words[1..]).current_dir(folder).output();
        let done = done.map_err(|error| format!("{line}: {error}"))?;
        let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        return if done.status.success() { Ok(format!("{line}\n{said}")) } else { Err(format!("{line}: {said}")) };
    }
    let Some(("batchlint", arguments)) = words.split_first().map(|(name, rest)| (name.as_str(), rest)) else {
        return Err(format!("not a batchlint command: {line}"));
    };
    let batchlint = |arguments: &[String]| -> Result<Output, String> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).env_remove("FORCE_COLOR").env_remove("NO_COLOR");
        // The programs of a page find NumPy where the fixtures do.
        command.env("VIRTUAL_ENV", Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv"));
        command.output().map_err(|error| error.to_string())
    };
    let output = batchlint(arguments)?;
    if let Some((inspect, check)) = by_facts(arguments, output.status.code()) {
        let saved = batchlint(&inspect)?;
        let again = batchlint(&check)?;
        if (&again.stdout, again.status.code()) != (&output.stdout, output.status.code()) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            return Err(format!(
                "{line}: saved facts give another report:\n{}{}\n{}{}",
                text(&saved.stderr),
                text(&output.stdout),
                text(&again.stdout),
                text(&again.stderr)
            ));
        }
        fs::remove_file(folder.join(FACTS)).map_err(|error| error.to_string())?;
    }
    let mut shown = format!("{line}\n");
    shown.push_str(&String::from_utf8_lossy(&output.stdout));
    shown.push_str(&String::from_utf8_lossy(&output.stderr));
    let code = output.status.code().ok_or("the program was killed")?;
    if shown.contains("hit a bug") {
        return Err(shown);
    }
    shown += &["[exit ", &code.to_string(), "]\n"].concat();
    let lines = shown.lines().filter(|line| arguments[0] != "run" || !is_of_the_machine(line));
    let lines: Vec<String> = lines.map(|line| without_tally(line.trim_end())).collect();
    Ok(lines.join("\n") + "\n")
}

/// Where the facts of a page are saved: no name of an array file.
const FACTS: &str = ".facts.jsonl";

/// Flags of `inspect` that take a value, and those that take none. `check` has them too.
const SHARED: [&str; 8] = [
    "--spec",
    "--model",
    "--framework",
    "--batch-size",
    "--dataset-size",
    "--steps",
    "--epochs",
    "--max-bytes-per-array",
];
/// Flags of `check` alone, and whether they take a value.
const OWN: [(&str, bool); 12] = [
    ("--select", true),
    ("--ignore", true),
    ("--level", true),
    ("--fail-on", true),
    ("--format", true),
    ("--report", true),
    ("--baseline", true),
    ("--color", true),
    ("--require-complete", false),
    ("--all-places", false),
    ("--redact", false),
    ("-q", false),
];

/// What saves the facts of the data that a `check` looks at, and what checks them. `None` where it is no check of paths
/// alone, or a run that stopped before it looked.
fn by_facts(arguments: &[String], code: Option<i32>) -> Option<(Vec<String>, Vec<String>)> {
    let (command, rest) = arguments.split_first()?;
    if command != "check" || code == Some(2) || rest.iter().any(|word| word == "--facts" || word == "--against") {
        return None;
    }
    let mut inspect: Vec<String> = ["inspect", "--format", "jsonl", "-o", FACTS].map(str::to_owned).into();
    let mut check: Vec<String> = ["check", "--facts", FACTS].map(str::to_owned).into();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or(word);
        let own = OWN.iter().find(|(flag, _)| *flag == name);
        let takes = (SHARED.contains(&name) || own.is_some_and(|(_, takes)| *takes)) && !word.contains('=');
        let value = if takes { words.next() } else { None };
        let all = [Some(word), value].into_iter().flatten();
        if own.is_none() {
            inspect.extend(all.clone().cloned());
        }
        if word.starts_with('-') {
            check.extend(all.cloned());
        }
    }
    Some((inspect, check))
}

/// The words of a command line; blanks and quotes of the other kind count between `'` and between `"`.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), _) if open == c => quote = None,
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(format!("a quote is not closed: {line}")) } else { Ok(words) }
}

/// What `run` says of the interpreter, the versions and what it reached: another machine has others.
fn is_of_the_machine(line: &str) -> bool {
    line.starts_with("python ") || line.contains(" with numpy ")
}

/// The coverage line without the number of checks, which every new rule changes.
fn without_tally(line: &str) -> String {
    match line.split_once("; checks: ") {
        Some((coverage, _)) => format!("{coverage}; checks: ..."),
        None => line.to_owned(),
    }
}
