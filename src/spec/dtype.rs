//! Element types: what an array file can hold, and which of them a declaration allows.
//!
//! [`Dtype`] is the vocabulary that readers, facts and rules share. It covers every descriptor that `numpy.save`
//! writes, plus the `ml_dtypes` names that people patch into headers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The byte order written in a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ByteOrder {
    /// `<`, or the native order of the little-endian machines that frameworks run on.
    Little,
    /// `>`
    Big,
    /// `|`: one byte, or no order at all.
    None,
}

/// What one element is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `?`, one byte
    Bool,
    /// `i1` `i2` `i4` `i8`
    Int,
    /// `u1` `u2` `u4` `u8`
    Uint,
    /// `f2` `f4` `f8`
    Float,
    /// `f12` and `f16`: 80-bit values padded to 12 or 16 bytes on x86, other contents elsewhere
    LongDouble,
    /// `c8` `c16`, and `c24` `c32` built from long doubles
    Complex,
    /// `S`: NUL-padded bytes
    Bytes,
    /// `U`: UCS-4 text, four bytes a character
    Text,
    /// `V`: raw bytes that say nothing about their meaning
    Void,
    /// An `ml_dtypes` type that the header names, or the `<f1` that `float8_e5m2` is saved as
    Ml(MlType),
    /// What `ml_dtypes` writes for a type the header does not name: `<V2` (bfloat16), `<V1` (one of about 15)
    UnnamedMl,
    /// `M8`, with its unit as written (`s`, `25s`, or empty)
    Datetime(String),
    /// `m8`, with its unit as written
    Timedelta(String),
    /// `O`: a pickle. Never opened.
    Object,
    /// A structured type, with its fields in order
    Struct(Vec<Field>),
}

/// One field of a structured type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Field {
    /// The name as written, unescaped: escape it before showing it.
    pub name: String,
    /// The element type of the field.
    pub dtype: Dtype,
    /// The shape of the field; empty for a plain field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<u64>,
}

/// The types of the `ml_dtypes` package that a header can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each variant is the name of the type")]
#[serde(rename_all = "snake_case")]
pub enum MlType {
    Bfloat16,
    Float8E3m4,
    Float8E4m3,
    Float8E4m3b11fnuz,
    Float8E4m3fn,
    Float8E4m3fnuz,
    Float8E5m2,
    Float8E5m2fnuz,
    Float8E8m0fnu,
    Float6E2m3fn,
    Float6E3m2fn,
    Float4E2m1fn,
    Int4,
    Int2,
    Uint4,
    Uint2,
}

impl MlType {
    /// Every type, with the name that `ml_dtypes` gives it.
    pub const ALL: [(Self, &'static str); 16] = [
        (Self::Bfloat16, "bfloat16"),
        (Self::Float8E3m4, "float8_e3m4"),
        (Self::Float8E4m3, "float8_e4m3"),
        (Self::Float8E4m3b11fnuz, "float8_e4m3b11fnuz"),
        (Self::Float8E4m3fn, "float8_e4m3fn"),
        (Self::Float8E4m3fnuz, "float8_e4m3fnuz"),
        (Self::Float8E5m2, "float8_e5m2"),
        (Self::Float8E5m2fnuz, "float8_e5m2fnuz"),
        (Self::Float8E8m0fnu, "float8_e8m0fnu"),
        (Self::Float6E2m3fn, "float6_e2m3fn"),
        (Self::Float6E3m2fn, "float6_e3m2fn"),
        (Self::Float4E2m1fn, "float4_e2m1fn"),
        (Self::Int4, "int4"),
        (Self::Int2, "int2"),
        (Self::Uint4, "uint4"),
        (Self::Uint2, "uint2"),
    ];

    /// The name that `ml_dtypes` gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(ml, _)| *ml == self).map_or("ml_dtypes", |(_, name)| name)
    }

