//! `OpenVINO` IR, version 10 and later: XML beside a `.bin` of weights.

use roxmltree::{Document, Node, ParsingOptions};

use super::limits::Most;
use super::names::is_made_up;
use super::reading::{has_extension, mentions, set_dtype, text};
use super::{Candidate, ImportError, Model, ModelFormat, Port, Size, Symbol, text_dtype};
use crate::config::limits::Limit;
use crate::spec::dtype::Dtype;

/// Elements and texts of the XML; each takes about 100 bytes of memory.
const MAX_NODES: u32 = 4_000_000;
/// Axes that a shape may have. NumPy stops at 64.
const MAX_AXES: usize = 64;

/// The format.
pub(super) struct Openvino;

impl ModelFormat for Openvino {
    fn name(&self) -> &'static str {
        "openvino"
    }

    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        let head = candidate.head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(candidate.head);
        !candidate.is_folder
            && head.trim_ascii_start().starts_with(b"<")
            && (has_extension(candidate.path, "xml") || mentions(head, b"<net "))
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        read(&text(candidate.path, Most::of(candidate.limits, Limit::ModelBytes))?, MAX_NODES)
    }
}

fn read(text: &str, nodes_limit: u32) -> Result<Model, ImportError> {
    // A DTD is refused, so there are no entities that could grow.
    let options = ParsingOptions { allow_dtd: false, nodes_limit, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| ImportError::Damaged(format!("it is not XML that can be read: {error}")))?;
    let root = document.root_element();
    // The bodies of loops have layers of their own, which are no inputs of the model.
    let Some(layers) = child(root, "layers").filter(|_| root.has_tag_name("net")) else {
        return Err(ImportError::Unknown("this is XML, but not a model of OpenVINO".into()));
    };
    let of_type =
        |kind: &'static str| children(layers, "layer").filter(move |layer| layer.attribute("type") == Some(kind));
    let mut model = Model { format: "openvino", ..Model::default() };
    for (i, layer) in of_type("Parameter").enumerate() {
        let input = input(layer, i, &mut model).map_err(ImportError::Damaged)?;
        model.inputs.push(input);
    }
    if model.inputs.is_empty() {
        return Err(ImportError::Silent(
            if of_type("Input").next().is_some() {
                "This OpenVINO IR is of a version before 10, which is not read. Convert the model again with a current OpenVINO."
            } else {
                "This OpenVINO model has no layer of type `Parameter`, so it takes no inputs. Write the spec."
            }
            .into(),
        ));
    }
    model.outputs = of_type("Result").enumerate().map(|(i, layer)| output(layer, i)).collect();
    Ok(model)
}

/// A `Parameter`. Its `<dim>`s are not read: they say -1 where `data` has bounds. Nor is `old_api_map_element_type`, which
/// is not the type that the model takes.
fn input(layer: Node<'_, '_>, i: usize, model: &mut Model) -> Result<Port, String> {
    let place = format!("net/layers/layer[@type=\"Parameter\"][{}]", i + 1);
    let data = child(layer, "data").ok_or_else(|| format!("{place} has no `data`"))?;
    let output = child(layer, "output").and_then(|output| child(output, "port"));
    let tensor = output.and_then(|port| first_name(port.attribute("names")?));
    let name = tensor.or_else(|| layer.attribute("name").map(ToOwned::to_owned)).unwrap_or_default();
    let is_numbered =
        name.strip_prefix("Parameter_").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    let mut port =
        Port { made_up: is_made_up(&name) || is_numbered, name, from: format!("{place}/data"), ..Port::default() };
    let written = data.attribute("element_type").unwrap_or_default();
    if !matches!(written, "dynamic" | "undefined") {
        set_dtype(&mut port, written, dtype(written), model);
    }
    let Some(shape) = data.attribute("shape").map(str::trim).filter(|shape| !shape.contains("...")) else {
        return Ok(port);
    };
    let mut sizes = Vec::new();
    for (axis, written) in shape.split(',').map(str::trim).enumerate().filter(|_| !shape.is_empty()) {
        if axis == MAX_AXES {
            return Err(format!("{place} has more than {MAX_AXES} axes"));
        }
        let (min, max) = bounds(written).ok_or_else(|| format!("{place} has `{written}` for a size"))?;
        sizes.push(match (min, max) {
            (None | Some(0), None) => Size::Any,
            (Some(min), Some(max)) if min == max => Size::Exactly(min),
            (min, max) => Size::Symbol(symbol(model, &port.name, axis, min, max)),
        });
    }
    let attributes = output.and_then(|port| child(port, "rt_info"));
    let layout = attributes
        .into_iter()
        .flat_map(|info| children(info, "attribute"))
        .find(|attribute| attribute.attribute("name") == Some("layout"))
        .and_then(|attribute| attribute.attribute("layout"));
    port.axes = layout.and_then(letters).filter(|letters| letters.len() == sizes.len());
    port.shape = Some(sizes);
    Ok(port)
}

