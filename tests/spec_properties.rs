//! Properties of the spec reader: what is written from parts is read back as those parts, and no text at all makes it
//! panic, hang, or point outside of the text.

use batchlint::config::file::DTYPES;
use batchlint::config::framework::Framework;
use batchlint::config::read::read;
use batchlint::error::Text;
use batchlint::spec::check::check;
use batchlint::spec::dims::{Dim, Expr, Shape};
use batchlint::spec::parse::{Parsed, parse};
use batchlint::spec::{LastBatch, Role, SizeRule};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn parsed(text: &str) -> Parsed {
    let read = read(text, &[]).expect("the whole text is the spec");
    parse(Text { name: "batchlint.toml".into(), body: text.into() }, read)
}

/// Reads any text, and checks that what is said of it can be shown.
fn survives(text: &str) {
    let parsed = parsed(text);
    for fault in &parsed.faults {
        if let Some(span) = &fault.span {
            assert!(text.get(span.clone()).is_some(), "{fault:?} points outside of the text");
        }
        assert!(!fault.message.is_empty());
    }
    let _ = check(&parsed.spec);
}

const GOOD: &str = r#"framework = "keras" # a comment
[batch]
size = { min = 1, max = 64, multiple_of = 8 }
memory = "2 GiB"
[dims]
T = { varies = true, min = 1 }
[inputs.image]
dtype = ["float32", 'float16']
shape = ["batch", 32, "2*T-1", "*", "...", "1 | C"]
values = { min = 0.0, max = 1.0, in = [0, 0.5] }
allow = [{ rule = "double-precision", reason = """export""" }]
[targets."la bel"]
encoding = "one-hot"
ignore = [-1]
[[allow]]
rule = "partial-last-batch"
paths = ["val/**"]
reason = "evaluation"
[rules]
level = { fortran-order = "warning" }
"#;

/// Pieces from which broken specs are made.
const PIECES: [&str; 40] = [
    "\n",
    " ",
    "=",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    ",",
    ".",
    "\"",
    "'",
    "\"\"\"",
    "#",
    "\\",
    "\u{feff}",
    "é",
    "\u{202e}",
    "inputs",
    "targets.y",
    "batch",
    "dims",
    "allow",
    "size",
    "shape",
    "dtype",
    "float32",
    "\"batch\"",
    "\"T\"",
    "\"2*T\"",
    "3",
    "-1",
    "1e999",
    "nan",
    "true",
    "1979-05-27",
    "rule = ",
    "\r\n",
    "\u{0}",
];

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    survives("\u{feff}[inputs\n");
    let text = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    let (plain, marked) = (parsed(GOOD), parsed(&text));
    assert_eq!(plain.faults, marked.faults);
    assert_eq!(plain.spec.arrays.len(), marked.spec.arrays.len());
}

proptest! {
    #[test]
    fn any_text_is_survived(text in ".{0,200}") {
        survives(&text);
    }

    #[test]
    fn any_pieces_are_survived(pieces in vec(select(PIECES.to_vec()), 0..60)) {
        survives(&pieces.concat());
    }

    #[test]
    fn a_damaged_spec_is_survived(
        damages in vec((0..GOOD.len(), 0..8_usize, select(PIECES.to_vec())), 1..6),
    ) {
        let mut text = GOOD.to_owned();
        for (at, length, piece) in damages {
            let mut start = at.min(text.len());
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(start) { start -= 1; }
            while !text.is_char_boundary(end) { end += 1; }
            text.replace_range(start..end, piece);
        }
        survives(&text);
    }

    #[test]
    fn what_is_written_is_read_back(parts in parts()) {
        let text = parts.text();
        let parsed = parsed(&text);
        prop_assert_eq!(&parsed.faults, &[], "{}", text);
        let spec = parsed.spec;
        prop_assert_eq!(spec.framework.as_ref().map(|framework| framework.value), parts.framework);
        prop_assert_eq!(spec.plan.size.as_ref().map(|size| size.value), parts.size);
        prop_assert_eq!(spec.plan.last.as_ref().map(|last| last.value), parts.last);
        prop_assert_eq!(spec.plan.dataset.as_ref().map(|rows| rows.value), parts.dataset);
        let symbols: Vec<_> = spec.symbols.iter().map(|symbol| (symbol.name.clone(), symbol.rule, symbol.varies)).collect();
        prop_assert_eq!(symbols, parts.symbols);
        let read: Vec<_> = spec.arrays.iter().map(|array| {
            let dtype = array.dtype.as_ref().map(|dtype| dtype.value.to_string());
            (array.role, array.name.clone(), dtype, array.shape.as_ref().map(|shape| shape.value.clone()), array.optional)
        }).collect();
        let written: Vec<_> = parts.arrays.iter().map(|array| {
            let dtype = array.dtype.as_ref().map(|names| {
                let article = |name: &&str| match *name {
                    "any" => "any dtype".to_owned(),
                    "integer" | "unsigned" => format!("an {name} dtype"),
                    "floating" | "signed" | "number" => format!("a {name} dtype"),
                    name => name.to_owned(),
                };
                names.iter().map(article).collect::<Vec<_>>().join(" or ")
            });
            (array.role, array.name.clone(), dtype, array.shape.clone(), array.optional)
        }).collect();
        prop_assert_eq!(read, written);
        let _ = check(&spec);
    }
}

/// A spec in parts.
#[derive(Debug, Clone)]
struct Parts {
    framework: Option<Framework>,
    size: Option<SizeRule>,
    last: Option<LastBatch>,
    dataset: Option<u64>,
    symbols: Vec<(String, SizeRule, bool)>,
    arrays: Vec<ArrayParts>,
}

