//! The table as users see it, in `docs/frameworks.md`. `BLESS=1 cargo test --lib spec::framework` rewrites it there.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::table::{FLOATS, FOREIGN, FORTRAN, INTEGERS, NUMBERS, PLAIN, TABLE};
use super::{Clash, Framework, Given, Outcome, Treatment, Use, aim, foreign, fortran};
use crate::spec::dtype::{Dtype, DtypeRule, Kind, Wanted};

const WHO: [Framework; 7] = [
    Framework::Keras,
    Framework::Tensorflow,
    Framework::Torch,
    Framework::Jax,
    Framework::Onnxruntime,
    Framework::Triton,
    Framework::Sklearn,
];
const BEGIN: &str = "<!-- written by a test from src/spec/framework/table.rs -->\n";
const END: &str = "<!-- end -->\n";

/// Array types of every kind, with what the page calls them.
fn arrays() -> Vec<(String, Dtype)> {
    let plain = ["float32", "float64", "float16", "uint8", "int32", "int64", "bool", "complex64", "bfloat16"];
    let mut arrays: Vec<_> = plain.iter().map(|name| (format!("`{name}`"), Dtype::from_name(name).unwrap())).collect();
    let mut add = |name: &str, kind: Kind, size: u64| arrays.push((name.into(), Dtype::new(kind, size)));
    add("object", Kind::Object, 8);
    add("text `<U3`", Kind::Text, 12);
    add("`datetime64[s]`", Kind::Datetime("s".into()), 8);
    add("long double", Kind::LongDouble, 16);
    add("raw or structured", Kind::Void, 4);
    add("`<V2` (unnamed bfloat16)", Kind::UnnamedMl, 2);
    arrays
}

fn cell(outcome: &Outcome) -> String {
    let word = match outcome.treatment {
        Some(Treatment::Accepted) => "ok",
        Some(Treatment::Cast) => "cast",
        Some(Treatment::Refused) => "refused",
        Some(Treatment::Misread) => "**wrong numbers**",
        Some(Treatment::Depends) => "depends",
        None => "not measured",
    };
    outcome.level.map_or_else(|| word.to_owned(), |level| format!("{word} ({level})"))
}

fn table(wanted: &str, used: Use) -> String {
    let wanted = Dtype::from_name(wanted).unwrap();
    let rule = DtypeRule { wanted: vec![Wanted::Exactly(wanted)] };
    let mut text = head("the array is");
    for (name, found) in arrays() {
        write!(text, "| {name} |").unwrap();
        for who in WHO {
            let outcome = Given::of(&found, Some(&rule)).map(|given| {
                let clash = Clash { given, used, found: found.clone(), wanted: aim(&rule, &found) };
                clash.outcome(who)
            });
            write!(text, " {} |", outcome.as_ref().map_or_else(|| "ok".into(), cell)).unwrap();
        }
        text.push('\n');
    }
    text
}

fn layout() -> String {
    let mut text = head("the array is");
    for (name, ask) in [("big-endian", foreign as fn(Framework) -> Outcome), ("in Fortran order", fortran)] {
        let cells: Vec<String> = WHO.iter().map(|who| cell(&ask(*who))).collect();
        writeln!(text, "| {name} | {} |", cells.join(" | ")).unwrap();
    }
    text
}

fn head(first: &str) -> String {
    let names: Vec<&str> = WHO.iter().map(|who| who.name()).collect();
    format!("| {first} | {} |\n| --- |{}\n", names.join(" | "), " --- |".repeat(WHO.len()))
}

/// Every sentence of the table once, by framework.
fn sentences() -> String {
    let mut text = String::new();
    for who in WHO.into_iter().chain([Framework::Any]) {
        let title = if who == Framework::Any { "Where a framework has no line of its own" } else { who.name() };
        writeln!(text, "\n### {title}").unwrap();
        for row in TABLE.iter().filter(|row| row.who.contains(&who)) {
            let given: Vec<String> = if row.only.is_empty() {
                called(row.given)
            } else {
                row.only.iter().map(|name| format!("`{name}`")).collect()
            };
            let uses: Vec<&str> = row.uses.iter().map(|used| place(*used)).collect();
            let uses = if uses.len() == 5 { "anywhere".into() } else { format!("as {}", uses.join(", ")) };
            let says = row.says.replace("{found}", "X").replace("{wanted}", "Y");
            writeln!(text, "- {}, {uses}: {says}.", given.join(", ")).unwrap();
        }
        for (name, rows) in [("big-endian numbers", &FOREIGN[..]), ("Fortran order", &FORTRAN[..])] {
            for row in rows.iter().filter(|row| row.who.contains(&who)) {
                writeln!(text, "- {name}: {}.", row.says).unwrap();
            }
        }
    }
    text
}

fn called(given: &[Given]) -> Vec<String> {
    let groups =
        [(PLAIN, "any other plain type"), (NUMBERS, "other numbers"), (INTEGERS, "integers"), (FLOATS, "floats")];
    let group = groups.iter().find(|(group, _)| group.iter().all(|kind| given.contains(kind)));
    let rest = given.iter().filter(|kind| group.is_none_or(|(group, _)| !group.contains(kind)));
    group.map(|(_, name)| *name).into_iter().chain(rest.map(|kind| kind_name(*kind))).map(str::to_owned).collect()
}

fn kind_name(given: Given) -> &'static str {
    match given {
        Given::Double => "float64",
        Given::Float => "other floats",
        Given::Whole => "integers",
        Given::Wide => "integers that are too wide",
        Given::Bool => "bool",
        Given::Other => "other types",
        Given::Object => "objects",
        Given::Text => "text",
        Given::Complex => "complex numbers",
        Given::Time => "dates and time spans",
        Given::LongDouble => "long doubles",
        Given::Raw => "raw and structured",
        Given::Opaque => "`<V2` and `<V1`",
        Given::Named => "types of `ml_dtypes` by name",
    }
}

fn place(used: Use) -> &'static str {
    match used {
        Use::Features => "float input",
        Use::Ids => "whole-number input",
        Use::Classes => "class ids",
        Use::Scores => "other target",
        Use::Weights => "weights",
    }
}

#[test]
fn users_see_the_table_that_rules_use() {
    let sections = [
        ("An input that takes `float32`", table("float32", Use::Features)),
        ("An input that takes whole numbers, `int32`", table("int32", Use::Ids)),
        ("A target of class ids, `int64`", table("int64", Use::Classes)),
        ("Any other target, `float32`", table("float32", Use::Scores)),
        ("Sample weights, `float32`", table("float32", Use::Weights)),
        ("Order of bytes and axes", layout()),
        ("In words", format!("X stands for the type of the array, Y for the one that is wanted.\n{}", sentences())),
    ];
    let written: Vec<String> = sections.iter().map(|(title, body)| format!("\n## {title}\n{body}")).collect();
    let written = written.concat();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/frameworks.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page says where the table begins");
    let (_, after) = rest.split_once(END).expect("the page says where the table ends");
    let expected = format!("{before}{BEGIN}{written}\n{END}{after}");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, expected).unwrap();
    } else {
        assert!(page == expected, "docs/frameworks.md is not what the table says; see the top of {}", file!());
    }
}