    /// The type of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(ml, _)| *ml)
    }
}

/// The element type of an array: what it is, how many bytes, in which order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dtype {
    /// What one element is.
    pub kind: Kind,
    /// Bytes per element, padding of structured types included. Zero for `S0`, `U0`, `V0` and empty structs.
    pub size: u64,
    /// The order of the bytes of one element.
    pub order: ByteOrder,
}

impl Dtype {
    /// A little-endian type of that kind and size.
    #[must_use]
    pub fn new(kind: Kind, size: u64) -> Self {
        let order = if size > 1 { ByteOrder::Little } else { ByteOrder::None };
        Self { kind, size, order }
    }

    /// The plain numeric type of that name: `float32`, `uint8`, `bfloat16`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(ml) = MlType::from_name(name) {
            return Some(Self::new(Kind::Ml(ml), if ml == MlType::Bfloat16 { 2 } else { 1 }));
        }
        let (kind, bits) = match name {
            "bool" => (Kind::Bool, 8),
            "int8" => (Kind::Int, 8),
            "int16" => (Kind::Int, 16),
            "int32" => (Kind::Int, 32),
            "int64" => (Kind::Int, 64),
            "uint8" => (Kind::Uint, 8),
            "uint16" => (Kind::Uint, 16),
            "uint32" => (Kind::Uint, 32),
            "uint64" => (Kind::Uint, 64),
            "float16" => (Kind::Float, 16),
            "float32" => (Kind::Float, 32),
            "float64" => (Kind::Float, 64),
            "complex64" => (Kind::Complex, 64),
            "complex128" => (Kind::Complex, 128),
            _ => return None,
        };
        Some(Self::new(kind, bits / 8))
    }

    /// The name of the type without its byte order, as NumPy prints it: `float32`, `<U5` as `str5`.
    /// Field names are not part of it, so it needs no escaping.
    #[must_use]
    pub fn name(&self) -> String {
        let bits = self.size.saturating_mul(8);
        match &self.kind {
            Kind::Bool => "bool".into(),
            Kind::Int => format!("int{bits}"),
            Kind::Uint => format!("uint{bits}"),
            Kind::Float => format!("float{bits}"),
            Kind::LongDouble => format!("longdouble ({} bytes)", self.size),
            Kind::Complex => format!("complex{bits}"),
            Kind::Bytes => format!("bytes{}", self.size),
            Kind::Text => format!("str{}", self.size / 4),
            Kind::Void => format!("void{}", self.size),
            Kind::Ml(ml) => ml.name().into(),
            Kind::UnnamedMl if self.size == 2 => "void2 (bfloat16?)".into(),
            Kind::UnnamedMl => "void1 (an 8-bit or smaller ml_dtypes type?)".into(),
            Kind::Datetime(unit) if unit.is_empty() => "datetime64".into(),
            Kind::Datetime(unit) => format!("datetime64[{unit}]"),
            Kind::Timedelta(unit) if unit.is_empty() => "timedelta64".into(),
            Kind::Timedelta(unit) => format!("timedelta64[{unit}]"),
            Kind::Object => "object".into(),
            Kind::Struct(fields) if fields.len() == 1 => "struct of 1 field".into(),
            Kind::Struct(fields) => format!("struct of {} fields", fields.len()),
        }
    }

    /// True for what a model can take as a tensor: bool, integers, floats, and the named `ml_dtypes`.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Bool | Kind::Int | Kind::Uint | Kind::Float | Kind::Ml(_))
    }

    /// True for floats, bfloat16 and float8 included.
    #[must_use]
    pub fn is_float(&self) -> bool {
        match self.kind {
            Kind::Float => true,
            Kind::Ml(ml) => !matches!(ml, MlType::Int4 | MlType::Int2 | MlType::Uint4 | MlType::Uint2),
            _ => false,
        }
    }

    /// True for signed and unsigned integers. Bool is not one.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.is_signed_integer() || self.is_unsigned_integer()
    }

    /// True for signed integers.
    #[must_use]
    pub fn is_signed_integer(&self) -> bool {
        matches!(self.kind, Kind::Int | Kind::Ml(MlType::Int4 | MlType::Int2))
    }

    /// True for unsigned integers. Bool is not one.
    #[must_use]
    pub fn is_unsigned_integer(&self) -> bool {
        matches!(self.kind, Kind::Uint | Kind::Ml(MlType::Uint4 | MlType::Uint2))
    }

    /// The type without its byte order: two arrays of equal `unordered` types hold the same kind of values.
    #[must_use]
    pub fn unordered(&self) -> (&Kind, u64) {
        (&self.kind, self.size)
    }
}

