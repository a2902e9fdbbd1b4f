//! What kind of trouble an array's type is, before anybody asks a framework about it.

use crate::spec::dtype::{ByteOrder, Class, Dtype, DtypeRule, Kind, MlType, Wanted};
use crate::spec::{Declaration, Encoding, Role};

/// What an array is, as seen by a consumer that wants something else. The kinds exclude each other, and one rule speaks
/// for each: that keeps two rules from reporting one fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Given {
    /// float64 where a narrower float is wanted.
    Double,
    /// Any other float where another type is wanted.
    Float,
    /// Integers where floats are wanted, or where an integer type is wanted that holds all of them.
    Whole,
    /// Integers where an integer type is wanted that cannot hold all of them.
    Wide,
    /// Bool where numbers are wanted.
    Bool,
    /// A plain type in a place that was never measured: numbers where bool or complex is wanted.
    Other,
    /// Python objects, or a structured type with one among its fields.
    Object,
    /// `<U`, `|S`.
    Text,
    /// Complex numbers where none are wanted.
    Complex,
    /// datetime64, timedelta64.
    Time,
    /// `<f16` and the like.
    LongDouble,
    /// Structured types and plain raw bytes.
    Raw,
    /// Raw bytes that `ml_dtypes` wrote: `<V2`, `<V1`.
    Opaque,
    /// A type of `ml_dtypes` that the header names.
    Named,
}

impl Given {
    /// The trouble with the type, if any. Without a declared dtype every plain type is fine. Objects and `float8_e5m2`
    /// are trouble even where they are declared: `np.load` refuses both as `np.save` writes them.
    #[must_use]
    pub fn of(dtype: &Dtype, declared: Option<&DtypeRule>) -> Option<Self> {
        if holds_objects(dtype) {
            return Some(Self::Object);
        }
        if dtype.kind == Kind::Ml(MlType::Float8E5m2) {
            return Some(Self::Named);
        }
        if declared.is_some_and(|rule| rule.allows(dtype) || names_opaque(rule, dtype)) {
            return None;
        }
        let wants_complex = declared.is_some_and(|rule| rule.wanted.iter().any(is_complex));
        match dtype.kind {
            Kind::Object => Some(Self::Object),
            Kind::Bytes | Kind::Text => Some(Self::Text),
            Kind::Complex if wants_complex => Some(Self::Other),
            Kind::Complex => Some(Self::Complex),
            Kind::Datetime(_) | Kind::Timedelta(_) => Some(Self::Time),
            Kind::LongDouble => Some(Self::LongDouble),
            Kind::Struct(_) | Kind::Void => Some(Self::Raw),
            Kind::UnnamedMl => Some(Self::Opaque),
            Kind::Ml(_) => Some(Self::Named),
            Kind::Bool | Kind::Int | Kind::Uint | Kind::Float => {
                declared.map(|rule| Self::plain(dtype, aim(rule, dtype).as_ref()))
            }
        }
    }

    fn plain(dtype: &Dtype, wanted: Option<&Dtype>) -> Self {
        let wants = |is: fn(&Dtype) -> bool| wanted.is_some_and(is);
        match dtype.kind {
            _ if wants(|wanted| !wanted.is_float() && !wanted.is_integer()) => Self::Other,
            Kind::Float if dtype.size == 8 && wants(|wanted| wanted.is_float() && wanted.size < 8) => Self::Double,
            Kind::Float => Self::Float,
            Kind::Bool => Self::Bool,
            _ if wants(Dtype::is_float) || wanted.is_some_and(|wanted| keeps_values(dtype, wanted)) => Self::Whole,
            _ => Self::Wide,
        }
    }
}

/// What a declared array is for, which decides what a framework does with a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// An input that wants floats.
    Features,
    /// An input that wants whole numbers: token ids, or raw pixels.
    Ids,
    /// A target that wants class ids.
    Classes,
    /// A target that wants real numbers: regression, probabilities, one-hot, binary.
    Scores,
    /// Sample weights.
    Weights,
}

impl Use {
    /// What the declared array is for. An array that nobody declares counts as features.
    #[must_use]
    pub fn of(declared: Option<&Declaration>) -> Self {
        let Some(declared) = declared else { return Self::Features };
        let whole = declared.dtype.as_ref().is_some_and(|dtype| {
            dtype.value.wanted.iter().all(|wanted| match wanted {
                Wanted::Exactly(exact) => exact.is_integer() || exact.kind == Kind::Bool,
                Wanted::Class(class) => matches!(class, Class::Integer | Class::Signed | Class::Unsigned),
            })
        });
        match (declared.role, declared.encoding.as_ref().map(|encoding| encoding.value)) {
            (Role::Weight, _) => Self::Weights,
            (Role::Target, Some(Encoding::Index)) => Self::Classes,
            (Role::Target, None) if whole => Self::Classes,
            (Role::Target, _) => Self::Scores,
            (Role::Input, _) if whole => Self::Ids,
            (Role::Input, _) => Self::Features,
        }
    }
}

