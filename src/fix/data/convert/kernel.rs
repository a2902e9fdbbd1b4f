//! What is done to values, whatever their place: so many bytes become so many others.

use std::io;

use half::{bf16, f16};

use super::{Stage, unable};
use crate::spec::dtype::{ByteOrder, Dtype, Kind, MlType};

/// Bytes that go through a kernel at a time: they stay in the cache of a core.
const PIECE: usize = 64 * 1024;

/// Turns bytes into others. Both slices hold the same number of units. An error is a fragment of a sentence.
type Run = Box<dyn Fn(&[u8], &mut [u8]) -> Result<(), String> + Send + Sync>;

/// A function on bytes, from units of one size to units of another.
pub(super) struct Kernel {
    from: usize,
    to: usize,
    run: Run,
}

impl Kernel {
    pub(super) fn new(
        from: usize,
        to: usize,
        run: impl Fn(&[u8], &mut [u8]) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { from, to, run: Box::new(run) }
    }
}

/// A stage behind a kernel.
pub(super) struct Values<'p> {
    stage: Box<dyn Stage + 'p>,
    kernel: Kernel,
    input: Vec<u8>,
}

impl<'p> Values<'p> {
    pub(super) fn new(stage: Box<dyn Stage + 'p>, kernel: Kernel) -> Self {
        Self { stage, kernel, input: Vec::new() }
    }
}

impl Stage for Values<'_> {
    fn fill(&mut self, out: &mut [u8]) -> io::Result<()> {
        let Kernel { from, to, run } = &self.kernel;
        if *to == 0 {
            return Ok(());
        }
        let units = (PIECE / from.max(to)).max(1);
        for piece in out.chunks_mut(units * to) {
            let wanted = piece.len() / to * from;
            if self.input.len() < wanted {
                self.input.resize(wanted, 0);
            }
            let input = &mut self.input[..wanted];
            self.stage.fill(input)?;
            run(input, piece).map_err(unable)?;
        }
        Ok(())
    }

    fn seek(&mut self, byte: u64) -> io::Result<()> {
        self.stage.seek(byte / (self.kernel.to as u64).max(1) * self.kernel.from as u64)
    }

    fn held(&self) -> usize {
        self.input.capacity() + self.stage.held()
    }
}

/// Bytes of an element.
pub(super) fn size(dtype: &Dtype) -> io::Result<usize> {
    usize::try_from(dtype.size).map_err(|_| unable("its elements are too large"))
}

/// Whether fields of a structured type are in big-endian order.
pub(super) fn holds_big(dtype: &Dtype) -> bool {
    let Kind::Struct(fields) = &dtype.kind else { return false };
    fields.iter().any(|field| field.dtype.order == ByteOrder::Big || holds_big(&field.dtype))
}

/// Turns the bytes of each number, or of each character, around.
pub(super) fn swap(dtype: &Dtype) -> io::Result<Kernel> {
    let all = size(dtype)?;
    let unit = match dtype.kind {
        Kind::Complex => all / 2,
        Kind::Text => 4,
        _ => all,
    };
    macro_rules! turned {
        ($type:ty, $size:expr) => {
            Kernel::new(all, all, |input, out| {
                let ((numbers, _), (turned, _)) = (input.as_chunks::<$size>(), out.as_chunks_mut::<$size>());
                for (turned, number) in turned.iter_mut().zip(numbers) {
                    *turned = <$type>::from_be_bytes(*number).to_le_bytes();
                }
                Ok(())
            })
        };
    }
    Ok(match unit {
        2 => turned!(u16, 2),
        4 => turned!(u32, 4),
        8 => turned!(u64, 8),
        _ => Kernel::new(all, all, move |input, out| {
            for (turned, number) in out.chunks_mut(unit).zip(input.chunks(unit)) {
                turned.iter_mut().zip(number.iter().rev()).for_each(|(turned, byte)| *turned = *byte);
            }
            Ok(())
        }),
    })
}

/// Divides float32 values, then takes something away.
pub(super) fn scale(divisor: f32, less: f32) -> Kernel {
    Kernel::new(4, 4, move |input, out| {
        let ((values, _), (scaled, _)) = (input.as_chunks::<4>(), out.as_chunks_mut::<4>());
        for (scaled, value) in scaled.iter_mut().zip(values) {
            *scaled = (f32::from_le_bytes(*value) / divisor - less).to_le_bytes();
        }
        Ok(())
    })
}

