//! YAML as a tree, within bounds. Aliases are not followed, so nothing grows beyond what is written.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// How deep mappings and lists may nest.
const MAX_DEPTH: usize = 64;
/// How many values there may be, keys not counted.
const MAX_VALUES: usize = 200_000;

/// The first document of the text. Every scalar is text as written, but for an empty one, `~` and `null`, which are
/// null; so is an alias. A key that is no scalar is left out with its value. Of keys that are equal the last holds.
/// The error is a fragment that says what is wrong, and where.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("it is not YAML: {error}"))?;
        let whole = match event {
            Event::Scalar(text, style, ..) => tree.add(scalar(&text, style)),
            Event::Alias(_) => tree.add(Value::Null),
            Event::SequenceStart(..) => tree.open(Open::List(Vec::new())),
            Event::MappingStart(..) => tree.open(Open::Mapping(Map::new(), Key::Unread)),
            Event::SequenceEnd | Event::MappingEnd => tree.close(),
            Event::DocumentEnd => break,
            _ => Ok(()),
        };
        whole.map_err(|why| format!("line {}: {why}", span.start.line()))?;
    }
    Ok(tree.root)
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        Value::Null
    } else {
        Value::String(text.to_owned())
    }
}

/// The tree as far as it was read.
#[derive(Default)]
struct Tree {
    root: Value,
    open: Vec<Open>,
    values: usize,
}

/// A list or mapping that is not at its end.
enum Open {
    List(Vec<Value>),
    Mapping(Map<String, Value>, Key),
}

/// The key whose value comes next.
#[derive(Default)]
enum Key {
    /// It was not read yet.
    #[default]
    Unread,
    /// It is no scalar, and its value is left out.
    Skipped,
    Text(String),
}

impl Tree {
    fn open(&mut self, open: Open) -> Result<(), String> {
        if self.open.len() == MAX_DEPTH {
            return Err(format!("it nests deeper than {MAX_DEPTH} levels"));
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        match self.open.pop() {
            Some(Open::List(list)) => self.add(Value::Array(list)),
            Some(Open::Mapping(mapping, _)) => self.add(Value::Object(mapping)),
            None => Ok(()),
        }
    }

    fn add(&mut self, value: Value) -> Result<(), String> {
        if self.values == MAX_VALUES {
            return Err(format!("it has more than {MAX_VALUES} values"));
        }
        match self.open.last_mut() {
            None => self.root = value,
            Some(Open::List(list)) => list.push(value),
            Some(Open::Mapping(mapping, key)) => match std::mem::take(key) {
                Key::Text(key) => {
                    mapping.insert(key, value);
                }
                Key::Skipped => {}
                Key::Unread => {
                    *key = match value {
                        Value::String(key) => Key::Text(key),
                        _ => Key::Skipped,
                    };
                    return Ok(());
                }
            },
        }
        self.values += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_become_trees() {
        let text = "a: 'x\n  y'\nb: [1, ~, 'null', {c: d}]\n? [k]\n: v\n~: w\ne:\n- f: null\n  g: \"\\u0041\"\na: last\n...\nz: 1\n";
        let expected = json!({ "a": "last", "b": ["1", null, "null", { "c": "d" }], "e": [{ "f": null, "g": "A" }] });
        assert_eq!(read(text).unwrap(), expected);
        assert_eq!(read("a: 'x\n  y'").unwrap(), json!({ "a": "x y" }));
        assert_eq!(read("").unwrap(), Value::Null);
        assert_eq!(read("- 1\n---\n- 2").unwrap(), json!(["1"]));
    }

    #[test]
    fn aliases_are_not_followed() {
        assert_eq!(
            read("a: &x [1]\nb: *x\nc: &y z\nd: *y").unwrap(),
            json!({ "a": ["1"], "b": null, "c": "z", "d": null })
        );
        // A billion laughs: nine lines that would become a thousand million values.
        let mut bomb = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for level in 1..10 {
            let before = format!("*a{}", level - 1);
            bomb.extend([format!("a{level}: &a{level} ["), vec![before; 10].join(", "), "]\n".into()]);
        }
        let tree = read(&bomb).unwrap();
        assert_eq!(tree["a9"], json!(vec![Value::Null; 10]));
        assert!(read("a: *nowhere").is_err());
    }

    #[test]
    fn trees_are_bounded() {
        // The scanner reads ahead of the events, and has a limit of its own.
        for open in ["[", "{a: ", "- ", "? ", "[{? "] {
            let error = read(&open.repeat(20_000)).unwrap_err();
            assert!(error.contains("nests deeper") || error.contains("limit"), "{open}: {error}");
        }
        assert!(read(&format!("{}1{}", "[".repeat(64), "]".repeat(64))).is_ok());
        assert!(read(&format!("{}1{}", "[".repeat(65), "]".repeat(65))).is_err());
        assert!(read(&"- 1\n".repeat(199_999)).is_ok());
        assert!(read(&"- 1\n".repeat(200_001)).unwrap_err().contains("more than 200000 values"));
    }

    #[test]
    fn damage_is_located() {
        let error = read("a: 1\nb: [\n").unwrap_err();
        assert!(error.starts_with("it is not YAML") && error.contains("line"), "{error}");
    }
}
