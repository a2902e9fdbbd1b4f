//! The declared shape without an axis of size 1.

use super::quotes;
use super::shapes::{Shaped, axis, letter, shaped};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Fix, Level, python::variable};
use crate::spec::dims::{Dim, Shape};
use crate::spec::mismatch::{Mismatch, takes_one};
use crate::spec::{Framework, Role};

pub(super) static RULE: Rule = Rule {
    id: "missing-channel-axis",
    group: Group::Shape,
    level: Level::Error,
    finds: "the declared shape without an axis of size 1",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/missing-channel-axis.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shaped = match shaped(cx) {
        Ok(shaped) => shaped,
        Err(looked) => return looked,
    };
    let shape = &shaped.shape.value;
    if !shape.dims.iter().any(|dim| takes_one(dim, &cx.spec.symbols)) {
        return Looked::No;
    }
    let Some(Mismatch::NoChannel(entry)) = shaped.mistake else { return Looked::Yes };
    let last = entry + 1 == shape.dims.len();
    // An index from the front means nothing behind `...`.
    let counted = !shape.dims[..entry].contains(&Dim::Rest);
    let which = if counted { axis(shaped.declaration, shape.dims.len(), entry) } else { "an axis".to_owned() };
    // Counted from the end: `...` stands for any number of axes.
    let at = (cx.header.shape.len() + 1).saturating_sub(shape.dims.len() - entry);
    let finding = shaped
        .finding(cx, format!("{} lacks {which}, of size 1", cx.label()))
        .cause(cause(letter(shaped.declaration, shape.dims.len(), entry), shape.dims.len()))
        .fix(Fix::unverified(add_axis(variable(cx.name), shape, entry)).change(Change::Steps(vec![Step::AddAxis(at)])));
    let silent = cx.framework() == Framework::Keras && shaped.declaration.role == Role::Input && last;
    out.push(if silent {
        finding
            .level(Level::Warning)
            .consequence("keras adds a last axis of size 1 to an input without a word; other consumers do not")
    } else {
        finding.consequence(consequence(cx, &shaped))
    });
    Looked::Yes
}

fn cause(letter: Option<char>, rank: usize) -> &'static str {
    if letter == Some('C') || (letter.is_none() && rank >= 4) {
        "gray images were read without a channel axis"
    } else {
        "a single column was taken as a row of numbers: `table[:, 0]` instead of `table[:, :1]`"
    }
}

fn add_axis(name: &str, shape: &Shape, entry: usize) -> String {
    let behind = shape.dims.len() - entry;
    if behind == 1 {
        format!("{name} = {name}[..., None]")
    } else if entry == 1 && !shape.dims[..1].contains(&Dim::Rest) {
        format!("{name} = {name}[:, None]")
    } else if shape.dims[..entry].contains(&Dim::Rest) {
        format!("{name} = np.expand_dims({name}, -{behind})")
    } else {
        format!("{name} = np.expand_dims({name}, {entry})")
    }
}

fn consequence(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> String {
    match cx.framework() {
        Framework::Keras => format!("keras adds no axis there: {}", quotes::keras_rank(cx, shaped)),
        Framework::Torch => match quotes::torch_channels(cx, shaped) {
            Some(quote) => format!(
                "a torch convolution takes the batch axis for the channels: {quote}; a batch of as many samples as the \
                 layer has channels goes through"
            ),
            None => "the axes after it are read one place too early, where that is not an error at once".into(),
        },
        Framework::Onnxruntime => quotes::onnx_rank(cx, shaped),
        _ => "the axes after it are read one place too early, where that is not an error at once".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, SizeRule, Symbol};

    fn world(framework: Framework, declared: &str, actual: &str) -> World {
        World::new(framework).input("image", "float32", declared).batch(&[&format!("image: float32[{actual}]")])
    }

    #[test]
    fn gray_images_without_channels_are_recognised_first_and_last() {
        let last = world(Framework::Any, "batch, 28, 28, 1", "32, 28, 28");
        assert_eq!(last.messages(&RULE), ["input `image` lacks axis 3, of size 1"]);
        assert_eq!(last.judge(&RULE)[0].fix.as_ref().unwrap().python, "image = image[..., None]");
        let first = world(Framework::Torch, "batch, 1, 28, 28", "32, 28, 28");
        assert_eq!(first.judge(&RULE)[0].fix.as_ref().unwrap().python, "image = image[:, None]");
    }

    #[test]
    fn keras_adds_a_last_axis_and_no_other() {
        let level = |declared| world(Framework::Keras, declared, "32, 28, 28").judge(&RULE)[0].level;
        assert_eq!(level("batch, 28, 28, 1"), Some(Level::Warning));
        assert_eq!(level("batch, 1, 28, 28"), None);
    }

    #[test]
    fn axes_have_letters_and_counts_from_behind_where_they_must() {
        let lettered = world(Framework::Any, "batch, 1, 28, 28", "32, 28, 28")
            .with(|declared| declared.axes = Some(Declared { value: "NCHW".into(), at: At::Flag("--axes") }));
        assert_eq!(lettered.messages(&RULE), ["input `image` lacks axis 1 (C), of size 1"]);
        let rest = world(Framework::Any, "batch, ..., 1, 3", "32, 28, 3");
        assert_eq!(rest.messages(&RULE).len(), 0, "`...` takes what is left");
        let constant = world(Framework::Any, "batch, 28, C", "32, 28").spec(|spec| {
            spec.symbols.push(Symbol {
                name: "C".into(),
                at: At::Flag("--dims"),
                rule: SizeRule::exactly(1),
                varies: false,
            });
        });
        assert_eq!(constant.messages(&RULE).len(), 1);
    }

    #[test]
    fn what_is_complete_or_has_no_such_axis_is_clean() {
        assert_eq!(world(Framework::Any, "batch, 28, 28, 1", "32, 28, 28, 1").looked(&RULE), [Looked::Yes]);
        assert_eq!(world(Framework::Any, "batch, 28, 28, 3", "32, 28, 28").looked(&RULE), [Looked::No]);
        assert!(world(Framework::Any, "batch, 28, 28, 1", "28, 28, 1").messages(&RULE).is_empty());
    }
}
