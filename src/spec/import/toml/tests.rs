use proptest::prelude::*;

use super::super::Symbol;
use super::*;
use crate::config::Overrides;
use crate::error::Text;
use crate::spec::framework::Framework;
use crate::spec::load::from_text;
use crate::spec::{Role, Spec};

fn read(body: &str) -> Spec {
    let text = Text { name: "model".into(), body: body.into() };
    match from_text(text, &Overrides::default(), |_| Ok(())) {
        Ok(loaded) => loaded.spec,
        Err(error) => panic!("{error:?}\n{body}"),
    }
}

fn written(model: &Model, options: &Options<'_>) -> (String, Spec) {
    let body = text(model, "model.keras", options);
    let spec = read(&body);
    (body, spec)
}

fn port(name: &str, dtype: Option<&str>, shape: &[Size]) -> Port {
    Port {
        name: name.into(),
        dtype: dtype.and_then(Dtype::from_name),
        shape: Some(shape.to_vec()),
        from: "config.json: config.layers[0]".into(),
        ..Port::default()
    }
}

fn model(inputs: Vec<Port>) -> Model {
    Model { format: "keras", framework: Some(Framework::Keras), inputs, ..Model::default() }
}

#[test]
fn a_model_is_written_line_by_line() {
    let mut image = port("image", Some("float32"), &[Size::Any, Size::Exactly(32), Size::Any]);
    image.values = Some((0.0, 255.0));
    image.axes = Some("NHC".into());
    let mut model = model(vec![image]);
    model.notes.push("Two\nlines.".into());
    model.targets.push(Target {
        name: "target".into(),
        encoding: Some(Encoding::Index),
        classes: Some(2),
        ignore: Some(-1),
        shape: None,
        from: "config.json: compile_config.loss".into(),
    });
    let (body, _) = written(&model, &Options::default());
    assert_eq!(
        body,
        "# Read from model.keras (keras).\n# Two\\nlines.\nframework = \"keras\"\n\n[inputs.image]\n\
         # config.json: config.layers[0]\ndtype = \"float32\"\nshape = [\"batch\", 32, \"*\"]\naxes = \"NHC\"\n\
         values = { min = 0.0, max = 255.0 }\n\n[targets.target]\n# config.json: compile_config.loss\n\
         encoding = \"index\"\nclasses = 2\nignore = [-1]\n"
    );
}

#[test]
fn classes_that_no_axis_but_that_of_the_batch_could_hold_are_left_out() {
    let mut model = model(vec![port("x", Some("float32"), &[Size::Symbol("n".into())])]);
    for (shape, says) in [
        (vec![Size::Exactly(2), Size::Symbol("n".into())], false),
        (vec![Size::Symbol("n".into()), Size::Exactly(3)], true),
        (vec![Size::Symbol("n".into()), Size::Symbol("m".into())], true),
    ] {
        model.targets = vec![Target {
            name: "y".into(),
            encoding: Some(Encoding::OneHot),
            classes: Some(3),
            shape: Some(shape),
            ..Target::default()
        }];
        assert_eq!(written(&model, &Options::default()).0.contains("classes = 3"), says);
    }
}

#[test]
fn a_batch_size_that_is_built_in_is_kept_with_a_note_or_relaxed() {
    let built_in = model(vec![port("x", Some("float16"), &[Size::Exactly(32), Size::Exactly(3)])]);
    let (body, spec) = written(&built_in, &Options::default());
    assert!(body.contains("[batch]\n# This batch size is built into the model."), "{body}");
    assert_eq!(spec.plan.size.unwrap().value.exact(), Some(32));
    assert!(body.contains("shape = [\"batch\", 3]"), "{body}");
    let (body, spec) = written(&built_in, &Options { batch: Some(8), ..Options::default() });
    assert_eq!(spec.plan.size.unwrap().value.exact(), Some(8));
    assert!(!body.contains("32"), "{body}");
    // Numbers that differ are no batch size.
    let mixed = model(vec![
        port("x", None, &[Size::Exactly(32), Size::Exactly(3)]),
        port("y", None, &[Size::Exactly(4), Size::Exactly(3)]),
    ]);
    let (body, spec) = written(&mixed, &Options::default());
    assert!(spec.plan.size.is_none() && body.contains("shape = [32, 3]") && body.contains("shape = [4, 3]"), "{body}");
}

