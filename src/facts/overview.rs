//! The arrays of one name as one: types, shapes, and the numbers of all of them together. For people who look; rules
//! look at the arrays one by one.

use std::collections::BTreeMap;

use super::Cell;
use crate::source::{Reading, shape_text};
use crate::values::{DISTINCT, Number, Numbers, Unread};

/// Several arrays as one.
#[derive(Debug, Default)]
pub struct Overview {
    /// How many there are.
    pub arrays: u64,
    /// Their types, each once, in order of the first.
    pub dtypes: Vec<String>,
    /// Their shapes, each once, in order of the first.
    pub shapes: Vec<Vec<u64>>,
    /// Bytes of all of them.
    pub bytes: u64,
    /// How many are in Fortran order.
    pub fortran: u64,
    /// Their numbers; `None` where none were read.
    pub numbers: Option<Together>,
    /// Their texts with counts, in alphabetical order; `None` where they hold none, or too many.
    pub texts: Option<BTreeMap<String, u64>>,
    /// Why values are not known, each reason once, and of how many arrays.
    pub unread: Vec<(Unread, u64)>,
}

/// The numbers of several arrays.
#[derive(Debug, Clone, Default)]
pub struct Together {
    /// How many are finite.
    pub finite: u64,
    /// How many are NaN.
    pub nan: u64,
    /// How many are infinite.
    pub infinite: u64,
    /// How many are 0.
    pub zeros: u64,
    /// The least finite value.
    pub min: Option<Number>,
    /// The greatest.
    pub max: Option<Number>,
    /// The mean of the finite values, where it is a float64.
    pub mean: Option<f64>,
    /// Their variance, that of the whole population.
    pub variance: Option<f64>,
    /// Every distinct value with its count, the least first; `None` where there are too many.
    pub distinct: Option<BTreeMap<Number, u64>>,
    /// How many lie between which powers of two, by place along the axis of numbers; empty where nobody asked.
    pub powers: BTreeMap<Power, u64>,
}

/// A place along the axis of numbers: numbers below 0 by falling powers of two, 0, numbers above 0 by rising powers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// Below 0, minus the power: the most negative numbers come first.
    Below(i16),
    /// 0.
    Zero,
    /// Above 0, the power.
    Above(i16),
}

impl Overview {
    /// These arrays as one.
    #[must_use]
    pub fn of(cells: &[Cell<'_>]) -> Self {
        let mut overview = Self::default();
        let mut texts = true;
        for cell in cells {
            let header = cell.header();
            overview.arrays += 1;
            overview.bytes = overview.bytes.saturating_add(header.bytes());
            overview.fortran += u64::from(header.fortran);
            let dtype = header.dtype.to_string();
            if !overview.dtypes.contains(&dtype) {
                overview.dtypes.push(dtype);
            }
            if overview.shapes.last() != Some(&header.shape) && !overview.shapes.contains(&header.shape) {
                overview.shapes.push(header.shape.clone());
            }
            match cell.array.reading.as_deref() {
                Some(Reading::Unread(why)) => match overview.unread.iter_mut().find(|(known, _)| known == why) {
                    Some((_, count)) => *count += 1,
                    None => overview.unread.push((why.clone(), 1)),
                },
                Some(Reading::Read(values)) => {
                    if let Some(numbers) = &values.numbers {
                        overview.numbers = Some(match overview.numbers.take() {
                            Some(known) => known.and(&Together::of(numbers)),
                            None => Together::of(numbers),
                        });
                    }
                    match values.texts.as_ref().map(|texts| &texts.labels) {
                        Some(Some(labels)) => {
                            let known = overview.texts.get_or_insert_default();
                            for (label, count) in labels {
                                *known.entry(label.clone()).or_default() += count;
                            }
                        }
                        Some(None) => texts = false,
                        None => {}
                    }
                }
                None => {}
            }
        }
        overview.texts = overview.texts.filter(|known| texts && known.len() <= DISTINCT);
        overview
    }

    /// The shape that all of them have, with the least and the greatest size of an axis where it differs. Shapes of
    /// different ranks are listed.
    #[must_use]
    pub fn shape(&self) -> String {
        let Some((first, others)) = self.shapes.split_first() else { return String::new() };
        if others.iter().any(|shape| shape.len() != first.len()) {
            let mut texts: Vec<String> = self.shapes.iter().take(2).map(|shape| shape_text(shape)).collect();
            if self.shapes.len() > 2 {
                texts.push(format!("{} more", self.shapes.len() - 2));
            }
            return texts.join(" ");
        }
        let axis = |axis: usize| {
            let (least, greatest) = self
                .shapes
                .iter()
                .map(|shape| shape[axis])
                .fold((u64::MAX, 0), |(least, greatest), size| (least.min(size), greatest.max(size)));
            if least == greatest { least.to_string() } else { format!("{least}..{greatest}") }
        };
        format!("[{}]", (0..first.len()).map(axis).collect::<Vec<_>>().join(", "))
    }
}

impl Together {
    fn of(numbers: &Numbers) -> Self {
        let distinct = numbers.distinct.as_ref().map(|distinct| {
            let mut counts = BTreeMap::new();
            for (value, count, _) in distinct {
                // 0 and -0 are one value to people.
                let value = if value.to_f64() == 0.0 { Number::Int(0) } else { *value };
                *counts.entry(value).or_default() += count;
            }
            counts
        });
        let powers = numbers.histogram.as_ref().map(|histogram| {
            let bins = histogram
                .bins
                .iter()
                .map(|bin| (if bin.negative { Power::Below(-bin.power) } else { Power::Above(bin.power) }, bin.count));
            let zeros = (histogram.zeros > 0).then_some((Power::Zero, histogram.zeros));
            bins.chain(zeros).collect()
        });
        Self {
            finite: numbers.finite,
            nan: numbers.nan,
            infinite: numbers.pos_inf.saturating_add(numbers.neg_inf),
            zeros: numbers.zeros,
            min: numbers.min.map(|spot| spot.value),
            max: numbers.max.map(|spot| spot.value),
            mean: numbers.mean,
            variance: numbers.variance,
            distinct,
            powers: powers.unwrap_or_default(),
        }
    }

