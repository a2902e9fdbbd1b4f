//! Python objects where numbers belong.

use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::{Level, python};
use crate::spec::framework::Given;

pub(super) static RULE: Rule = Rule {
    id: "object-dtype",
    group: Group::Dtype,
    level: Level::Error,
    finds: "Python objects where numbers belong",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/object-dtype.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    if !dtype::is_fed(cx) {
        return Looked::No;
    }
    if let Some(clash) = dtype::clash(cx).filter(|clash| clash.given == Given::Object) {
        let outcome = clash.outcome(cx.framework());
        let (x, wanted) = (python::variable(cx.name), dtype::spelled(&clash));
        out.push(
            dtype::finding(cx, &outcome, "holds Python objects")
                .level(Level::Error)
                .cause(
                    "what NumPy cannot make numbers of is saved as a pickle: rows of different lengths, None or text among \
                     numbers, dicts, a table of mixed columns, `StringDType`",
                )
                .consequence(format!(
                    "`np.load` stops: `Object arrays cannot be loaded when allow_pickle=False`; with the pickle loaded, {}",
                    outcome.says
                ))
                .help(format!(
                    "if every element is a number: `{x} = {x}.astype({wanted})`; if rows differ in length: pad them, then \
                     `np.stack`; if there is None or text: `pd.to_numeric(column, errors=\"coerce\")`; if it is a dict: \
                     `np.savez`"
                )),
        );
    }
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::Error;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    #[test]
    fn a_declared_array_of_objects_is_found_at_its_dtype() {
        let world = World::new(Framework::Onnxruntime).input("x", "float32", "batch").batches(3, &["x: |O[4]"]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `x` holds Python objects, the model takes float32");
        assert_eq!((world.anchored(&found[0]), found[0].count), ("\"float32\"", 3));
        assert!(
            found[0].consequence.as_ref().unwrap().contains("Actual: (tensor(string)) , expected: (tensor(float))")
        );
    }

    #[test]
    fn without_a_spec_it_is_still_an_error() {
        let world = World::unspecified().batch(&["x: |O[4]"]);
        let found = world.judge(&RULE);
        assert_eq!((found[0].message.as_str(), found[0].level), ("array `x` holds Python objects", Some(Error)));
    }

    #[test]
    fn a_field_of_a_struct_can_be_an_object_and_any_allows_none() {
        let world = World::new(Framework::Any).input("x", "any", "batch").batch(&["x: {a: float32, b: |O}[4]"]);
        assert_eq!(world.messages(&RULE), ["input `x` holds Python objects, the model takes numbers"]);
    }

    #[test]
    fn an_array_that_no_model_gets_is_left_to_the_rule_about_unexpected_arrays() {
        let world =
            World::new(Framework::Keras).input("x", "float32", "batch").batch(&["x: float32[4]", "meta: |O[4]"]);
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes, Looked::No]);
    }
}