#[test]
fn the_symbol_of_the_first_axes_is_the_batch_and_others_are_declared() {
    let symbol = |name: &str| Size::Symbol(name.into());
    let mut model = model(vec![
        port("image", Some("uint8"), &[symbol("s40"), Size::Exactly(3), symbol("s 73")]),
        port("tokens", Some("int64"), &[symbol("s40"), symbol("T")]),
        port("free", Some("int64"), &[Size::Any, symbol("T")]),
    ]);
    model.symbols = vec![
        Symbol { name: "s40".into(), min: Some(1), max: Some(256) },
        Symbol { name: "s 73".into(), min: Some(8), max: Some(512) },
        Symbol { name: "T".into(), min: Some(9), max: Some(3) },
    ];
    let (body, spec) = written(&model, &Options::default());
    assert!(body.contains("size = { max = 256 }"), "{body}");
    assert!(body.contains("# The model calls it s 73.\nsize = { varies = true, min = 8, max = 512 }"), "{body}");
    assert!(body.contains("\nT = { varies = true, max = 3 }"), "{body}");
    assert!(body.contains("shape = [\"batch\", 3, \"size\"]") && body.contains("shape = [\"*\", \"T\"]"), "{body}");
    assert_eq!(spec.symbols.len(), 2);
}

#[test]
fn what_is_not_known_is_any_and_says_so() {
    let mut text = port("", None, &[]);
    text.dtype = Some(super::super::text_dtype());
    text.shape = None;
    let (body, spec) = written(&model(vec![text, port("y", None, &[])]), &Options::default());
    assert!(body.contains("[inputs.input_0]") && body.contains("# The model takes text, which no dtype"), "{body}");
    assert!(body.contains("# The model does not say which type it takes.\ndtype = \"any\"\nshape = []"), "{body}");
    assert!(spec.arrays.iter().all(|declared| declared.pick.position.is_none()));
    let (body, spec) = written(&model(vec![Port { made_up: true, ..port("args_0", None, &[]) }]), &Options::default());
    assert_eq!(spec.arrays[0].pick.position.as_ref().unwrap().value, 0, "{body}");
}

#[test]
fn bounds_that_the_type_keeps_or_cannot_hold_are_left_out() {
    let with = |dtype: &str, values: (f64, f64)| {
        let port = Port { values: Some(values), ..port("x", Some(dtype), &[Size::Any]) };
        let (_, spec) = written(&model(vec![port]), &Options::default());
        spec.arrays[0].values.as_ref().map(|values| (values.value.min, values.value.max))
    };
    assert_eq!(with("uint8", (0.0, 255.0)), None);
    assert_eq!(with("uint8", (0.0, 49.0)), Some((None, Some(49.0))));
    assert_eq!(with("int8", (0.0, 255.0)), Some((Some(0.0), None)));
    assert_eq!(with("int32", (0.0, 49.0)), Some((Some(0.0), Some(49.0))));
    assert_eq!(with("int64", (0.5, 49.0)), Some((Some(0.5), Some(49.0))));
    assert_eq!(with("float32", (0.0, 1e300)), Some((Some(0.0), None)));
    assert_eq!(with("float32", (f64::NAN, 1.0)), None);
}

