//! One declared array: its lines against each other.

use super::Contradiction;
use crate::config::Level;
use crate::error::quoted;
use crate::spec::dims::{Bindings, Dim, Expr};
use crate::spec::dtype::{Class, Dtype, DtypeRule, Kind, MlType, Wanted};
use crate::spec::{Declaration, Declared, Encoding, Values, fit};

/// `constants` are the symbols that have one size in every batch.
pub(super) fn check(declared: &Declaration, constants: &Bindings, found: &mut Vec<Contradiction>) {
    let before = found.len();
    if let Some(values) = &declared.values {
        found.extend(range(declared, values));
        found.extend(set(declared, values));
    }
    found.extend(ignored(declared));
    axes(declared, found);
    sizes(declared, constants, found);
    classes(declared, constants, found);
    for contradiction in &mut found[before..] {
        contradiction.subject.clone_from(&declared.name);
    }
}

/// `min` and `max` against each other, and against what the dtype can hold.
fn range(declared: &Declaration, values: &Declared<Values>) -> Option<Contradiction> {
    let label = declared.label();
    let Values { min, max, .. } = values.value;
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        return Some(Contradiction::new(
            &values.at,
            format!("{label} allows no value: `min = {}` is above `max = {}`", shown(min), shown(max)),
            "At least one value lies between `min` and `max`.",
            format!("min = {}, max = {}", shown(min), shown(max)),
            "swap the two",
        ));
    }
    let dtype = &declared.dtype.as_ref()?.value;
    let (low, high) = holds(dtype)?;
    let (key, bound) = min
        .map(|min| ("min", min))
        .into_iter()
        .chain(max.map(|max| ("max", max)))
        .find(|(_, bound)| *bound < low || *bound > high)?;
    Some(Contradiction::new(
        &values.at,
        format!("{label} is {dtype}, which cannot hold `{key} = {}`", shown(bound)),
        format!("The bounds lie in the range of {dtype}, {} to {}.", shown(low), shown(high)),
        format!("{key} = {}", shown(bound)),
        "change the bound or the dtype; leave a bound out that the dtype keeps anyway",
    ))
}

/// `in` against the other limits and the dtype.
fn set(declared: &Declaration, values: &Declared<Values>) -> Option<Contradiction> {
    let Values { min, max, within, nonzero, .. } = &values.value;
    let dtype = declared.dtype.as_ref().map(|dtype| &dtype.value);
    let (value, why) = within.as_ref()?.iter().find_map(|value| {
        let why = if let Some(min) = min.filter(|min| value < min) {
            format!("is below `min = {}`", shown(min))
        } else if let Some(max) = max.filter(|max| value > max) {
            format!("is above `max = {}`", shown(max))
        } else if *nonzero && *value == 0.0 {
            "is refused by `nonzero`".to_owned()
        } else {
            let dtype = dtype.filter(|dtype| !holds_value(dtype, *value))?;
            format!("does not fit {dtype}")
        };
        Some((value, why))
    })?;
    Some(Contradiction::new(
        &values.at,
        format!("{}, which `in` allows for {}, {why}", shown(*value), declared.label()),
        "Every value of `in` is allowed by the other lines too.",
        format!("{} in `in`", shown(*value)),
        "take the value out, or change the line that refuses it",
    ))
}

fn ignored(declared: &Declaration) -> Option<Contradiction> {
    let (ignore, dtype) = (declared.ignore.as_ref()?, declared.dtype.as_ref()?);
    let value = ignore.value.iter().find(|value| !holds_value(&dtype.value, **value as f64))?;
    Some(Contradiction::new(
        &ignore.at,
        format!("{} is {}, which cannot hold {value} for \"no label\"", declared.label(), dtype.value),
        format!("Every value of `ignore` fits {}.", dtype.value),
        format!("{value} in `ignore`"),
        "declare a dtype that holds it: in unsigned types -1 becomes 255 or more",
    ))
}

/// `axes` against itself and the shape.
fn axes(declared: &Declaration, found: &mut Vec<Contradiction>) {
    let Some(axes) = &declared.axes else { return };
    let letters: Vec<char> = axes.value.chars().collect();
    if let Some((_, letter)) = letters.iter().enumerate().find(|(i, letter)| letters[..*i].contains(letter)) {
        found.push(Contradiction::new(
            &axes.at,
            format!("two axes of {} have the name {letter}", declared.label()),
            "Every axis has a letter of its own.",
            quoted(&axes.value),
            "give each axis its own letter: \"NHWC\" and not \"NWWC\"",
        ));
    }
    let Some(shape) = &declared.shape else { return };
    let ranks = fit::ranks(&shape.value);
    if letters.len() < ranks.min || (letters.len() > ranks.min && !ranks.open) {
        let at_least = if ranks.open { "at least " } else { "" };
        found.push(Contradiction::new(
            &axes.at,
            format!("{} has {at_least}{}, and `axes` names {}", declared.label(), counted(ranks.min), letters.len()),
            "`axes` has one letter for each axis of the shape.",
            format!("{} for {}", quoted(&axes.value), shape.value),
            "the batch axis counts: \"NHWC\" names four axes",
        ));
    }
}

fn counted(axes: usize) -> String {
    if axes == 1 { "1 axis".into() } else { format!("{axes} axes") }
}

