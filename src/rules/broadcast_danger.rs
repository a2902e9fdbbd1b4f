//! Targets and weights that broadcast against the output instead of failing.

use super::shapes::{hides_its_shape, listed, pattern, places};
use super::{BatchCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Anchor, Change, Finding, Fix, Level, python::variable};
use crate::facts::Cell;
use crate::facts::lengths::{Length, Lengths, lengths};
use crate::source::shape_text;
use crate::spec::mismatch::{Broadcast, Mismatch, mismatch};
use crate::spec::{Declaration, Declared, Encoding, Framework, Role};

pub(super) static RULE: Rule = Rule {
    id: "broadcast-danger",
    group: Group::Shape,
    level: Level::Error,
    finds: "a target or weight that would broadcast in silence: (N,) with (N, 1), or one row against many",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/broadcast-danger.md"),
    judge: Judge::Batch(judge),
};

fn judge(cx: &BatchCx<'_>, out: &mut Findings) -> Looked {
    let mut ones: Vec<Length> = Vec::new();
    for compared in lengths(cx.spec, cx.stream, cx.arrays, cx.batches.len()) {
        if let Lengths::OneAgainstMany(found) = compared {
            out.push(one_row(cx, &found));
            ones.extend(found);
        }
    }
    let mut looked = Looked::No;
    for (column, cell) in cx.arrays {
        let Some(index) = cx.stream.columns[*column].declared else { continue };
        let declaration = &cx.spec.arrays[index];
        let Some(shape) = &declaration.shape else { continue };
        if declaration.role == Role::Input || hides_its_shape(cell.header()) {
            continue;
        }
        looked = Looked::Yes;
        let told = ones.iter().any(|length| length.column == *column);
        if let Some(Mismatch::Broadcast(broadcast)) = mismatch(cx.spec, declaration, &cell.header().shape)
            && !told
        {
            let mut finding = wrong_shape(cx, declaration, shape, cell, &broadcast);
            finding.places = places(cx, *column);
            out.push(finding);
        }
    }
    looked
}

fn wrong_shape(
    cx: &BatchCx<'_>,
    declaration: &Declaration,
    shape: &Declared<crate::spec::dims::Shape>,
    cell: &Cell<'_>,
    broadcast: &Broadcast<'_>,
) -> Finding {
    let actual = &cell.header().shape;
    let x = variable(&declaration.name);
    let found = match broadcast {
        Broadcast::Flat => "[batch]".to_owned(),
        Broadcast::Column => "[batch, 1]".to_owned(),
        Broadcast::Stretched(wrong) => pattern(&shape.value, actual.len(), wrong),
    };
    let message = format!("{} is {found} instead of {}", declaration.label(), shape.value);
    let expected = format!("`{}` has shape {}.", declaration.name, shape.value);
    let finding = cx
        .finding(
            Anchor::Spec(shape.at.clone()),
            &declaration.name,
            message,
            expected,
            format!("shape {}", shape_text(actual)),
        )
        .consequence(consequence(cx.spec.framework(), declaration, broadcast));
    match broadcast {
        Broadcast::Flat => finding
            .level(aligned(cx.spec.framework(), declaration))
            .cause("a column was taken as a list of numbers: `table[:, 0]`, or a `squeeze` too many")
            .fix(Fix::unverified(format!("{x} = {x}[:, None]")).change(Change::Steps(vec![Step::AddAxis(1)]))),
        Broadcast::Column => finding
            .level(aligned(cx.spec.framework(), declaration))
            .cause("a column was kept as one: `table[:, :1]`, or `reshape(-1, 1)`")
            .fix(Fix::unverified(format!("{x} = {x}[:, 0]")).change(Change::Steps(vec![Step::DropAxis(1)]))),
        Broadcast::Stretched(wrong) if wrong.iter().all(|misfit| misfit.size == 1) => finding
            .cause("there is one number per row where several are declared, such as class ids instead of one-hot rows"),
        Broadcast::Stretched(_) => finding
            .cause("there are several numbers per row where one is declared, or the rows lie along the wrong axis"),
    }
}

/// How bad it is that (N,) and (N, 1) are confused: some consumers align the two before they compare.
fn aligned(framework: Framework, declaration: &Declaration) -> Level {
    let ids = declaration.encoding.as_ref().is_some_and(|encoding| encoding.value == Encoding::Index);
    match framework {
        Framework::Keras if ids => Level::Note,
        Framework::Keras | Framework::Sklearn => Level::Warning,
        _ => Level::Error,
    }
}