/// The type that a repair of `dtype` casts to: the first declared one of its own kind, else the first declared one, else
/// the usual one of the declared class. `None` where the declaration does not say enough.
#[must_use]
pub fn aim(rule: &DtypeRule, dtype: &Dtype) -> Option<Dtype> {
    let exact = |fits: &dyn Fn(&Dtype) -> bool| {
        rule.wanted.iter().find_map(|wanted| match wanted {
            Wanted::Exactly(exact) if fits(exact) => Some(exact.clone()),
            _ => None,
        })
    };
    let class = |fits: &dyn Fn(Class) -> bool| {
        rule.wanted.iter().find_map(|wanted| match wanted {
            Wanted::Class(class) if fits(*class) => usual(*class),
            _ => None,
        })
    };
    let floats = |class: Class| matches!(class, Class::Floating | Class::Number);
    let integers = |class: Class| matches!(class, Class::Integer | Class::Signed | Class::Unsigned | Class::Number);
    let kin = if dtype.is_float() {
        exact(&Dtype::is_float).or_else(|| class(&floats))
    } else if dtype.is_integer() {
        exact(&|exact| exact.is_integer() && keeps_values(dtype, exact))
            .or_else(|| exact(&Dtype::is_integer))
            .or_else(|| class(&integers))
    } else {
        None
    };
    kin.or_else(|| rule.preferred().cloned()).or_else(|| class(&|_| true))
}

/// Whether every value of `from` is the same value in `into`.
#[must_use]
pub fn keeps_values(from: &Dtype, into: &Dtype) -> bool {
    let (Some(a), Some(b)) = (Range::of(from), Range::of(into)) else {
        return from.unordered() == into.unordered();
    };
    a.digits <= b.digits && a.exponent <= b.exponent && (b.signed || !a.signed) && (b.fractions || !a.fractions)
}

/// What the numbers of a type can be.
struct Range {
    /// Binary digits of the significand, sign excluded.
    digits: u64,
    /// The least power of two above every finite value.
    exponent: u64,
    signed: bool,
    fractions: bool,
}

impl Range {
    fn of(dtype: &Dtype) -> Option<Self> {
        let whole = |digits, signed| Some(Self { digits, exponent: digits, signed, fractions: false });
        let float = |digits, exponent| Some(Self { digits, exponent, signed: true, fractions: true });
        match (&dtype.kind, dtype.size) {
            (Kind::Bool, _) => whole(1, false),
            (Kind::Int, size @ 1..=8) => whole(8 * size - 1, true),
            (Kind::Uint, size @ 1..=8) => whole(8 * size, false),
            (Kind::Float, 2) => float(11, 16),
            (Kind::Float, 4) => float(24, 128),
            (Kind::Float, 8) => float(53, 1024),
            (Kind::Ml(MlType::Bfloat16), _) => float(8, 128),
            _ => None,
        }
    }
}

fn usual(class: Class) -> Option<Dtype> {
    match class {
        Class::Floating | Class::Number => Dtype::from_name("float32"),
        Class::Integer | Class::Signed => Dtype::from_name("int64"),
        Class::Unsigned | Class::Any => None,
    }
}

fn is_complex(wanted: &Wanted) -> bool {
    matches!(wanted, Wanted::Exactly(exact) if exact.kind == Kind::Complex)
}

/// Whether the raw bytes are what `numpy.save` writes for a declared `ml_dtypes` type. `<V2` is only bfloat16; `<V1`
/// can be any of the others but `float8_e5m2`, which is written `<f1`.
fn names_opaque(rule: &DtypeRule, dtype: &Dtype) -> bool {
    dtype.kind == Kind::UnnamedMl
        && rule.wanted.iter().any(|wanted| {
            matches!(wanted, Wanted::Exactly(Dtype { kind: Kind::Ml(ml), size, .. })
                if *size == dtype.size && *ml != MlType::Float8E5m2)
        })
}

fn holds_objects(dtype: &Dtype) -> bool {
    match &dtype.kind {
        Kind::Object => true,
        Kind::Struct(fields) => fields.iter().any(|field| holds_objects(&field.dtype)),
        _ => false,
    }
}

