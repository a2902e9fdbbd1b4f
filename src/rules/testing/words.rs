//! Arrays, dtypes and shapes from a few words.

use std::sync::Arc;

use crate::source::{ArrayFacts, Header, Location};
use crate::spec::dims::{Dim, Expr, Shape};
use crate::spec::dtype::{ByteOrder, Class, Dtype, DtypeRule, Field, Kind, MlType, Wanted};

/// An array from `key: dtype[shape]` or `key: dtype[shape] fortran`.
pub(crate) fn array(text: &str) -> ArrayFacts {
    let (key, header) = text.split_once(": ").expect("`key: dtype[shape]`");
    let (header, order) = header.rsplit_once(']').expect("a shape in brackets");
    // The unit of a `M8[s]` has brackets too: the shape's are the last.
    let (name, sizes) = header.rsplit_once('[').expect("a shape in brackets");
    let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape = sizes.map(|size| size.parse().expect("a size")).collect();
    let header = Header { dtype: dtype(name), shape, fortran: order.trim() == "fortran" };
    ArrayFacts {
        key: key.into(),
        member: Some(format!("{key}.npy").into()),
        ordinal: 0,
        header: Arc::new(header),
        reading: None,
        location: Location::default(),
        leaf: None,
    }
}

/// A dtype from its name or from a descriptor: `float32`, `>f4`, `<V2`, `|O`, `<U5`, `<M8[s]`, `{x: float32, y: |O}`.
pub(crate) fn dtype(text: &str) -> Dtype {
    if let Some(known) = Dtype::from_name(text) {
        return known;
    }
    if let Some(fields) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let field = |text: &str| {
            let (name, of) = text.split_once(':').expect("`name: dtype`");
            Field { name: name.trim().into(), dtype: dtype(of.trim()), shape: Vec::new() }
        };
        let fields: Vec<Field> = fields.split(',').map(field).collect();
        let size = fields.iter().map(|field| field.dtype.size).sum();
        return Dtype { kind: Kind::Struct(fields), size, order: ByteOrder::None };
    }
    let (letter, rest) = text[1..].split_at(1);
    let (count, unit) = rest.split_once('[').map_or((rest, ""), |(count, unit)| (count, unit.trim_end_matches(']')));
    let count: u64 = if count.is_empty() { 8 } else { count.parse().expect("a size") };
    let (kind, size) = match letter {
        "b" => (Kind::Bool, 1),
        "i" => (Kind::Int, count),
        "u" => (Kind::Uint, count),
        "f" if count == 1 => (Kind::Ml(MlType::Float8E5m2), 1),
        "f" if count > 8 => (Kind::LongDouble, count),
        "f" => (Kind::Float, count),
        "c" => (Kind::Complex, count),
        "S" => (Kind::Bytes, count),
        "U" => (Kind::Text, count * 4),
        "V" if text.starts_with('<') => (Kind::UnnamedMl, count),
        "V" => (Kind::Void, count),
        "M" => (Kind::Datetime(unit.into()), 8),
        "m" => (Kind::Timedelta(unit.into()), 8),
        "O" => (Kind::Object, 8),
        other => panic!("no dtype `{other}` in `{text}`"),
    };
    let order = match &text[..1] {
        "<" => ByteOrder::Little,
        ">" => ByteOrder::Big,
        _ => ByteOrder::None,
    };
    Dtype { kind, size, order }
}

/// A declared dtype from names and classes: `float32`, `int64 | int32`, `floating`.
pub(crate) fn dtypes(text: &str) -> DtypeRule {
    let wanted = text.split('|').map(str::trim).map(|name| {
        let class = Class::ALL.iter().find(|(_, known)| *known == name);
        class.map_or_else(|| Wanted::Exactly(dtype(name)), |(class, _)| Wanted::Class(*class))
    });
    DtypeRule { wanted: wanted.collect() }
}

/// A declared shape: `batch, 2*T-1, 1 | C, *, ...`.
pub(crate) fn shape(text: &str) -> Shape {
    Shape { dims: text.split(',').map(|entry| dim(entry.trim())).collect() }
}

fn dim(text: &str) -> Dim {
    match text {
        "batch" => Dim::Batch,
        "*" => Dim::Any,
        "..." => Dim::Rest,
        _ if text.contains('|') => Dim::Either(text.split('|').map(|one| dim(one.trim())).collect()),
        _ => text.parse().map_or_else(|_| Dim::Size(expr(text)), Dim::Fixed),
    }
}

fn expr(text: &str) -> Expr {
    let split = text.rfind(['+', '-']).or_else(|| text.rfind(['*', '/']));
    let Some(at) = split else {
        return text.trim().parse().map_or_else(|_| Expr::Symbol(text.trim().into()), Expr::Number);
    };
    let (left, right) = (Box::new(expr(&text[..at])), Box::new(expr(&text[at + 1..])));
    match &text[at..=at] {
        "+" => Expr::Add(left, right),
        "-" => Expr::Sub(left, right),
        "*" => Expr::Mul(left, right),
        _ => Expr::Div(left, right),
    }
}
