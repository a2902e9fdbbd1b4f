//! Why an axis has another size than declared, as far as sizes tell.

use super::ArrayCx;
use super::shapes::{Shaped, axis, letter};
use crate::diagnostic::python::variable;
use crate::spec::fit::{Misfit, batch_axis};
use crate::spec::{Encoding, Role};

/// Why it probably happened, and what to do.
pub(super) struct Reason {
    pub(super) cause: String,
    pub(super) help: Option<String>,
    pub(super) fix: Option<String>,
}

impl Reason {
    /// The reason that the sizes suggest, if they suggest one.
    pub(super) fn of(cx: &ArrayCx<'_>, shaped: &Shaped<'_>, wrong: &[Misfit<'_>]) -> Option<Self> {
        let rank = cx.header.shape.len();
        let [only] = wrong else { return several(cx, shaped, wrong) };
        let expected = only.expected?;
        if let Some(reason) = classes(shaped, only, expected) {
            return Some(reason);
        }
        if is_channel(shaped, rank, only, expected) {
            return channels(variable(cx.name), rank, only, expected);
        }
        let batch = batch_axis(&shaped.shape.value, rank)?;
        if cx.header.shape[batch] == expected && batch != only.axis {
            return Some(Reason::new(format!(
                "{} has that size: the axes may be in another order",
                axis(shaped.declaration, rank, batch)
            )));
        }
        let last = only.axis + 1 == rank;
        let features = rank == 2 && last && shaped.declaration.role == Role::Input;
        if only.size.abs_diff(expected) == 1 {
            let cause = match (features, only.size > expected) {
                (true, true) => "one column too many: an id, the row number, or the label is still among the features",
                (true, false) => "one column too few: a feature was dropped, or the first was read as the row number",
                (false, _) => "off by one: a window, a range or a crop that counts its end in, or not",
            };
            return Some(Reason::new(cause));
        }
        if features {
            let cause =
                "another set of features: a column was added or dropped, or categories were encoded on another split";
            return Some(
                Reason::new(cause)
                    .help("make the columns with one fitted encoder, and save their names beside the data"),
            );
        }
        let x = variable(cx.name);
        if rank == 3 && !last && only.size > expected {
            let cut = format!("{x} = {x}[{}:{expected}]", ":, ".repeat(only.axis));
            return Some(
                Reason::new("the samples were not cut to the declared length")
                    .help("cut or split what is too long")
                    .fix(cut),
            );
        }
        (rank == 3 && !last).then(|| {
            Reason::new("the samples were not padded to the declared length")
                .help("pad to the declared length, with a mask if the model takes one")
        })
    }

    fn new(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), help: None, fix: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Several axes at once: another resolution, or another order as well.
fn several(cx: &ArrayCx<'_>, shaped: &Shaped<'_>, wrong: &[Misfit<'_>]) -> Option<Reason> {
    let rank = cx.header.shape.len();
    let misplaced = wrong.iter().find_map(|misfit| {
        let channel = misfit.expected.filter(|size| matches!(size, 1 | 3 | 4))?;
        let place = wrong.iter().find(|other| other.size == channel && other.axis != misfit.axis)?;
        Some((place.axis, channel))
    });
    if let Some((place, channel)) = misplaced {
        let which = axis(shaped.declaration, rank, place);
        let cause = format!(
            "{which} is {channel}, as the channels should be: the axes are probably in another order, and the size differs too"
        );
        return Some(Reason::new(cause).help("use `transpose` for the order of the axes, then resize"));
    }
    let neighbours = wrong.windows(2).all(|pair| pair[0].axis + 1 == pair[1].axis);
    (rank >= 4 && neighbours && wrong.len() < rank - 1).then(|| {
        Reason::new("another resolution: the samples were not resized, cropped or resampled to what the model takes")
    })
}

/// A target with one entry per class.
fn classes(shaped: &Shaped<'_>, only: &Misfit<'_>, expected: u64) -> Option<Reason> {
    let encoding = shaped.declaration.encoding.as_ref().map(|encoding| encoding.value);
    if shaped.declaration.role != Role::Target || !matches!(encoding, Some(Encoding::OneHot | Encoding::Probabilities))
    {
        return None;
    }
    Some(if only.size == 1 {
        Reason::new("class ids in a column, where one entry per class is declared")
            .help(format!("one-hot rows: `np.eye({expected}, dtype=np.float32)[y[:, 0]]`"))
    } else {
        Reason::new("`to_categorical` without `num_classes` makes as many columns as the largest id seen, and that differs between batches and splits")
            .help(format!("say it: `to_categorical(y, num_classes={expected})`"))
    })
}

/// By its letter, or, without letters, by its place and its size.
fn is_channel(shaped: &Shaped<'_>, rank: usize, only: &Misfit<'_>, expected: u64) -> bool {
    match letter(shaped.declaration, rank, only.axis) {
        Some(letter) => letter == 'C',
        None => rank == 4 && (only.axis == 1 || only.axis == 3) && matches!(expected, 1 | 3 | 4),
    }
}

fn channels(x: &str, rank: usize, only: &Misfit<'_>, expected: u64) -> Option<Reason> {
    let last = only.axis + 1 == rank;
    match (only.size, expected) {
        (4, 3) => {
            let cut =
                if last { format!("{x} = {x}[..., :3]") } else { format!("{x} = {x}[{}:3]", ":, ".repeat(only.axis)) };
            Some(
                Reason::new("the images have an alpha channel")
                    .help("or read them as `Image.open(path).convert(\"RGB\")`")
                    .fix(cut),
            )
        }
        (1, 3) => {
            let axis = if last { "-1".to_owned() } else { only.axis.to_string() };
            Some(
                Reason::new("gray images where colour is declared")
                    .help("read them as `Image.open(path).convert(\"RGB\")`")
                    .fix(format!("{x} = np.repeat({x}, 3, axis={axis})")),
            )
        }
        (3 | 4, 1) => Some(
            Reason::new("colour images where gray is declared").help("read them as `Image.open(path).convert(\"L\")`"),
        ),
        (2, _) | (_, 4) => None,
        _ => Some(Reason::new(format!("another number of channels: {} where {expected} are declared", only.size))),
    }
}
