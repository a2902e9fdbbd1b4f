//! Text where numbers belong.

use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::{Level, python};
use crate::spec::Role;
use crate::spec::framework::Given;

pub(super) static RULE: Rule = Rule {
    id: "string-dtype",
    group: Group::Dtype,
    level: Level::Error,
    finds: "text where numbers belong",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/string-dtype.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    if !dtype::is_fed(cx) {
        return Looked::No;
    }
    if let Some(clash) = dtype::clash(cx).filter(|clash| clash.given == Given::Text) {
        let x = python::variable(cx.name);
        let numbers = format!("numbers in text: `{x} = {x}.astype({})`", dtype::spelled(&clash));
        let (cause, help) = match cx.declared.map(|declared| declared.role) {
            Some(Role::Target) => (
                "class names were saved as they are, or a column was read as text",
                format!(
                    "number the classes once, over the whole set: `classes, {x} = np.unique({x}, return_inverse=True)`; \
                     batch by batch the same name would get different numbers"
                ),
            ),
            Some(_) => (
                "a column was read as text, or words were not looked up in a vocabulary",
                format!("{numbers}; words: look them up in the vocabulary"),
            ),
            None => (
                "names, paths or a column that was read as text",
                format!("if a model gets it: {numbers}; otherwise declare what the model does get"),
            ),
        };
        out.push(dtype::finding(cx, &clash.outcome(cx.framework()), "is text").cause(cause).help(help));
    }
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::Warning;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    #[test]
    fn texts_of_different_length_are_one_fault() {
        let world = World::new(Framework::Keras)
            .target("label", "int64", "batch")
            .batch(&["label: <U3[4]"])
            .batch(&["label: <U21[4]"])
            .batch(&["label: |S2[4]"]);
        let messages = world.messages(&RULE);
        assert_eq!(messages, ["target `label` is text, the loss takes int64"; 3]);
        let found = world.judge(&RULE);
        assert_eq!(found.iter().map(|finding| finding.found.as_str()).collect::<Vec<_>>(), ["str3", "str21", "bytes2"]);
        assert!(found[1].consequence.as_ref().unwrap().contains("Invalid dtype: str672"));
        assert!(found[0].help.as_ref().unwrap().contains("np.unique(label, return_inverse=True)"));
    }

    #[test]
    fn class_names_are_fine_for_scikit_learn_and_names_may_lie_beside_the_data() {
        let world = World::new(Framework::Sklearn).target("y", "int64", "batch").batch(&["y: <U3[4]"]);
        assert_eq!(world.judge(&RULE)[0].level, Some(Warning));
        let world = World::unspecified().batch(&["x: float32[4]", "path: <U90[4]"]);
        let found = world.judge(&RULE);
        assert_eq!((found.len(), found[0].level), (1, Some(Warning)));
    }

    #[test]
    fn text_is_allowed_where_anything_is() {
        let world = World::new(Framework::Onnxruntime)
            .input("x", "any", "batch")
            .input("z", "float32", "batch")
            .batch(&["x: <U9[4]", "z: |O[4]", "undeclared: <U9[4]"]);
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes, Looked::Yes, Looked::No]);
    }
}