impl fmt::Display for Dtype {
    /// The name, with `big-endian` in front where it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.order == ByteOrder::Big && self.size > 1 {
            f.write_str("big-endian ")?;
        }
        f.write_str(&self.name())
    }
}

/// A class of types that a declaration can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// `float16` `float32` `float64`, bfloat16, float8
    Floating,
    /// signed or unsigned integers, not bool
    Integer,
    /// signed integers
    Signed,
    /// unsigned integers
    Unsigned,
    /// floating or integer, not bool
    Number,
    /// whatever the file holds
    Any,
}

impl Class {
    /// Every class, with its name in the spec.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Floating, "floating"),
        (Self::Integer, "integer"),
        (Self::Signed, "signed"),
        (Self::Unsigned, "unsigned"),
        (Self::Number, "number"),
        (Self::Any, "any"),
    ];

    /// Whether the type belongs to the class.
    #[must_use]
    pub fn has(self, dtype: &Dtype) -> bool {
        match self {
            Self::Floating => dtype.is_float(),
            Self::Integer => dtype.is_integer(),
            Self::Signed => dtype.is_signed_integer(),
            Self::Unsigned => dtype.is_unsigned_integer(),
            Self::Number => dtype.is_float() || dtype.is_integer(),
            Self::Any => true,
        }
    }
}

/// One alternative of a declared dtype.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Exactly this type, in any byte order (`foreign-byte-order` judges the order).
    Exactly(Dtype),
    /// Any type of the class.
    Class(Class),
}

/// The declared dtype: at least one alternative, in the order written. The first is what a fix casts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DtypeRule {
    /// The alternatives, at least one.
    pub wanted: Vec<Wanted>,
}

impl DtypeRule {
    /// Whether the declaration allows the type, whatever its byte order.
    #[must_use]
    pub fn allows(&self, dtype: &Dtype) -> bool {
        self.wanted.iter().any(|wanted| match wanted {
            Wanted::Exactly(exact) => exact.unordered() == dtype.unordered(),
            Wanted::Class(class) => class.has(dtype),
        })
    }

    /// The first exact alternative: what a fix casts to.
    #[must_use]
    pub fn preferred(&self) -> Option<&Dtype> {
        self.wanted.iter().find_map(|wanted| match wanted {
            Wanted::Exactly(exact) => Some(exact),
            Wanted::Class(_) => None,
        })
    }
}

impl fmt::Display for DtypeRule {
    /// `float32`, `int64 or int32`, `a floating dtype`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, wanted) in self.wanted.iter().enumerate() {
            if i > 0 {
                f.write_str(" or ")?;
            }
            match wanted {
                Wanted::Exactly(dtype) => f.write_str(&dtype.name())?,
                Wanted::Class(Class::Any) => f.write_str("any dtype")?,
                Wanted::Class(class) => {
                    let name = Class::ALL.iter().find(|(known, _)| known == class).map_or("", |(_, name)| name);
                    let article = if name.starts_with(['a', 'i', 'u']) { "an" } else { "a" };
                    write!(f, "{article} {name} dtype")?;
                }
            }
        }
        Ok(())
    }
}
