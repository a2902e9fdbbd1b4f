//! A spec that speaks against itself. What nothing can satisfy has ended the run before this; what is left are lines
//! that claim less than they seem to.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SpecCx};
use crate::diagnostic::{Anchor, Finding, Level, Unit};
use crate::spec::check;

pub(super) static RULE: Rule = Rule {
    id: "unsatisfiable-spec",
    group: Group::Spec,
    level: Level::Error,
    finds: "claims that nothing can satisfy, and lines that claim nothing",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/unsatisfiable-spec.md"),
    judge: Judge::Spec(judge),
};

fn judge(cx: &SpecCx<'_>, out: &mut Findings) -> Looked {
    for contradiction in check::check(cx.spec) {
        let check::Contradiction { at, subject, message, expected, found, cause, help, level } = contradiction;
        let finding = Finding::new(Anchor::Spec(at), subject, message, expected, found)
            .counted(Vec::new(), 1, 1, Unit::Line)
            .level(level)
            .help(help);
        out.push(match cause {
            Some(cause) => finding.cause(cause),
            None => finding,
        });
    }
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, Encoding, Framework, SizeRule, Symbol};

    fn findings(world: &World) -> Vec<String> {
        let mut out = Findings::default();
        assert_eq!(judge(&SpecCx { spec: &world.spec }, &mut out), Looked::Yes);
        let line = |finding: Finding| format!("{}: {}", finding.level.unwrap_or(Level::Error), finding.message);
        out.take().into_iter().map(line).collect()
    }

    fn symbol(name: &str, rule: SizeRule) -> Symbol {
        Symbol { name: name.into(), at: At::Text(0..0), rule, varies: false }
    }

    fn line<T>(value: T) -> Option<Declared<T>> {
        Some(Declared { value, at: At::Text(0..0) })
    }

    #[test]
    fn a_spec_whose_lines_agree_gives_nothing() {
        let world = World::new(Framework::Keras)
            .input("image", "float32", "batch, T, 3")
            .input("mask", "bool", "batch, T")
            .target("label", "int64", "batch");
        assert_eq!(findings(&world), [""; 0]);
    }

    #[test]
    fn a_symbol_that_ties_nothing_together_is_a_note_and_one_that_looks_misspelt_a_warning() {
        let world = World::new(Framework::Keras).input("x", "float32", "batch, T");
        assert_eq!(findings(&world), ["note: the symbol `T` stands in one place, and `[dims]` does not declare it"]);
        let world = World::new(Framework::Keras)
            .input("x", "float32", "batch, steps")
            .input("y", "float32", "batch, steps")
            .input("z", "float32", "batch, step");
        assert_eq!(
            findings(&world),
            ["warning: the symbol `step` stands in one place, and `[dims]` does not declare it"]
        );
        let world = World::new(Framework::Keras)
            .input("x", "float32", "batch, T")
            .spec(|spec| spec.symbols.push(symbol("T", SizeRule::default())));
        assert_eq!(findings(&world), [""; 0], "an empty declaration says that it is meant");
    }

    #[test]
    fn a_declared_symbol_that_no_shape_uses_is_a_warning() {
        let world = World::new(Framework::Keras)
            .input("x", "float32", "batch, 3")
            .spec(|spec| spec.symbols.push(symbol("T", SizeRule::exactly(4))));
        assert_eq!(findings(&world), ["warning: no shape uses the symbol `T`"]);
    }

    #[test]
    fn two_declarations_cannot_speak_of_one_array() {
        let key = |world: World| world.with(|declared| declared.pick.key = line("x".to_owned()));
        let world = World::new(Framework::Keras).input("x", "float32", "batch, 3").target("y", "float32", "batch, 3");
        assert_eq!(findings(&world), [""; 0]);
        assert_eq!(findings(&key(world)), ["error: input `x` and target `y` are the same array"]);
    }

    #[test]
    fn inputs_that_may_all_be_missing_and_classes_of_real_values_are_warnings() {
        let world = World::new(Framework::Keras)
            .input("x", "float32", "batch, 3")
            .with(|declared| declared.optional = true)
            .target("y", "float32", "batch")
            .with(|declared| (declared.encoding, declared.classes) = (line(Encoding::Value), line(2)));
        let expected = [
            "warning: target `y` has real values, which have no classes",
            "warning: every input is optional, so a batch may hold none",
        ];
        assert_eq!(findings(&world), expected);
    }

    #[test]
    fn channels_first_is_no_contradiction_of_the_classes() {
        let one_hot = |shape: &str| {
            let world = World::new(Framework::Torch).target("y", "float32", shape);
            let change = |declared: &mut crate::spec::Declaration| {
                (declared.encoding, declared.classes) = (line(Encoding::OneHot), line(5));
            };
            findings(&world.with(change))
        };
        assert_eq!(one_hot("batch, 5, 32, 32"), [""; 0]);
        assert_eq!(one_hot("batch, 32, 32, 5"), [""; 0]);
        assert_eq!(one_hot("batch, 4"), ["error: target `y` has 5 classes, and no axis of that size"]);
    }
}