/// A `Result`. Its shape is that of what comes in, whose bounds are not kept.
fn output(layer: Node<'_, '_>, i: usize) -> Port {
    let tensor = layer.attribute("output_names").and_then(first_name);
    let layer_name = layer.attribute("name").map(|name| name.split("/sink_port_").next().unwrap_or(name).to_owned());
    let port = child(layer, "input").and_then(|input| child(input, "port"));
    let sizes = port.map(|port| {
        let dim =
            |dim: Node<'_, '_>| dim.text().and_then(|text| text.trim().parse().ok()).map_or(Size::Any, Size::Exactly);
        children(port, "dim").take(MAX_AXES).map(dim).collect()
    });
    let precision = port.and_then(|port| port.attribute("precision")).unwrap_or_default();
    Port {
        made_up: tensor.is_none(),
        name: tensor.or(layer_name).unwrap_or_default(),
        dtype: dtype(&precision.to_ascii_lowercase().replace("fp", "f")),
        shape: sizes,
        from: format!("net/layers/layer[@type=\"Result\"][{}]", i + 1),
        ..Port::default()
    }
}

/// The element type in the words of `OpenVINO`. Types of less than a byte are none of an array.
fn dtype(name: &str) -> Option<Dtype> {
    let known = match name {
        "boolean" | "bool" => "bool",
        "i8" => "int8",
        "i16" => "int16",
        "i32" => "int32",
        "i64" => "int64",
        "u8" => "uint8",
        "u16" => "uint16",
        "u32" => "uint32",
        "u64" => "uint64",
        "f16" => "float16",
        "f32" => "float32",
        "f64" => "float64",
        "bf16" => "bfloat16",
        "string" => return Some(text_dtype()),
        _ => return None,
    };
    Dtype::from_name(known)
}

/// The bounds of a size: `?` or `-1`, `32`, `1..8`, `..8`, `2..`. `None` if it is no size.
fn bounds(written: &str) -> Option<(Option<u64>, Option<u64>)> {
    if matches!(written, "?" | "-1") {
        return Some((None, None));
    }
    let number = |text: &str| text.trim().parse::<u64>();
    match written.split_once("..") {
        None => number(written).ok().map(|size| (Some(size), Some(size))),
        Some((min, max)) => {
            let bound = |text: &str| if text.is_empty() { Ok(None) } else { number(text).map(Some) };
            let (min, max) = (bound(min).ok()?, bound(max).ok()?);
            min.zip(max).is_none_or(|(min, max)| min <= max).then_some((min, max))
        }
    }
}

/// The symbol for a size with these bounds. The first axis is taken for the batch axis: with the same bounds it is the
/// same symbol in all inputs. Any other axis has one of its own.
fn symbol(model: &mut Model, input: &str, axis: usize, min: Option<u64>, max: Option<u64>) -> String {
    let is_free = |model: &Model, name: &str| {
        model
            .symbols
            .iter()
            .find(|symbol| symbol.name == name)
            .is_none_or(|known| axis == 0 && (known.min, known.max) == (min, max))
    };
    let word: String = input.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let word = if word.starts_with(|c: char| c.is_ascii_alphabetic()) { word } else { format!("input_{word}") };
    let mut name = if axis == 0 { "batch".into() } else { format!("{word}_{axis}") };
    if !is_free(model, &name) {
        name = format!("{word}_{axis}_of_{}", model.inputs.len());
    }
    if !model.symbols.iter().any(|symbol| symbol.name == name) {
        model.symbols.push(Symbol { name: name.clone(), min: min.filter(|min| *min > 0), max });
    }
    name
}

/// The first of a list of names. A comma in a name has a backslash in front.
fn first_name(names: &str) -> Option<String> {
    let mut name = String::new();
    let mut chars = names.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ',' => break,
            '\\' if chars.peek() == Some(&',') => name.extend(chars.next()),
            c => name.push(c),
        }
    }
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// `NHWC` of `[N,H,W,C]`. `None` if an axis has no letter.
fn letters(layout: &str) -> Option<String> {
    let list = layout.trim().strip_prefix('[')?.strip_suffix(']')?;
    let letter = |axis: &str| match axis.trim().as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(char::from(letter.to_ascii_uppercase())),
        _ => None,
    };
    list.split(',').map(letter).collect()
}

fn child<'a, 'b>(node: Node<'a, 'b>, name: &'static str) -> Option<Node<'a, 'b>> {
    children(node, name).next()
}

