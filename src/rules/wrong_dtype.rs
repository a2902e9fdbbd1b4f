//! A plain type that the declaration does not allow.

use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::Level;
use crate::spec::dtype::{Class, Dtype, DtypeRule, Kind, Wanted};
use crate::spec::framework::{Clash, Given, Treatment, Use};

pub(super) static RULE: Rule = Rule {
    id: "wrong-dtype",
    group: Group::Dtype,
    level: Level::Error,
    finds: "a dtype that the declaration does not allow",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/wrong-dtype.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let Some(rule) = dtype::rule(cx) else { return Looked::No };
    let found = &cx.header.dtype;
    let Some(clash) = dtype::clash(cx) else {
        let anything = rule.wanted.contains(&Wanted::Class(Class::Any));
        return if found.kind == Kind::UnnamedMl && found.size == 1 && !anything {
            Looked::Unable(format!("the header says `<V1`, as it does for many types, and not whether that is {rule}"))
        } else {
            Looked::Yes
        };
    };
    match clash.given {
        Given::Float | Given::Whole | Given::Wide | Given::Bool | Given::Other => {}
        Given::Double => return Looked::Yes,
        _ => return Looked::No,
    }
    let outcome = clash.outcome(cx.framework());
    let mut finding = dtype::finding(cx, &outcome, &format!("is {}", found.name()));
    finding.cause = cause(&clash).map(str::to_owned);
    finding.help = if outcome.treatment == Some(Treatment::Accepted) {
        Some(declare(rule, found))
    } else {
        help(&clash).map(str::to_owned)
    };
    if let Some(wanted) = &clash.wanted {
        finding.fix = dtype::cast(cx, wanted);
    }
    out.push(finding);
    Looked::Yes
}

fn cause(clash: &Clash) -> Option<&'static str> {
    let whole = clash.wanted.as_ref().is_some_and(Dtype::is_integer);
    let cause = match (clash.given, &clash.found.kind, clash.found.size) {
        (Given::Bool, ..) => "a mask or the result of a comparison was never cast",
        (Given::Float, ..) if whole => {
            "a table column with a gap becomes float64, since NaN is a float; so do `np.zeros`, `np.loadtxt` and every \
             division"
        }
        (Given::Float, _, 2) => "it was made in half precision, to save space or by a mixed-precision program",
        (Given::Whole, Kind::Uint, 1) if !whole && clash.used == Use::Features => {
            "images are read as uint8, and nothing cast or scaled them"
        }
        (Given::Whole, ..) if !whole => {
            "the values happen to be whole: Python ints, `np.arange`, `np.random.randint` and a table column without gaps \
             give integers"
        }
        (Given::Whole | Given::Wide, Kind::Int, 8) => "int64 is what NumPy makes of whole numbers by default",
        (Given::Whole | Given::Wide, Kind::Int, 4) => {
            "int32 is what NumPy before 2.0 makes of whole numbers on Windows, and what other libraries count in"
        }
        (Given::Whole | Given::Wide, Kind::Uint, 1) => "the numbers were read from an image, or packed to save space",
        _ => return None,
    };
    Some(cause)
}

fn help(clash: &Clash) -> Option<&'static str> {
    let whole = clash.wanted.as_ref().is_some_and(Dtype::is_integer);
    match clash.given {
        Given::Float if whole => {
            Some("find out first why they are floats: a NaN or a fraction does not survive the cast")
        }
        Given::Whole if clash.found.kind == Kind::Uint && clash.used == Use::Features && !whole => {
            Some("if these are pixels of 0 to 255 and the model was trained on 0 to 1, divide by 255.0 after the cast")
        }
        Given::Wide => Some("cast once, where the batch is made, and look first whether the values fit"),
        Given::Other => None,
        _ => Some("cast once, where the batch is made"),
    }
}

