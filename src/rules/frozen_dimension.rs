//! A varying axis that is equal in the first two batches, which is where Keras looks.

use super::context::place;
use super::quotes;
use super::shapes::axis;
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Finding, Level, Unit};
use crate::facts::tracks::{Step, Track, tracks};
use crate::spec::dims::Dim;
use crate::spec::fit::{align, constant};
use crate::spec::{Declaration, Framework};

/// How many batches Keras looks at: `NUM_BATCHES_FOR_TENSOR_SPEC` in its `data_adapter_utils.py`.
const LOOKED_AT: usize = 2;

pub(super) static RULE: Rule = Rule {
    id: "frozen-dimension",
    group: Group::Shape,
    level: Level::Error,
    finds: "keras: an axis that varies over the batches but is equal in the first two, and so fixed",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/frozen-dimension.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let spec = cx.spec;
    if spec.framework() != Framework::Keras || spec.unit != crate::spec::Unit::Batch || !cx.stream.related {
        return Looked::No;
    }
    let mut looked = Looked::No;
    for track in tracks(spec, cx.stream).iter().filter(|track| track.varies) {
        let [first, second, later @ ..] = track.steps.as_slice() else { continue };
        // An array that the first batches lack leaves nothing to say about what Keras sees.
        if later.is_empty() || second.cell.batch >= LOOKED_AT {
            continue;
        }
        looked = Looked::Yes;
        let odd: Vec<&Step<'_>> = later.iter().filter(|step| step.size != first.size).collect();
        if first.size == second.size && !odd.is_empty() {
            out.push(frozen(cx, track, &odd));
        }
    }
    looked
}

fn frozen(cx: &StreamCx<'_>, track: &Track<'_>, odd: &[&Step<'_>]) -> Finding {
    let declaration = &cx.spec.arrays[track.declared];
    let first = &track.steps[0];
    let rank = first.cell.header().shape.len();
    let which = axis(declaration, rank, first.axis);
    let what = track.symbol.as_ref().map_or_else(|| which.clone(), |symbol| format!("`{symbol}`"));
    let at = declaration.shape.as_ref().map_or(Anchor::Data, |shape| Anchor::Spec(shape.at.clone()));
    Finding::new(
        at,
        &declaration.name,
        format!("{what} of {} varies, but not in the first two batches", declaration.label()),
        format!("{what} differs between the first two batches, so that keras leaves it free."),
        format!("{} in the first two batches, another size", first.size),
    )
    .counted(
        odd.iter().map(|step| place(&step.cell).detail(format!("{what} = {}", step.size))).collect(),
        odd.len() as u64,
        track.steps.len() as u64,
        Unit::Batch,
    )
    .cause("keras 3 reads the shapes of a generator from its first two batches; whatever they share is fixed for good")
    .consequence(format!(
        "keras stops at the first other batch: `Generator yielded an element of shape {} where an element of shape {} was \
         expected`; after a shuffle, it stops at random",
        quotes::tuple(odd[0].cell.header().shape.iter().map(u64::to_string)),
        frozen_shape(&track.steps[0], &track.steps[1])
    ))
    .help(match signature(cx, declaration, rank) {
        Some(signature) => format!(
            "give keras the shape: `tf.data.Dataset.from_generator(gen, output_signature=...)` with `{signature}` for \
             `{}`; or pad all batches to one size",
            declaration.name
        ),
        None => "give keras the shapes: `tf.data.Dataset.from_generator(gen, output_signature=...)`; or pad all batches to one size".into(),
    })
}

/// What Keras makes of the first two batches: their shape, with `None` for the batch axis and where they differ.
fn frozen_shape(first: &Step<'_>, second: &Step<'_>) -> String {
    let sizes = first.cell.header().shape.iter().zip(&second.cell.header().shape);
    quotes::tuple(
        sizes.enumerate().map(|(axis, (a, b))| if axis > 0 && a == b { a.to_string() } else { "None".into() }),
    )
}

/// The declaration as TensorFlow writes it, free axes as `None`.
fn signature(cx: &StreamCx<'_>, declaration: &Declaration, rank: usize) -> Option<String> {
    let dims = align(&declaration.shape.as_ref()?.value, rank)?;
    let dtype = declaration.dtype.as_ref()?.value.preferred()?;
    let sizes = dims
        .into_iter()
        .map(|dim: &Dim| constant(dim, &cx.spec.symbols).map_or_else(|| "None".to_owned(), |size| size.to_string()));
    Some(format!("tf.TensorSpec({}, tf.{})", quotes::tuple(sizes), dtype.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, SizeRule, Symbol};

    fn world(framework: Framework, declared: &str, sizes: &[u64]) -> World {
        let world = World::new(framework).input("x", "float32", declared).spec(|spec| {
            spec.symbols.push(Symbol {
                name: "T".into(),
                at: At::Flag("--dims"),
                rule: SizeRule::default(),
                varies: true,
            });
        });
        sizes.iter().fold(world, |world, size| world.batch(&[&format!("x: float32[4, {size}, 8]")]))
    }

    #[test]
    fn a_size_that_the_first_two_batches_share_is_fixed() {
        let world = world(Framework::Keras, "batch, T, 8", &[40, 40, 41, 40]);
        assert_eq!(world.messages(&RULE), ["`T` of input `x` varies, but not in the first two batches"]);
        let finding = &world.judge(&RULE)[0];
        assert_eq!((finding.count, finding.of), (1, 4));
        assert!(
            finding.consequence.as_ref().unwrap().contains("shape (4, 41, 8) where an element of shape (None, 40, 8)")
        );
        assert!(finding.help.as_ref().unwrap().contains("tf.TensorSpec((None, None, 8), tf.float32)"));
        let any = self::world(Framework::Keras, "batch, *, 8", &[40, 40, 41]);
        assert_eq!(any.messages(&RULE), ["axis 1 of input `x` varies, but not in the first two batches"]);
    }

    #[test]
    fn a_size_that_differs_at_once_or_never_is_free() {
        for sizes in [&[40, 41, 40, 52][..], &[40, 40, 40], &[40, 40]] {
            assert!(world(Framework::Keras, "batch, T, 8", sizes).messages(&RULE).is_empty());
        }
        assert_eq!(world(Framework::Keras, "batch, T, 8", &[40, 41, 40]).looked(&RULE), [Looked::Yes]);
    }

    #[test]
    fn only_keras_looks_at_two_batches() {
        assert_eq!(world(Framework::Torch, "batch, T, 8", &[40, 40, 41]).looked(&RULE), [Looked::No]);
    }

    #[test]
    fn an_array_that_comes_later_says_nothing_about_the_start() {
        let late = World::new(Framework::Keras)
            .input("x", "float32", "batch, *")
            .with(|declared| declared.optional = true)
            .batches(2, &["y: float32[4]"])
            .batches(2, &["x: float32[4, 9]"])
            .batch(&["x: float32[4, 8]"]);
        assert_eq!(late.looked(&RULE), [Looked::No]);
    }
}