/// The byte order of the type is not that of the machines that frameworks run on.
#[must_use]
pub fn is_foreign(dtype: &Dtype) -> bool {
    dtype.order == ByteOrder::Big && dtype.size > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dtype(name: &str) -> Dtype {
        Dtype::from_name(name).unwrap()
    }

    fn exactly(names: &[&str]) -> DtypeRule {
        DtypeRule { wanted: names.iter().map(|name| Wanted::Exactly(dtype(name))).collect() }
    }

    fn given(found: &str, wanted: &[&str]) -> Option<Given> {
        Given::of(&dtype(found), Some(&exactly(wanted)))
    }

    #[test]
    fn plain_types_are_told_apart_by_what_is_wanted() {
        assert_eq!(given("float64", &["float32"]), Some(Given::Double));
        assert_eq!(given("float64", &["int64", "bfloat16"]), Some(Given::Double));
        assert_eq!(given("float32", &["float64"]), Some(Given::Float));
        assert_eq!(given("float64", &["int64"]), Some(Given::Float));
        assert_eq!(given("int64", &["float32"]), Some(Given::Whole));
        assert_eq!(given("int32", &["int64"]), Some(Given::Whole));
        assert_eq!(given("int64", &["int32"]), Some(Given::Wide));
        assert_eq!(given("int64", &["uint64"]), Some(Given::Wide));
        assert_eq!(given("bool", &["int64"]), Some(Given::Bool));
        assert_eq!(given("int64", &["bool"]), Some(Given::Other));
        assert_eq!(given("float32", &["complex64"]), Some(Given::Other));
        assert_eq!(given("complex64", &["complex128"]), Some(Given::Other));
        assert_eq!(given("complex64", &["float32"]), Some(Given::Complex));
        assert_eq!(given("bfloat16", &["float32"]), Some(Given::Named));
    }

    #[test]
    fn what_is_declared_is_no_trouble() {
        for (found, wanted) in [("float32", "float32"), ("complex64", "complex64"), ("bfloat16", "bfloat16")] {
            assert_eq!(given(found, &[wanted]), None, "{found}");
        }
        let big = Dtype { order: ByteOrder::Big, ..dtype("float32") };
        assert_eq!(Given::of(&big, Some(&exactly(&["float32"]))), None);
        assert_eq!(Given::of(&dtype("float64"), None), None);
        assert_eq!(given("float8_e5m2", &["float8_e5m2"]), Some(Given::Named), "np.load cannot read its own `<f1`");
    }

    #[test]
    fn raw_bytes_pass_for_the_declared_type_that_is_saved_as_them() {
        let raw = |size| Dtype::new(Kind::UnnamedMl, size);
        assert_eq!(Given::of(&raw(2), Some(&exactly(&["bfloat16"]))), None);
        assert_eq!(Given::of(&raw(1), Some(&exactly(&["float8_e4m3fn"]))), None);
        assert_eq!(Given::of(&raw(1), Some(&exactly(&["bfloat16"]))), Some(Given::Opaque));
        assert_eq!(Given::of(&raw(1), Some(&exactly(&["float8_e5m2"]))), Some(Given::Opaque));
        assert_eq!(Given::of(&raw(2), None), Some(Given::Opaque));
    }

    #[test]
    fn an_object_is_one_wherever_it_hides_and_whatever_is_declared() {
        let field = crate::spec::dtype::Field { name: "x".into(), dtype: Dtype::new(Kind::Object, 8), shape: vec![] };
        let any = DtypeRule { wanted: vec![Wanted::Class(Class::Any)] };
        assert_eq!(Given::of(&Dtype::new(Kind::Struct(vec![field]), 8), Some(&any)), Some(Given::Object));
        assert_eq!(Given::of(&Dtype::new(Kind::Object, 8), Some(&any)), Some(Given::Object));
        assert_eq!(Given::of(&Dtype::new(Kind::Text, 8), Some(&any)), None);
    }

    #[test]
    fn casts_that_keep_every_value() {
        let all =
            ["bool", "uint8", "int8", "int16", "uint16", "int32", "int64", "uint64", "float16", "float32", "float64"];
        let kept = |from: &str| -> Vec<&str> {
            all.iter().copied().filter(|into| keeps_values(&dtype(from), &dtype(into))).collect()
        };
        assert_eq!(
            kept("uint8"),
            ["uint8", "int16", "uint16", "int32", "int64", "uint64", "float16", "float32", "float64"]
        );
        assert_eq!(kept("uint16"), ["uint16", "int32", "int64", "uint64", "float32", "float64"]);
        assert_eq!(kept("int32"), ["int32", "int64", "float64"]);
        assert_eq!(kept("int64"), ["int64"]);
        assert_eq!(kept("float16"), ["float16", "float32", "float64"]);
        assert_eq!(kept("bool"), all);
    }

    #[test]
    fn a_repair_casts_to_the_nearest_declared_type() {
        let to = |found: &str, rule: &DtypeRule| aim(rule, &dtype(found)).map(|dtype| dtype.name());
        assert_eq!(to("float64", &exactly(&["int64", "float32"])).as_deref(), Some("float32"));
        assert_eq!(to("int16", &exactly(&["int64", "int32"])).as_deref(), Some("int64"));
        assert_eq!(to("uint32", &exactly(&["int32", "int64"])).as_deref(), Some("int64"));
        assert_eq!(to("int64", &exactly(&["float32"])).as_deref(), Some("float32"));
        let class = |class| DtypeRule { wanted: vec![Wanted::Class(class)] };
        assert_eq!(to("int64", &class(Class::Floating)).as_deref(), Some("float32"));
        assert_eq!(to("float32", &class(Class::Integer)).as_deref(), Some("int64"));
        assert_eq!(to("float32", &class(Class::Unsigned)), None);
    }
}