/// Expressions over named constants that give no size.
fn sizes(declared: &Declaration, constants: &Bindings, found: &mut Vec<Contradiction>) {
    let Some(shape) = &declared.shape else { return };
    for dim in &shape.value.dims {
        if let Dim::Size(expr) = dim
            && !matches!(expr, Expr::Symbol(_))
            && expr.symbols().all(|name| constants.contains_key(name))
            && expr.eval(constants).is_none_or(|size| size == 0)
        {
            let names: std::collections::BTreeSet<&str> = expr.symbols().collect();
            let given: Vec<String> = names.into_iter().map(|name| format!("{name} = {}", constants[name])).collect();
            found.push(Contradiction::new(
                &shape.at,
                format!("`{expr}` in the shape of {} is no size where {}", declared.label(), given.join(", ")),
                format!("`{expr}` is a whole number from 1."),
                given.join(", "),
                "division has to be exact, and a size is not negative",
            ));
        }
    }
}

/// The classes of a target against its encoding, its dtype and its shape.
fn classes(declared: &Declaration, constants: &Bindings, found: &mut Vec<Contradiction>) {
    let (Some(classes), Some(encoding)) = (&declared.classes, &declared.encoding) else { return };
    let label = declared.label();
    match encoding.value {
        Encoding::Value => found.push(
            Contradiction::new(
                &classes.at,
                format!("{label} has real values, which have no classes"),
                "`classes` stands beside an encoding of classes.",
                "encoding = \"value\"",
                "delete `classes`, or say how the classes are encoded: \"index\", \"one-hot\"",
            )
            .harmless(Level::Warning, "the target was one of classes once, or `encoding` is the wrong word"),
        ),
        Encoding::Index => {
            let greatest = (classes.value - 1) as f64;
            if let Some(dtype) = &declared.dtype
                && holds(&dtype.value).is_some_and(|(_, high)| greatest > high)
            {
                found.push(Contradiction::new(
                    &classes.at,
                    format!("{label} is {}, which cannot hold class ids up to {}", dtype.value, classes.value - 1),
                    format!("{} holds the ids 0 to {}.", dtype.value, classes.value - 1),
                    format!("classes = {}", classes.value),
                    "declare a wider dtype",
                ));
            }
        }
        Encoding::OneHot | Encoding::Probabilities => {
            let Some(shape) = &declared.shape else { return };
            let axes = shape.value.dims.iter().filter(|dim| **dim != Dim::Batch);
            let Some(sizes) = axes.map(|dim| constant(dim, constants)).collect::<Option<Vec<u64>>>() else { return };
            // Channels can stand anywhere; only where no axis could be the classes is the last one blamed.
            if let Some(last) = sizes.last()
                && !sizes.contains(&classes.value)
            {
                found.push(Contradiction::new(
                    &shape.at,
                    format!("{label} has {} classes, and no axis of that size", classes.value),
                    format!("An axis of size {} holds one number per class.", classes.value),
                    format!("{last} in the last axis of {}", shape.value),
                    format!("write {} for the axis of classes, or \"index\" for one id per row", classes.value),
                ));
            }
        }
        Encoding::Binary => {}
    }
}

/// The size of an entry, where the declaration alone gives it.
fn constant(dim: &Dim, constants: &Bindings) -> Option<u64> {
    match dim {
        Dim::Fixed(size) => Some(*size),
        Dim::Size(expr) => expr.eval(constants),
        _ => None,
    }
}

/// A number as people write it: very large and very small ones with an exponent.
fn shown(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) { format!("{number:e}") } else { number.to_string() }
}

/// Whether one of the allowed types can hold the value.
fn holds_value(rule: &DtypeRule, value: f64) -> bool {
    let whole = rule.wanted.iter().all(|wanted| match wanted {
        Wanted::Exactly(dtype) => dtype.is_integer() || dtype.kind == Kind::Bool,
        Wanted::Class(class) => matches!(class, Class::Integer | Class::Signed | Class::Unsigned),
    });
    (value.fract() == 0.0 || !whole) && holds(rule).is_none_or(|(low, high)| (low..=high).contains(&value))
}

/// The least and greatest value that the allowed types can hold between them, where that is any limit for a spec.
fn holds(rule: &DtypeRule) -> Option<(f64, f64)> {
    rule.wanted.iter().map(limits).reduce(|all, one| {
        let ((low, high), (least, greatest)) = (all?, one?);
        Some((f64::min(low, least), f64::max(high, greatest)))
    })?
}

/// The least and greatest value of a type, where that is any limit for a spec.
pub(in crate::spec) fn limits(wanted: &Wanted) -> Option<(f64, f64)> {
    let integer = |bits: i32, signed: bool| {
        if signed { (-(2_f64.powi(bits - 1)), 2_f64.powi(bits - 1) - 1.0) } else { (0.0, 2_f64.powi(bits) - 1.0) }
    };
    let bits = |dtype: &Dtype| i32::try_from(dtype.size.min(8) * 8).unwrap_or(64);
    match wanted {
        Wanted::Class(Class::Unsigned) => Some(integer(64, false)),
        Wanted::Class(Class::Signed) => Some(integer(64, true)),
        Wanted::Class(Class::Integer) => Some((integer(64, true).0, integer(64, false).1)),
        Wanted::Class(Class::Floating | Class::Number | Class::Any) => None,
        Wanted::Exactly(dtype) => match dtype.kind {
            Kind::Bool => Some((0.0, 1.0)),
            Kind::Int => Some(integer(bits(dtype), true)),
            Kind::Uint => Some(integer(bits(dtype), false)),
            Kind::Ml(MlType::Int4) => Some(integer(4, true)),
            Kind::Ml(MlType::Int2) => Some(integer(2, true)),
            Kind::Ml(MlType::Uint4) => Some(integer(4, false)),
            Kind::Ml(MlType::Uint2) => Some(integer(2, false)),
            Kind::Float if dtype.size == 2 => Some((-65504.0, 65504.0)),
            Kind::Float if dtype.size == 4 => Some((f64::from(f32::MIN), f64::from(f32::MAX))),
            _ => None,
        },
    }
}