/// Takes a number away from every whole number but some. Integers wrap.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "integers wrap")]
pub(super) fn subtract(dtype: &Dtype, by: i64, except: &[i64]) -> io::Result<Kernel> {
    macro_rules! integers {
        ($type:ty, $size:expr) => {{
            // What the type does not hold is nowhere.
            let except: Vec<$type> = except.iter().filter_map(|value| <$type>::try_from(*value).ok()).collect();
            Kernel::new($size, $size, move |input, out| {
                let ((values, _), (less, _)) = (input.as_chunks::<$size>(), out.as_chunks_mut::<$size>());
                for (less, value) in less.iter_mut().zip(values) {
                    let value = <$type>::from_le_bytes(*value);
                    let stays = except.contains(&value);
                    *less = if stays { value } else { value.wrapping_sub(by as $type) }.to_le_bytes();
                }
                Ok(())
            })
        }};
    }
    macro_rules! floats {
        ($type:ty, $size:expr, $to:expr, $from:expr) => {{
            let except: Vec<f64> = except.iter().map(|value| *value as f64).collect();
            Kernel::new($size, $size, move |input, out| {
                let ((values, _), (less, _)) = (input.as_chunks::<$size>(), out.as_chunks_mut::<$size>());
                for (less, bytes) in less.iter_mut().zip(values) {
                    let value: f64 = $to(<$type>::from_le_bytes(*bytes));
                    let stays = value.fract() != 0.0 || !value.is_finite() || except.contains(&value);
                    *less = if stays { *bytes } else { <$type>::to_le_bytes($from(value - by as f64)) };
                }
                Ok(())
            })
        }};
    }
    Ok(match (&dtype.kind, dtype.size) {
        (Kind::Int, 1) => integers!(i8, 1),
        (Kind::Int, 2) => integers!(i16, 2),
        (Kind::Int, 4) => integers!(i32, 4),
        (Kind::Int, 8) => integers!(i64, 8),
        (Kind::Uint, 1) => integers!(u8, 1),
        (Kind::Uint, 2) => integers!(u16, 2),
        (Kind::Uint, 4) => integers!(u32, 4),
        (Kind::Uint, 8) => integers!(u64, 8),
        (Kind::Float, 2) => floats!(f16, 2, f16::to_f64, |value: f64| f16::from_f32(value as f32)),
        (Kind::Float, 4) => floats!(f32, 4, f64::from, |value: f64| value as f32),
        (Kind::Float, 8) => floats!(f64, 8, |value: f64| value, |value: f64| value),
        (Kind::Ml(MlType::Bfloat16), 2) => {
            floats!(bf16, 2, bf16::to_f64, |value: f64| bf16::from_f32(value as f32))
        }
        _ => return Err(unable(format!("nothing is taken away from {}", dtype.name()))),
    })
}

/// Rows of one 1 among zeros become the place of the 1. Anything else is refused.
pub(super) fn ids(dtype: &Dtype, classes: usize, to: &Dtype) -> io::Result<Kernel> {
    let (from, into) = (size(dtype)?, size(to)?);
    let (whole, put) = (whole(dtype)?, put(to)?);
    Ok(Kernel::new(from * classes, into, move |input, out| {
        for (id, row) in out.chunks_mut(into).zip(input.chunks(from * classes)) {
            let mut place = None;
            for (class, value) in row.chunks(from).enumerate() {
                match whole(value) {
                    Some(0) => {}
                    Some(1) if place.is_none() => place = i64::try_from(class).ok(),
                    _ => return Err("one of its rows is not one 1 among zeros".into()),
                }
            }
            let Some(place) = place else { return Err("one of its rows has no 1".into()) };
            put(place, id).ok_or("a class has no number in that type")?;
        }
        Ok(())
    }))
}