    fn and(mut self, other: &Self) -> Self {
        let (n, m) = (self.finite as f64, other.finite as f64);
        if self.finite == 0 {
            (self.mean, self.variance) = (other.mean, other.variance);
        } else if other.finite > 0 {
            let moments = self.mean.zip(other.mean).map(|(a, b)| {
                let distance = b - a;
                let mean = a + distance * m / (n + m);
                let variance = self
                    .variance
                    .zip(other.variance)
                    .map(|(a, b)| (a * n + b * m) / (n + m) + distance * distance * (n / (n + m)) * (m / (n + m)));
                (mean, variance)
            });
            self.mean = moments.map(|(mean, _)| mean).filter(|mean| mean.is_finite());
            self.variance = moments.and_then(|(_, variance)| variance).filter(|variance| variance.is_finite());
        }
        self.finite = self.finite.saturating_add(other.finite);
        self.nan = self.nan.saturating_add(other.nan);
        self.infinite = self.infinite.saturating_add(other.infinite);
        self.zeros = self.zeros.saturating_add(other.zeros);
        self.min = self.min.into_iter().chain(other.min).min();
        self.max = self.max.into_iter().chain(other.max).max();
        self.distinct = self.distinct.zip(other.distinct.as_ref()).and_then(|(mut known, more)| {
            for (value, count) in more {
                *known.entry(*value).or_default() += count;
            }
            (known.len() <= DISTINCT).then_some(known)
        });
        for (power, count) in &other.powers {
            *self.powers.entry(*power).or_default() += count;
        }
        self
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.finite.saturating_add(self.nan).saturating_add(self.infinite)
    }

    /// The standard deviation of the whole population.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        self.variance.map(f64::sqrt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::dtype::Dtype;
    use crate::values::{Layout, Pass, Wants};

    fn numbers(values: &[f64]) -> Numbers {
        let dtype = Dtype::from_name("float64").unwrap();
        let shape = [values.len() as u64];
        let layout = Layout { dtype: &dtype, shape: &shape, fortran: false };
        let mut pass = Pass::new(layout, Wants::EVERYTHING, &[]).unwrap();
        pass.feed(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
        pass.finish().unwrap().numbers.unwrap()
    }

    #[test]
    fn numbers_of_parts_together_are_those_of_the_whole() {
        let values = [1.5, -2.0, 0.0, f64::NAN, 7.0, 7.0, f64::INFINITY, -0.125, 3.0];
        let whole = Together::of(&numbers(&values));
        for cut in 0..=values.len() {
            let (a, b) = values.split_at(cut);
            let parts = Together::of(&numbers(a)).and(&Together::of(&numbers(b)));
            assert!((parts.mean.unwrap() - whole.mean.unwrap()).abs() < 1e-12, "{cut}");
            assert!((parts.variance.unwrap() - whole.variance.unwrap()).abs() < 1e-12, "{cut}");
            assert_eq!((parts.nan, parts.infinite, parts.zeros), (1, 1, 1));
            assert_eq!((parts.min, parts.max, parts.count()), (whole.min, whole.max, 9));
            assert_eq!((&parts.distinct, &parts.powers), (&whole.distinct, &whole.powers));
        }
        let places: Vec<Power> = whole.powers.keys().copied().collect();
        assert_eq!(places[..3], [Power::Below(-1), Power::Below(3), Power::Zero]);
    }

    #[test]
    fn an_axis_that_differs_shows_its_least_and_its_greatest_size() {
        let shape = |shapes: &[&[u64]]| {
            Overview { shapes: shapes.iter().map(|shape| shape.to_vec()).collect(), ..Overview::default() }.shape()
        };
        assert_eq!(shape(&[&[32, 3]]), "[32, 3]");
        assert_eq!(shape(&[&[32, 3], &[16, 3]]), "[16..32, 3]");
        assert_eq!(shape(&[&[32], &[16, 3], &[1], &[2]]), "[32] [16, 3] 2 more");
        assert_eq!(shape(&[&[]]), "[]");
    }
}
