//! One value, exactly: a whole number of any integer type, or a float.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::marked::value;

/// One value. Whole numbers keep all their digits, those of int64 and uint64 included.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// A value of an integer type, or of bool.
    Int(i128),
    /// A value of a float type.
    Float(f64),
}

impl Number {
    /// The nearest float64.
    #[inline]
    #[must_use]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }

    /// Whether it has no fraction. NaN and infinities have one.
    #[must_use]
    pub fn is_whole(self) -> bool {
        match self {
            Self::Int(_) => true,
            Self::Float(float) => float.is_finite() && float.fract() == 0.0,
        }
    }

    /// The same value as a whole number, where it is one and fits.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    pub fn to_int(self) -> Option<i128> {
        match self {
            Self::Int(int) => Some(int),
            Self::Float(float) if self.is_whole() && float.abs() < 1e38 => Some(float as i128),
            Self::Float(_) => None,
        }
    }

    /// What orders integers among each other as their values do, and floats.
    pub(super) fn order(self) -> i128 {
        match self {
            Self::Int(int) => int,
            Self::Float(float) => {
                let bits = float.to_bits().cast_signed();
                // Below 0, greater magnitudes come first.
                i128::from(if bits < 0 { bits ^ i64::MAX } else { bits })
            }
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    /// By value; of two equal values the integer comes first. NaN comes last.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Int(a), Self::Float(b)) => (*a as f64).total_cmp(b).then(Ordering::Less),
            (Self::Float(a), Self::Int(b)) => a.total_cmp(&(*b as f64)).then(Ordering::Greater),
        }
    }
}

impl fmt::Display for Number {
    /// As people write it: `255`, `-0.5`, `1.7e308`. Floats have at most seven digits that count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => f.write_str(&value(int)),
            Self::Float(float) => f.write_str(&float_text(*float)),
        }
    }
}

/// A float of the data as people write it, with seven digits that count at most.
#[must_use]
pub fn float_text(float: f64) -> String {
    value(declared_text(float))
}

/// A float that is no value of the data, in the same way: a limit of the spec, a constant.
#[must_use]
pub fn declared_text(float: f64) -> String {
    if float == 0.0 || !float.is_finite() {
        return if float.is_nan() { "NaN".into() } else { format!("{float}") };
    }
    let magnitude = float.abs();
    if !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{float:.6e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    if float.fract() == 0.0 {
        return format!("{float}");
    }
    let before = magnitude.log10().floor() + 1.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 11")]
    let decimals = (7.0 - before).clamp(1.0, 11.0) as usize;
    let text = format!("{float:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Int(int) => match (i64::try_from(*int), u64::try_from(*int)) {
                (Ok(int), _) => serializer.serialize_i64(int),
                (_, Ok(int)) => serializer.serialize_u64(int),
                _ => serializer.serialize_f64(*int as f64),
            },
            Self::Float(float) if float.is_finite() => serializer.serialize_f64(*float),
            // JSON has no word for these.
            Self::Float(float) => serializer.serialize_str(&declared_text(*float)),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, \"NaN\", \"inf\" or \"-inf\"")
            }
            fn visit_i64<E: Error>(self, int: i64) -> Result<Number, E> {
                Ok(Number::Int(int.into()))
            }
            fn visit_u64<E: Error>(self, int: u64) -> Result<Number, E> {
                Ok(Number::Int(int.into()))
            }
            fn visit_f64<E: Error>(self, float: f64) -> Result<Number, E> {
                Ok(Number::Float(float))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                match text {
                    "NaN" => Ok(Number::Float(f64::NAN)),
                    "inf" => Ok(Number::Float(f64::INFINITY)),
                    "-inf" => Ok(Number::Float(f64::NEG_INFINITY)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Floats that are saved as [`Number`] is, so that NaN and infinities survive.
pub(super) mod float {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Number;

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(in crate::values) fn serialize<S: Serializer>(float: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Number::Float(*float).serialize(serializer)
    }

    pub(in crate::values) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Number::deserialize(deserializer)?.to_f64())
    }
}

/// The same for a float that may be missing.
pub(super) mod float_or_none {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Number;

    #[allow(clippy::ref_option, reason = "what serde calls")]
    pub(in crate::values) fn serialize<S: Serializer>(float: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        float.map(Number::Float).serialize(serializer)
    }

    pub(in crate::values) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Ok(Option::<Number>::deserialize(deserializer)?.map(Number::to_f64))
    }
}

/// The same for several floats.
pub(super) mod floats {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Number;

    pub(in crate::values) fn serialize<S: Serializer>(floats: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(floats.iter().map(|float| Number::Float(*float)))
    }

    pub(in crate::values) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<Number>::deserialize(deserializer)?.into_iter().map(Number::to_f64).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        for (float, text) in [
            (0.0, "0"),
            (255.0, "255"),
            (-0.5, "-0.5"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.3333333"),
            (1.0 / 255.0, "0.003921569"),
            (123.456_789, "123.4568"),
            (1.7e308, "1.7e308"),
            (5e-324, "4.940656e-324"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "NaN"),
            (1e15, "1000000000000000"),
        ] {
            assert_eq!(float_text(float), text);
        }
        assert_eq!(Number::Int(i128::from(u64::MAX)).to_string(), "18446744073709551615");
    }

    #[test]
    fn every_number_survives_being_saved() {
        let numbers = [
            Number::Int(i64::MIN.into()),
            Number::Int(u64::MAX.into()),
            Number::Int(0),
            Number::Float(1.0),
            Number::Float(0.1 + 0.2),
            Number::Float(f64::MIN_POSITIVE / 3.0),
            Number::Float(-1.797_693_134_862_315_7e308),
            Number::Float(f64::NAN),
            Number::Float(f64::INFINITY),
            Number::Float(f64::NEG_INFINITY),
        ];
        for number in numbers {
            let text = serde_json::to_string(&number).unwrap();
            assert_eq!(serde_json::from_str::<Number>(&text).unwrap(), number, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_known_as_such() {
        assert!(Number::Int(-3).is_whole() && Number::Float(2.0).is_whole());
        assert!(!Number::Float(0.5).is_whole() && !Number::Float(f64::NAN).is_whole());
        assert_eq!(Number::Float(2.0).to_int(), Some(2));
        assert_eq!(Number::Float(1e300).to_int(), None);
        assert!(Number::Int(1) < Number::Float(1.5) && Number::Float(-1.0) < Number::Int(0));
    }

    #[test]
    fn the_order_of_one_kind_is_that_of_its_values() {
        let floats =
            [f64::NEG_INFINITY, -1e300, -1.5, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, 1.5, f64::INFINITY, f64::NAN];
        let ints = [i128::from(i64::MIN), -1, 0, 1, i128::from(u64::MAX)];
        for numbers in [floats.map(Number::Float).to_vec(), ints.map(Number::Int).to_vec()] {
            for (a, b) in numbers.iter().flat_map(|a| numbers.iter().map(move |b| (a, b))) {
                assert_eq!(a.order().cmp(&b.order()), a.cmp(b), "{a} {b}");
            }
        }
    }
}
