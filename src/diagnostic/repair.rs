//! What would mend the data themselves, in words that rules use and `fix` carries out.

use crate::source::Header;
use crate::spec::dtype::{ByteOrder, Dtype};

/// What would mend data that were written already.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// These steps on the arrays of the finding's places.
    Steps(Vec<Step>),
    /// These steps on all arrays of that name: what is wrong shows in some of them, and concerns them all.
    Throughout(Vec<Step>),
    /// The array gets this name.
    Rename(String),
    /// The batch becomes batches of so many rows.
    Split(u64),
    /// The batch is left out.
    LeaveOut,
}

/// One thing that is done to an array. Steps follow each other; what comes out is in C order and little-endian.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Every value becomes one of this type, as `numpy.astype` makes it. Two bytes without a name are read as bfloat16.
    Cast(Dtype),
    /// The axes in this order, as `numpy.transpose` takes it.
    Transpose(Vec<usize>),
    /// An axis of size 1 is put in front of the axis with this number; behind the last where it is their count.
    AddAxis(usize),
    /// The axis with this number, of size 1, goes.
    DropAxis(usize),
    /// The first two axes become one.
    MergeAxes,
    /// Every value is divided by `divisor`, then `less` is taken away; both in float32, the type of the result.
    Scale {
        /// What values are divided by; not 0.
        divisor: f32,
        /// What is taken away from the quotient.
        less: f32,
    },
    /// Every whole number becomes smaller by so many; those named stay.
    Subtract {
        /// How many.
        by: i64,
        /// What stays as it is.
        except: Vec<i64>,
    },
    /// One-hot rows, which are the last axis, become the place of their one, as this type.
    Ids(Dtype),
    /// Each id becomes a row of zeros with a one at its place.
    OneHot {
        /// Numbers of a row.
        classes: u64,
        /// Their type.
        to: Dtype,
    },
}

impl Step {
    /// The header of the array behind this step; `None` where the step does not fit the array.
    #[must_use]
    pub fn apply(&self, header: &Header) -> Option<Header> {
        let Header { dtype, shape, .. } = header;
        let little = |dtype: &Dtype| match dtype.order {
            ByteOrder::Big if dtype.size > 1 => Dtype { order: ByteOrder::Little, ..dtype.clone() },
            _ => dtype.clone(),
        };
        let mut shape = shape.clone();
        let dtype = match self {
            Self::Cast(to) | Self::Ids(to) | Self::OneHot { to, .. } => little(to),
            Self::Scale { .. } => Dtype::from_name("float32")?,
            _ => little(dtype),
        };
        match self {
            Self::Cast(_) | Self::Scale { .. } | Self::Subtract { .. } => {}
            Self::Transpose(order) => {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                if !sorted.into_iter().eq(0..shape.len()) {
                    return None;
                }
                shape = order.iter().map(|axis| shape[*axis]).collect();
            }
            Self::AddAxis(at) if *at <= shape.len() => shape.insert(*at, 1),
            Self::DropAxis(at) if shape.get(*at) == Some(&1) => {
                shape.remove(*at);
            }
            Self::MergeAxes if shape.len() > 1 => {
                let outer = shape.remove(0);
                shape[0] = shape[0].checked_mul(outer)?;
            }
            Self::Ids(_) => {
                shape.pop().filter(|classes| *classes > 0)?;
            }
            Self::OneHot { classes, .. } => shape.push(*classes),
            _ => return None,
        }
        shape.iter().try_fold(dtype.size, |all, size| all.checked_mul(*size))?;
        Some(Header { dtype, shape, fortran: false })
    }
}

/// The header behind all steps. Without a step it is that of the same array in C order and little-endian.
#[must_use]
pub fn apply_all(steps: &[Step], header: &Header) -> Option<Header> {
    let little = Step::Cast(header.dtype.clone()).apply(header)?;
    steps.iter().try_fold(little, |header, step| step.apply(&header))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(dtype: &str, shape: &[u64]) -> Header {
        Header { dtype: Dtype::from_name(dtype).unwrap(), shape: shape.to_vec(), fortran: true }
    }

    fn behind(steps: &[Step], dtype: &str, shape: &[u64]) -> Option<String> {
        apply_all(steps, &header(dtype, shape)).map(|header| format!("{}{}", header.dtype, header.shape_text()))
    }

    #[test]
    fn the_header_is_the_one_that_numpy_would_give() {
        let float32 = Dtype::from_name("float32").unwrap();
        let cases: [(Vec<Step>, Option<&str>); 12] = [
            (vec![], Some("float64[2, 3, 1]")),
            (vec![Step::Cast(float32.clone())], Some("float32[2, 3, 1]")),
            (vec![Step::Transpose(vec![0, 2, 1])], Some("float64[2, 1, 3]")),
            (vec![Step::Transpose(vec![0, 2, 2])], None),
            (vec![Step::Transpose(vec![0, 1])], None),
            (vec![Step::AddAxis(0)], Some("float64[1, 2, 3, 1]")),
            (vec![Step::AddAxis(4)], None),
            (vec![Step::DropAxis(2)], Some("float64[2, 3]")),
            (vec![Step::DropAxis(1)], None),
            (vec![Step::MergeAxes], Some("float64[6, 1]")),
            (vec![Step::Ids(Dtype::from_name("int64").unwrap())], Some("int64[2, 3]")),
            (vec![Step::DropAxis(2), Step::OneHot { classes: 4, to: float32 }], Some("float32[2, 3, 4]")),
        ];
        for (steps, wanted) in cases {
            assert_eq!(behind(&steps, "float64", &[2, 3, 1]).as_deref(), wanted, "{steps:?}");
        }
        assert_eq!(behind(&[Step::MergeAxes], "float64", &[u64::MAX, 2]), None);
    }
}