fn consequence(framework: Framework, declaration: &Declaration, broadcast: &Broadcast<'_>) -> &'static str {
    let ids = declaration.encoding.as_ref().is_some_and(|encoding| encoding.value == Encoding::Index);
    match (framework, broadcast) {
        (Framework::Torch, Broadcast::Column) if ids => {
            "cross entropy stops: `0D or 1D target tensor expected, multi-target not supported`"
        }
        (Framework::Keras, Broadcast::Flat | Broadcast::Column) => {
            "keras aligns (N,) and (N, 1) in its own losses; in a loss or a training step of your own the two combine to \
             (N, N), and nothing says so"
        }
        (Framework::Torch, Broadcast::Flat | Broadcast::Column) => {
            "an (N,) and an (N, 1) tensor give an (N, N) loss, every row against every other: `mse_loss` only warns `Using a \
             target size (torch.Size([64])) that is different to the input size (torch.Size([64, 1]))`"
        }
        (Framework::Sklearn, Broadcast::Column) => {
            "sklearn warns: `A column-vector y was passed when a 1d array was expected.`"
        }
        (_, Broadcast::Flat | Broadcast::Column) => {
            "an (N,) and an (N, 1) array combine to (N, N), every row against every other, and nothing says so"
        }
        (Framework::Keras, Broadcast::Stretched(_)) => {
            "with `mse` and the like keras repeats the shorter axis and trains without a word"
        }
        (_, Broadcast::Stretched(_)) => "a loss that subtracts repeats the shorter axis and trains without a word",
    }
}

fn one_row(cx: &BatchCx<'_>, ones: &[Length]) -> Finding {
    let spec = cx.spec;
    let declared: Vec<&Declaration> =
        ones.iter().filter_map(|length| cx.stream.columns[length.column].declared).map(|i| &spec.arrays[i]).collect();
    let labels: Vec<String> = declared.iter().map(|declaration| declaration.label()).collect();
    let names: Vec<String> = declared.iter().map(|declaration| format!("`{}`", declaration.name)).collect();
    let anchor = declared
        .first()
        .and_then(|declaration| declaration.shape.as_ref())
        .map_or(Anchor::Data, |shape| Anchor::Spec(shape.at.clone()));
    let subject = declared.first().map_or("", |declaration| declaration.name.as_str());
    let mut finding = cx.finding(
        anchor,
        subject,
        format!("{} has one row, the rest of the batch has more", listed(&labels)),
        "All arrays of a batch have the same number of rows.",
        format!("1 row of {}", listed(&names)),
    );
    if let Some(length) = ones.first() {
        finding.places = places(cx, length.column);
    }
    finding
        .cause("one value stands for the whole batch, or the array of one sample beside a batch of the others")
        .consequence(match spec.framework() {
            Framework::Keras => "keras does not compare the lengths of what a generator yields: `mse` repeats the one row and trains without a word",
            _ => "a loss that subtracts repeats the one row over all others and trains without a word",
        })
        .help("make one row per sample; if one value is meant for all, repeat it: `np.repeat(y, len(x), axis=0)`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::At;

    fn target(framework: Framework, declared: &str, actual: &str) -> World {
        World::new(framework)
            .input("x", "float32", "batch, 8")
            .target("y", "float32", declared)
            .batch(&["x: float32[32, 8]", &format!("y: float32[{actual}]")])
    }

    fn encoded(world: World, encoding: Encoding) -> World {
        world.with(|declared| declared.encoding = Some(Declared { value: encoding, at: At::Flag("--encoding") }))
    }

    #[test]
    fn columns_and_flat_targets_are_confused() {
        let column = target(Framework::Torch, "batch", "32, 1");
        assert_eq!(column.messages(&RULE), ["target `y` is [batch, 1] instead of [batch]"]);
        assert_eq!(column.judge(&RULE)[0].fix.as_ref().unwrap().python, "y = y[:, 0]");
        let flat = target(Framework::Torch, "batch, 1", "32");
        assert_eq!(flat.messages(&RULE), ["target `y` is [batch] instead of [batch, 1]"]);
        assert_eq!(flat.judge(&RULE)[0].fix.as_ref().unwrap().python, "y = y[:, None]");
        let lone = World::new(Framework::Torch).target("y", "float32", "batch, 1").batch(&["y: float32[1]"]);
        assert_eq!(lone.messages(&RULE), flat.messages(&RULE));
        let one = target(Framework::Torch, "batch, 1", "1");
        assert_eq!(one.messages(&RULE), ["target `y` has one row, the rest of the batch has more"]);
    }

    #[test]
    fn keras_aligns_them_in_its_own_losses() {
        let level = |world: World| world.judge(&RULE)[0].level;
        assert_eq!(level(target(Framework::Keras, "batch", "32, 1")), Some(Level::Warning));
        assert_eq!(level(encoded(target(Framework::Keras, "batch", "32, 1"), Encoding::Index)), Some(Level::Note));
        assert_eq!(level(target(Framework::Jax, "batch", "32, 1")), Some(Level::Error));
    }

    #[test]
    fn an_axis_of_one_stretches_unless_the_loss_would_notice() {
        assert_eq!(
            target(Framework::Keras, "batch, 3", "32, 1").messages(&RULE),
            ["target `y` is [batch, 1] instead of [batch, 3]"]
        );
        assert_eq!(target(Framework::Keras, "batch, 1", "32, 3").messages(&RULE).len(), 1);
        assert!(encoded(target(Framework::Keras, "batch, 3", "32, 1"), Encoding::OneHot).messages(&RULE).is_empty());
        assert!(target(Framework::Keras, "batch, 3", "32, 2").messages(&RULE).is_empty());
    }

    #[test]
    fn one_row_against_many_is_repeated_in_silence() {
        let one = target(Framework::Keras, "batch, 3", "1, 3");
        assert_eq!(one.messages(&RULE), ["target `y` has one row, the rest of the batch has more"]);
        assert!(encoded(target(Framework::Keras, "batch", "1"), Encoding::Index).messages(&RULE).is_empty());
        assert!(target(Framework::Sklearn, "batch, 3", "1, 3").messages(&RULE).is_empty());
        assert!(target(Framework::Keras, "batch, 3", "31, 3").messages(&RULE).is_empty());
    }

    #[test]
    fn inputs_are_no_concern() {
        let world = World::new(Framework::Torch).input("x", "float32", "batch, 1").batch(&["x: float32[32]"]);
        assert!(world.messages(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn what_is_declared_is_clean() {
        let world = target(Framework::Torch, "batch, 1", "32, 1");
        assert!(world.messages(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes]);
    }
}
