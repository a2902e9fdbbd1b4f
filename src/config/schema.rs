//! The JSON Schema of `batchlint.toml`, so that editors complete and check it. Made from the types that read the file.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Map, Value};

use super::file::File;

/// The schema, in the draft that TOML editors know best.
#[must_use]
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07().with_transform(RecursiveTransform(as_toml));
    settings.into_generator().into_root_schema_for::<File>().to_value()
}

/// What may be left out is an `Option`, which JSON would also take as null; TOML has no null. The formats are Rust's.
fn as_toml(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("format");
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            object.insert("type".into(), one);
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(_)] = choices.as_slice() {
            only(object);
        }
    }
}

/// Puts the only choice in the place of the list of choices.
fn only(object: &mut Map<String, Value>) {
    if let Some(Value::Array(choices)) = object.remove("anyOf")
        && let Some(Value::Object(choice)) = choices.into_iter().next()
    {
        if choice.contains_key("$ref") {
            // In this draft nothing counts beside a `$ref`.
            object.insert("allOf".into(), Value::Array(vec![Value::Object(choice)]));
        } else {
            for (key, value) in choice {
                object.entry(key).or_insert(value);
            }
        }
    }
}
