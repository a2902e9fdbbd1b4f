//! NumPy reads every file that was repaired: the same header that it would have written, the same values that it would have
//! made. `npyz` reads the plain ones as well.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use batchlint::fix::data::Destination;
use batchlint::fix::data::plan::{Content, Member, Part};
use batchlint::fix::data::step::Step;
use serde_json::Value;
use support::repair::{Looked, dtype, one};

fn python(what: &str, folder: &Path) -> String {
    let output = Command::new(".venv/bin/python").args(["tests/repair.py", what]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

#[allow(clippy::cast_possible_truncation, reason = "they are float32 values")]
fn step(step: &Value) -> Step {
    let how = &step[1];
    let name = |value: &Value| dtype(value.as_str().unwrap());
    match step[0].as_str().unwrap() {
        "cast" => Step::Cast(name(how)),
        "transpose" => Step::Transpose(how.as_array().unwrap().iter().map(number).collect()),
        "add" => Step::AddAxis(number(how)),
        "drop" => Step::DropAxis(number(how)),
        "merge" => Step::MergeAxes,
        "scale" => Step::Scale { divisor: how[0].as_f64().unwrap() as f32, less: how[1].as_f64().unwrap() as f32 },
        "subtract" => Step::Subtract {
            by: how[0].as_i64().unwrap(),
            except: how[1].as_array().unwrap().iter().map(|value| value.as_i64().unwrap()).collect(),
        },
        "ids" => Step::Ids(name(how)),
        "one_hot" => Step::OneHot { classes: number(&how[0]) as u64, to: name(&how[1]) },
        other => panic!("{other}"),
    }
}

fn part((array, plan): (usize, &Value)) -> Part {
    let steps = plan["steps"].as_array().unwrap().iter().map(step).collect();
    let rows = plan["rows"].as_array().map(|rows| number(&rows[0]) as u64..number(&rows[1]) as u64);
    Part { array, steps: Some(steps), rows }
}

#[test]
fn what_is_repaired_is_what_numpy_would_have_saved() {
    let folder = tempfile::tempdir().unwrap();
    python("write", folder.path());
    let cases: Value = serde_json::from_slice(&fs::read(folder.path().join("cases.json")).unwrap()).unwrap();
    let new = folder.path().join("new");
    let destination = Destination::Under { root: folder.path().join("old"), dir: new.clone() };
    let cases = cases.as_array().unwrap();
    for case in cases {
        let path = folder.path().join("old").join(case["file"].as_str().unwrap());
        let looked = Looked::at(&path);
        let mut parts: Vec<Part> = case["arrays"].as_array().unwrap().iter().enumerate().map(part).collect();
        let content = if path.extension().is_some_and(|extension| extension == "npy") {
            Content::Npy(parts.remove(0))
        } else {
            let name = |part: &Part| looked.facts.arrays[part.array].member.clone().unwrap();
            let members = parts.into_iter().map(|part| Member { name: name(&part), part }).collect();
            Content::Npz { members, leave: vec![] }
        };
        let done = looked.carry_out(&one(&path, content), &destination);
        assert!(done.is_ok(), "{}: {case}", done.unwrap_err());
        second_opinion(&new.join(case["file"].as_str().unwrap()));
    }
    let answer: Value = serde_json::from_str(&python("check", folder.path())).unwrap();
    assert_eq!(answer["wrong"], Value::Array(Vec::new()));
    assert_eq!(number(&answer["files"]), cases.len());
}

/// `npyz` reads plain types only.
fn second_opinion(path: &Path) {
    let facts = Looked::at(path).facts;
    assert!(facts.faults.is_empty() || facts.arrays[0].header.dtype.size == 0, "{:?}", facts.faults);
    if path.extension().is_none_or(|extension| extension != "npy") {
        return;
    }
    let bytes = fs::read(path).unwrap();
    let header = &facts.arrays[0].header;
    if let Ok(file) = npyz::NpyFile::new(&bytes[..]) {
        assert_eq!((file.shape(), file.order()), (&header.shape[..], npyz::Order::C));
        if header.dtype.name() == "float32" {
            let data: Vec<u8> = file.into_vec::<f32>().unwrap().iter().flat_map(|value| value.to_le_bytes()).collect();
            assert!(bytes.ends_with(&data) && data.len() as u64 == header.bytes());
        }
    }
}