/// Ids become rows of one 1 among zeros. What is no class is refused.
pub(super) fn one_hot(dtype: &Dtype, classes: usize, to: &Dtype) -> io::Result<Kernel> {
    let (from, into) = (size(dtype)?, size(to)?);
    let (whole, put) = (whole(dtype)?, put(to)?);
    Ok(Kernel::new(from, into * classes, move |input, out| {
        for (row, id) in out.chunks_mut((into * classes).max(1)).zip(input.chunks(from)) {
            let class = whole(id).and_then(|id| usize::try_from(id).ok()).filter(|class| *class < classes);
            let Some(class) = class else { return Err("one of its ids is none of the classes".into()) };
            row.fill(0);
            put(1, &mut row[class * into..(class + 1) * into]).ok_or("the type has no 1")?;
        }
        Ok(())
    }))
}

/// The whole number that bytes are, if they are one.
type Whole = fn(&[u8]) -> Option<i64>;

fn whole(dtype: &Dtype) -> io::Result<Whole> {
    macro_rules! integer {
        ($type:ty) => {
            |bytes| i64::try_from(<$type>::from_le_bytes(bytes.try_into().ok()?)).ok()
        };
    }
    macro_rules! float {
        ($type:ty, $to:expr) => {
            |bytes| {
                let value: f64 = $to(<$type>::from_le_bytes(bytes.try_into().ok()?));
                #[allow(clippy::cast_possible_truncation, reason = "whole and small")]
                (value.fract() == 0.0 && value.abs() < 1e15).then_some(value as i64)
            }
        };
    }
    Ok(match (&dtype.kind, dtype.size) {
        (Kind::Bool, 1) => |bytes| Some(i64::from(*bytes.first()? != 0)),
        (Kind::Int, 1) => integer!(i8),
        (Kind::Int, 2) => integer!(i16),
        (Kind::Int, 4) => integer!(i32),
        (Kind::Int, 8) => integer!(i64),
        (Kind::Uint, 1) => integer!(u8),
        (Kind::Uint, 2) => integer!(u16),
        (Kind::Uint, 4) => integer!(u32),
        (Kind::Uint, 8) => integer!(u64),
        (Kind::Float, 2) => float!(f16, f16::to_f64),
        (Kind::Float, 4) => float!(f32, f64::from),
        (Kind::Float, 8) => float!(f64, |value: f64| value),
        (Kind::Ml(MlType::Bfloat16) | Kind::UnnamedMl, 2) => float!(bf16, bf16::to_f64),
        _ => return Err(unable(format!("{} holds no ids", dtype.name()))),
    })
}

/// Writes a whole number; `None` where the type does not hold it.
type Put = fn(i64, &mut [u8]) -> Option<()>;

#[allow(clippy::cast_possible_truncation, reason = "compared with what it was")]
fn put(dtype: &Dtype) -> io::Result<Put> {
    macro_rules! integer {
        ($type:ty) => {
            |value, out| {
                out.copy_from_slice(&<$type>::try_from(value).ok()?.to_le_bytes());
                Some(())
            }
        };
    }
    macro_rules! float {
        ($make:expr, $back:expr) => {
            |value, out| {
                let made = $make(value);
                out.copy_from_slice(&made.to_le_bytes());
                ($back(made) as i64 == value).then_some(())
            }
        };
    }
    Ok(match (&dtype.kind, dtype.size) {
        (Kind::Bool, 1) => |value, out| {
            out.copy_from_slice(&[u8::try_from(value).ok().filter(|value| *value < 2)?]);
            Some(())
        },
        (Kind::Int, 1) => integer!(i8),
        (Kind::Int, 2) => integer!(i16),
        (Kind::Int, 4) => integer!(i32),
        (Kind::Int, 8) => integer!(i64),
        (Kind::Uint, 1) => integer!(u8),
        (Kind::Uint, 2) => integer!(u16),
        (Kind::Uint, 4) => integer!(u32),
        (Kind::Uint, 8) => integer!(u64),
        (Kind::Float, 2) => float!(|value| f16::from_f32(value as f32), f16::to_f64),
        (Kind::Float, 4) => float!(|value| value as f32, f64::from),
        (Kind::Float, 8) => float!(|value| value as f64, |value: f64| value),
        (Kind::Ml(MlType::Bfloat16), 2) => float!(|value| bf16::from_f32(value as f32), bf16::to_f64),
        _ => return Err(unable(format!("{} holds no classes", dtype.name()))),
    })
}