#[test]
fn an_array_that_is_input_and_target_has_two_names() {
    let mut model = model(vec![port("x", None, &[Size::Any]), port("x", None, &[Size::Any])]);
    let target = Target { name: "x".into(), encoding: Some(Encoding::Value), ..Target::default() };
    model.targets = vec![target.clone(), target];
    let (_, spec) = written(&model, &Options::default());
    let names: Vec<(Role, &str)> = spec.arrays.iter().map(|declared| (declared.role, declared.name.as_str())).collect();
    assert_eq!(
        names,
        [(Role::Input, "x"), (Role::Input, "x_2"), (Role::Target, "x_target"), (Role::Target, "x_target_2")]
    );
}

fn sizes() -> impl Strategy<Value = Vec<Size>> {
    let size = prop_oneof![
        Just(Size::Any),
        prop_oneof![Just(0), 1..5_u64, Just(u64::MAX)].prop_map(Size::Exactly),
        prop_oneof!["[a-c]", "batch|Batch|none|\\*|\\.\\.\\.|2\\*T|1 \\| C", any::<String>()].prop_map(Size::Symbol),
    ];
    prop::collection::vec(size, 0..5)
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{0,2}", "target|input|input_0|a_target", "\\PC{0,8}", any::<String>()]
}

fn ports() -> impl Strategy<Value = Port> {
    let dtypes = ["float32", "uint8", "int8", "bool", "float16", "bfloat16", "complex64", "int4", "text"];
    let dtype = prop::option::of(prop::sample::select(dtypes.to_vec()));
    let bounds = (prop::option::of((any::<f64>(), any::<f64>())), prop::option::of("[NHWC]{0,4}|\\PC{0,3}"));
    (name(), any::<bool>(), dtype, prop::option::of(sizes()), bounds, any::<bool>(), any::<String>()).prop_map(
        |(name, made_up, dtype, shape, (values, axes), optional, from)| {
            let dtype = dtype.map(|name| Dtype::from_name(name).unwrap_or_else(super::super::text_dtype));
            Port { name, made_up, dtype, shape, axes, values, optional, from }
        },
    )
}

fn targets() -> impl Strategy<Value = Target> {
    let encodings =
        [Encoding::Index, Encoding::OneHot, Encoding::Probabilities, Encoding::Binary, Encoding::Value].to_vec();
    let numbers = (prop::option::of(prop_oneof![0..5_u64, Just(u64::MAX)]), prop::option::of(any::<i64>()));
    let encoding = prop::option::of(prop::sample::select(encodings));
    (name(), encoding, numbers, prop::option::of(sizes()), any::<String>()).prop_map(
        |(name, encoding, (classes, ignore), shape, from)| Target { name, encoding, classes, ignore, shape, from },
    )
}

proptest! {
    #[test]
    fn whatever_a_model_says_the_spec_can_be_read(
        inputs in prop::collection::vec(ports(), 0..4),
        targets in prop::collection::vec(targets(), 0..3),
        notes in prop::collection::vec(any::<String>(), 0..2),
        bounds in prop::collection::vec((any::<Option<u64>>(), any::<Option<u64>>()), 3..4),
        file in any::<String>(),
        batch in any::<Option<u64>>(),
    ) {
        let symbols = ["a", "b", "c"].into_iter().zip(bounds);
        let symbols = symbols.map(|(name, (min, max))| Symbol { name: name.into(), min, max }).collect();
        let model = Model { inputs, targets, symbols, notes, ..model(Vec::new()) };
        let body = text(&model, &file, &Options { batch, ..Options::default() });
        let spec = read(&body);
        let named = |role: Role| spec.arrays.iter().filter(move |declared| declared.role == role);
        prop_assert_eq!(named(Role::Input).count(), model.inputs.len());
        prop_assert_eq!(named(Role::Target).count(), model.targets.len());
        for (declared, port) in named(Role::Input).zip(&model.inputs) {
            let first = model.inputs.iter().position(|other| other.name == port.name);
            let own = first.is_some_and(|first| std::ptr::eq(&raw const model.inputs[first], port));
            let free = !port.name.starts_with("input") && !port.name.contains('_');
            prop_assert!(declared.name == port.name || !own || !free || port.name.is_empty(), "{body}");
        }
    }
}