#[derive(Debug, Clone)]
struct ArrayParts {
    role: Role,
    name: String,
    dtype: Option<Vec<&'static str>>,
    shape: Option<Shape>,
    optional: bool,
}

impl Parts {
    fn text(&self) -> String {
        let mut lines = Vec::new();
        lines.extend(self.framework.map(|framework| format!("framework = \"{framework}\"")));
        lines.push("[batch]".into());
        lines.extend(self.size.map(|size| format!("size = {}", rule(size, false))));
        lines.extend(self.last.map(|last| {
            let word = match last {
                LastBatch::Partial => "partial",
                LastBatch::Full => "full",
                LastBatch::Dropped => "dropped",
            };
            format!("last = '{word}'")
        }));
        lines.extend(self.dataset.map(|rows| format!("dataset = {rows}")));
        lines.push("[dims]".into());
        lines.extend(self.symbols.iter().map(|(name, bounds, varies)| format!("{name} = {}", rule(*bounds, *varies))));
        for array in &self.arrays {
            let mut keys = Vec::new();
            keys.extend(array.dtype.as_ref().map(|names| match names.as_slice() {
                [one] => format!("dtype = \"{one}\""),
                several => format!("dtype = [\"{}\"]", several.join("\", \"")),
            }));
            keys.extend(array.shape.as_ref().map(|shape| {
                let entry = |dim: &Dim| match dim {
                    Dim::Fixed(size) => size.to_string(),
                    dim => format!("\"{dim}\""),
                };
                format!("shape = [{}]", shape.dims.iter().map(entry).collect::<Vec<_>>().join(", "))
            }));
            if array.optional {
                keys.push("optional = true".into());
            }
            lines.push(format!("[{}s.\"{}\"]\n{}", array.role.name(), array.name, keys.join("\n")));
        }
        lines.join("\n")
    }
}

fn rule(rule: SizeRule, varies: bool) -> String {
    if let Some(exact) = rule.exact().filter(|_| rule.multiple_of.is_none() && !varies) {
        return exact.to_string();
    }
    let keys = [("min", rule.min), ("max", rule.max), ("multiple_of", rule.multiple_of)];
    let mut parts: Vec<String> =
        keys.into_iter().filter_map(|(key, value)| value.map(|value| format!("{key} = {value}"))).collect();
    if varies {
        parts.push("varies = true".into());
    }
    format!("{{ {} }}", parts.join(", "))
}

fn parts() -> impl Strategy<Value = Parts> {
    let frameworks = vec![Framework::Keras, Framework::Torch, Framework::Onnxruntime, Framework::Any];
    let last = vec![LastBatch::Partial, LastBatch::Full, LastBatch::Dropped];
    let symbols = vec((size_rule(), any::<bool>()), 0..4);
    (of(select(frameworks)), of(size_rule()), of(select(last)), of(1..9999_u64), symbols, arrays()).prop_map(
        |(framework, size, last, dataset, symbols, arrays)| {
            let symbols = symbols.into_iter().zip(["T", "C_1", "width", "A"]);
            let symbols = symbols.map(|((rule, varies), name)| (name.to_owned(), rule, varies)).collect();
            Parts { framework, size, last, dataset, symbols, arrays }
        },
    )
}

fn arrays() -> impl Strategy<Value = Vec<ArrayParts>> {
    let roles = vec![Role::Input, Role::Target, Role::Weight];
    let names = prop::sample::subsequence(DTYPES.to_vec(), 1..3);
    let array = (select(roles), "[a-zA-Z _.é-]{0,8}", of(names), of(shape()), any::<bool>());
    vec(array, 0..5).prop_map(|arrays| {
        let array = |(i, (role, name, dtype, shape, optional)): (usize, (Role, String, _, _, _))| ArrayParts {
            role,
            name: format!("{name}{i}"),
            dtype,
            shape,
            optional,
        };
        arrays.into_iter().enumerate().map(array).collect()
    })
}

fn size_rule() -> impl Strategy<Value = SizeRule> {
    let bounds = (of(0..50_u64), of(50..99_u64), of(1..9_u64));
    prop_oneof![
        (1..999_u64).prop_map(SizeRule::exactly),
        bounds.prop_map(|(min, max, multiple_of)| SizeRule { min, max, multiple_of }),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    let size = || prop_oneof![(1..999_u64).prop_map(Dim::Fixed), Just(Dim::Batch), expr().prop_map(Dim::Size)];
    let dim = prop_oneof![4 => size(), 1 => Just(Dim::Any), 1 => vec(size(), 2..4).prop_map(Dim::Either)];
    (vec(dim, 0..5), any::<bool>()).prop_map(|(mut dims, rest)| {
        if rest {
            dims.push(Dim::Rest);
        }
        Shape { dims }
    })
}

/// An expression with at least one symbol; without one it would be a number.
fn expr() -> impl Strategy<Value = Expr> {
    let symbol = || select(vec!["T", "C_1", "width", "H"]).prop_map(|name| Expr::Symbol(name.into()));
    let leaf = prop_oneof![symbol(), (1..99_u64).prop_map(Expr::Number)];
    let inner = leaf.prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), inner, 0..3).prop_map(|(a, b, sign)| match sign {
            0 => Expr::Add(a.into(), b.into()),
            1 => Expr::Sub(a.into(), b.into()),
            _ => Expr::Mul(a.into(), b.into()),
        })
    });
    prop_oneof![symbol(), (inner, symbol()).prop_map(|(a, b)| Expr::Div(a.into(), b.into()))]
}