fn children<'a, 'b>(node: Node<'a, 'b>, name: &'static str) -> impl Iterator<Item = Node<'a, 'b>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::samples::{assert_sound, damaged, import, import_text, of_format, sizes, text, truth};
    use super::*;

    /// A model with these inputs, each `shape` and what stands behind it in `data`.
    fn inputs(layers: &[(&str, &str, &str)]) -> Result<Model, ImportError> {
        let layers = layers.iter().map(|(name, data, port)| {
            format!(
                "<layer name=\"{name}\" type=\"Parameter\"><data {data}/><output><port {port}</port></output></layer>"
            )
        });
        let layers = layers.collect::<Vec<_>>().concat();
        import_text(
            &Openvino,
            "model.xml",
            &format!("<?xml version=\"1.0\"?><net version=\"11\"><layers>{layers}</layers></net>"),
        )
    }

    fn shape_of(shape: &str) -> Option<Value> {
        let model = inputs(&[("x", &format!("shape=\"{shape}\" element_type=\"f32\""), "names=\"x\">")]).ok()?;
        Some(sizes(&model, model.inputs[0].shape.as_deref()))
    }

    #[test]
    fn samples_are_read_as_openvino_reads_them() {
        let names = of_format("openvino");
        assert_eq!(names.len(), 4);
        for name in names {
            let model = import(&Openvino, &name).unwrap();
            let found: Vec<Value> = model
                .inputs
                .iter()
                .map(|port| json!({ "name": port.name, "dtype": port.dtype.as_ref().unwrap().name(), "shape": sizes(&model, port.shape.as_deref()) }))
                .collect();
            assert_eq!(Value::from(found), truth(&name)["inputs"], "{name}");
            assert!(
                model.outputs.iter().all(|port| port.dtype.is_some() && port.shape.as_ref().unwrap().len() == 2),
                "{name}"
            );
            assert_sound(&model);
        }
        let model = import(&Openvino, "openvino_pre.xml").unwrap();
        assert_eq!(model.inputs[0].axes.as_deref(), Some("NHWC"));
        assert_eq!(model.symbols, [Symbol { name: "batch".into(), min: Some(1), max: Some(8) }]);
        assert_eq!(model.inputs[0].from, "net/layers/layer[@type=\"Parameter\"][1]/data");
        let model = import(&Openvino, "openvino_multi.xml").unwrap();
        assert_eq!(model.outputs.iter().map(|port| port.name.as_str()).collect::<Vec<_>>(), ["softmax", "mul"]);
    }

    #[test]
    fn sizes_have_bounds() {
        for (written, expected) in [
            ("?,3,32,32", json!([null, 3, 32, 32])),
            ("-1, 16", json!([null, 16])),
            ("1..8,2..,..4,5..5,0..", json!(["1..8", "2..", "..4", 5, null])),
            ("", json!([])),
            ("...", Value::Null),
            ("1,...,3", Value::Null),
        ] {
            assert_eq!(shape_of(written), Some(expected), "{written}");
        }
        for broken in ["x", "8..1", "1,,2", "-2", "1.5", &"1,".repeat(70)] {
            assert_eq!(shape_of(broken), None, "{broken}");
        }
    }

    #[test]
    fn equal_bounds_in_front_are_one_batch_and_others_are_not() {
        let data = |shape: &str| format!("shape=\"{shape}\" element_type=\"f32\"");
        let (a, b) = (data("1..8,2..3"), data("1..4,2..3"));
        let model = inputs(&[("x:0", &a, ">"), ("1", &a, ">"), ("z", &b, ">")]).unwrap();
        let names: Vec<_> = model.symbols.iter().map(|symbol| symbol.name.as_str()).collect();
        assert_eq!(names, ["batch", "x_0_1", "input_1_1", "z_0_of_2", "z_1"]);
        assert_eq!(model.inputs[0].shape.as_ref().unwrap()[0], model.inputs[1].shape.as_ref().unwrap()[0]);
        assert_sound(&model);
    }

    #[test]
    fn names_of_tensors_win_over_those_of_layers() {
        let data = "shape=\"2\" element_type=\"f32\"";
        let model = inputs(&[
            ("layer", data, r#"names="a\,b,c">"#),
            ("layer", data, ">"),
            ("Parameter_12", data, "names=\"\">"),
        ])
        .unwrap();
        let names: Vec<_> = model.inputs.iter().map(|port| (port.name.as_str(), port.made_up)).collect();
        assert_eq!(names, [("a,b", false), ("layer", false), ("Parameter_12", true)]);
    }

    #[test]
    fn layouts_are_letters_or_nothing() {
        let layout = |layout: &str| {
            let port = format!("><rt_info><attribute name=\"layout\" layout=\"{layout}\"/></rt_info>");
            inputs(&[("x", "shape=\"?,8,8,3\" element_type=\"u8\"", &port)]).unwrap().inputs[0].axes.clone()
        };
        assert_eq!(layout("[N,H,W,C]").as_deref(), Some("NHWC"));
        assert_eq!(layout("[n, h, w, c]").as_deref(), Some("NHWC"));
        for none in ["[N,...,C]", "[N,?,?,C]", "[N,H,W]", "[BATCH,H,W,C]", "NHWC", ""] {
            assert_eq!(layout(none), None, "{none}");
        }
    }

    #[test]
    fn types_that_no_array_has_are_noted() {
        for (written, dtype, notes) in
            [("boolean", Some("bool"), 0), ("bf16", Some("bfloat16"), 0), ("u4", None, 1), ("dynamic", None, 0)]
        {
            let model = inputs(&[("x", &format!("shape=\"2\" element_type=\"{written}\""), ">")]).unwrap();
            assert_eq!(model.inputs[0].dtype, dtype.and_then(Dtype::from_name), "{written}");
            assert_eq!(model.notes.len(), notes, "{written}");
        }
    }

    #[test]
    fn other_xml_is_told_from_silence_and_damage() {
        let read = |text: &str| import_text(&Openvino, "x.xml", text);
        assert!(matches!(read("<svg/>"), Err(ImportError::Unknown(_))));
        assert!(matches!(read("<net><layers/></net>"), Err(ImportError::Silent(_))));
        assert!(
            matches!(read("<net><layers><layer type=\"Input\"/></layers></net>"), Err(ImportError::Silent(why)) if why.contains("before 10"))
        );
        assert!(matches!(
            read("<net><layers><layer type=\"Parameter\"/></layers></net>"),
            Err(ImportError::Damaged(_))
        ));
        assert!(matches!(read("<net><layers>"), Err(ImportError::Damaged(_))));
        // Layers of the body of a loop are no inputs of the model.
        let nested = "<net><layers><layer type=\"Loop\"><body><layers><layer type=\"Parameter\"/></layers></body></layer></layers></net>";
        assert!(matches!(read(nested), Err(ImportError::Silent(_))));
    }

    #[test]
    fn bombs_do_not_go_off() {
        let mut laughs = String::from("<!DOCTYPE net [<!ENTITY a0 \"ha\">");
        for level in 1..10 {
            laughs.extend([format!("<!ENTITY a{level} \""), format!("&a{};", level - 1).repeat(10), "\">".into()]);
        }
        laughs += "]><net><layers><layer type=\"Parameter\" name=\"&a9;\"/></layers></net>";
        assert!(matches!(read(&laughs, MAX_NODES), Err(ImportError::Damaged(why)) if why.contains("DTD")));
        let file = "<!DOCTYPE net [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><net>&x;</net>";
        assert!(matches!(read(file, MAX_NODES), Err(ImportError::Damaged(_))));
        assert!(read(&"<a>".repeat(200_000), MAX_NODES).is_err());
        let deep = format!("<net><layers>{}{}</layers></net>", "<a>".repeat(200_000), "</a>".repeat(200_000));
        assert!(read(&deep, MAX_NODES).is_err());
        let wide = format!("<net><layers>{}</layers></net>", "<a/>".repeat(1001));
        assert!(matches!(read(&wide, 1000), Err(ImportError::Damaged(why)) if why.contains("nodes")));
    }

    #[test]
    fn damaged_files_are_errors_or_sound() {
        // The constants and operations in the middle are never looked at.
        let sample = text("openvino_pre.xml");
        let (start, end) = (sample.find("<layer id=\"1\"").unwrap(), sample.find("<layer id=\"24\"").unwrap());
        damaged(&format!("{}{}", &sample[..start], &sample[end..]), 3000, |text| {
            if let Ok(model) = read(text, MAX_NODES) {
                assert_sound(&model);
            }
        });
        // XML breaks at once; the words inside of it are damaged on their own.
        for word in ["1..8,?,..4,3", "[N,H,W,C]", "a\\,b,c"] {
            damaged(word, 3000, |word| {
                let word = word.replace(['<', '&', '"', '\0'], "x");
                let port =
                    format!("names=\"{word}\"><rt_info><attribute name=\"layout\" layout=\"{word}\"/></rt_info>");
                let layer = format!(
                    "<layer type=\"Parameter\"><data shape=\"{word}\" element_type=\"f32\"/><output><port {port}</port></output></layer>"
                );
                if let Ok(model) = read(&format!("<net><layers>{layer}</layers></net>"), MAX_NODES) {
                    assert_sound(&model);
                }
            });
        }
    }
}