/// What to write where the framework takes what is there.
fn declare(rule: &DtypeRule, found: &Dtype) -> String {
    let names: Option<Vec<String>> = rule
        .wanted
        .iter()
        .map(|wanted| match wanted {
            Wanted::Exactly(exact) => Some(format!("\"{}\"", exact.name())),
            Wanted::Class(_) => None,
        })
        .collect();
    match names {
        Some(names) => {
            format!("if it is meant, declare it too: `dtype = [{}, \"{}\"]`", names.join(", "), found.name())
        }
        None => "if it is meant, declare it".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Finding;
    use crate::diagnostic::Level::{Error, Note, Warning};
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, Encoding, Framework};

    fn input(framework: Framework, wanted: &str, found: &str) -> World {
        World::new(framework).input("x", wanted, "batch").batch(&[&format!("x: {found}[4]")])
    }

    fn target(framework: Framework, wanted: &str, found: &str) -> World {
        World::new(framework).target("y", wanted, "batch").batch(&[&format!("y: {found}[4]")])
    }

    fn only(world: &World) -> Finding {
        let mut found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn pixels_where_floats_are_wanted() {
        let world = input(Framework::Keras, "float32", "uint8");
        let finding = only(&world);
        assert_eq!(finding.message, "input `x` is uint8, the model takes float32");
        assert_eq!(world.anchored(&finding), "\"float32\"");
        assert_eq!(finding.level, Some(Warning));
        assert!(finding.help.as_ref().unwrap().contains("divide by 255.0 after the cast"));
        assert_eq!(finding.fix.as_ref().unwrap().python, "x = x.astype(np.float32)");
        assert_eq!(only(&input(Framework::Torch, "float32", "uint8")).level, Some(Error));
        assert_eq!(only(&input(Framework::Any, "float32", "uint8")).level, None);
    }

    #[test]
    fn floats_where_ids_are_wanted_are_cast_only_if_nothing_is_lost() {
        for framework in [Framework::Keras, Framework::Torch, Framework::Onnxruntime, Framework::Jax] {
            let finding = only(&input(framework, "int32", "float32"));
            assert_eq!(finding.level, Some(Error), "{framework}");
            let fix = finding.fix.unwrap().python;
            assert!(fix.starts_with("assert np.array_equal(x, x.astype(np.int32))"), "{fix}");
        }
    }

    #[test]
    fn class_ids_follow_the_losses_of_the_framework() {
        let level = |framework, found| only(&target(framework, "int64", found)).level;
        assert_eq!(level(Framework::Keras, "int32"), Some(Note));
        assert_eq!(level(Framework::Keras, "float32"), Some(Warning));
        assert_eq!(level(Framework::Torch, "int32"), Some(Error));
        assert_eq!(level(Framework::Torch, "uint8"), Some(Note));
        assert_eq!(level(Framework::Torch, "bool"), Some(Error));
        assert_eq!(level(Framework::Sklearn, "float64"), Some(Warning));
        let finding = only(&target(Framework::Torch, "int64", "uint8"));
        assert_eq!(finding.message, "target `y` is uint8, the spec declares int64");
        assert_eq!(finding.help.unwrap(), "if it is meant, declare it too: `dtype = [\"int64\", \"uint8\"]`");
    }

    #[test]
    fn a_float_target_is_judged_by_its_encoding() {
        let world = target(Framework::Torch, "float32", "int64");
        assert!(only(&world).consequence.unwrap().contains("Found dtype Long but expected Float"));
        let index = |declared: &mut crate::spec::Declaration| {
            declared.encoding = Some(Declared { value: Encoding::Index, at: At::Flag("") });
        };
        let world = target(Framework::Keras, "float32", "int64").with(index);
        assert!(only(&world).consequence.unwrap().contains("class ids of any integer type"));
    }

    #[test]
    fn an_array_that_comes_alone_is_the_input_at_place_0() {
        let at = |place: u64| {
            let position = Some(Declared { value: place, at: At::Flag("") });
            let input = World::new(Framework::Keras).input("input_layer", "float32", "batch, 3");
            let world = input.with(|declared| declared.pick.position = position).target("target", "int64", "batch");
            world.live(&["int64[8, 3]"]).messages(&RULE)
        };
        assert_eq!(at(0), ["input `input_layer` is int64, the model takes float32"]);
        assert!(at(1).is_empty());
    }

    #[test]
    fn a_class_of_types_is_enough_to_be_wrong_about() {
        let finding = only(&input(Framework::Onnxruntime, "floating", "int64"));
        assert_eq!(finding.message, "input `x` is int64, the model takes a floating dtype");
        assert_eq!(finding.expected, "`x` has a floating dtype.");
        let finding = only(&input(Framework::Torch, "unsigned", "int64"));
        assert_eq!(finding.fix, None, "no one type is named to cast to");
    }

    #[test]
    fn a_cast_that_can_change_values_looks_first() {
        let guarded =
            |wanted, found| only(&input(Framework::Any, wanted, found)).fix.unwrap().python.starts_with("assert");
        assert!(guarded("int32", "int64") && guarded("float32", "int64") && guarded("bool", "uint8"));
        assert!(!guarded("int64", "int32") && !guarded("float32", "uint8") && !guarded("float32", "bool"));
        assert!(!guarded("float16", "float32"), "rounding is what a narrower float is for");
    }

    #[test]
    fn it_is_silent_where_another_rule_speaks_or_nothing_is_wrong() {
        let cases = [
            ("float32", "float64", Looked::Yes),
            ("float32", ">f4", Looked::Yes),
            ("int64 | int32", "int32", Looked::Yes),
            ("integer", "uint8", Looked::Yes),
            ("any", "|O", Looked::No),
            ("bfloat16", "<V2", Looked::Yes),
            ("float32", "<V2", Looked::No),
            ("float32", "bfloat16", Looked::No),
            ("float32", "|O", Looked::No),
            ("float32", "<U5", Looked::No),
            ("float32", "complex64", Looked::No),
            ("complex64", "complex64", Looked::Yes),
            ("float32", "<M8[s]", Looked::No),
            ("float32", "<f16", Looked::No),
            ("float32", "{a: float32}", Looked::No),
            ("", "float64", Looked::No),
        ];
        for (wanted, found, looked) in cases {
            let world = input(Framework::Torch, wanted, found);
            assert!(world.judge(&RULE).is_empty(), "{wanted} {found}");
            assert_eq!(world.looked(&RULE)[0], looked, "{wanted} {found}");
        }
        let complex = input(Framework::Torch, "complex128", "complex64");
        assert_eq!(only(&complex).message, "input `x` is complex64, the model takes complex128");
    }

    #[test]
    fn one_byte_of_raw_data_may_be_any_of_the_small_types() {
        let world = input(Framework::Jax, "float8_e4m3fn", "<V1");
        assert!(matches!(&world.looked(&RULE)[0], Looked::Unable(why) if why.contains("float8_e4m3fn")));
    }
}
