//! A symbol outside the bounds that `[dims]` gives it.

use super::shapes::{axis, shaped};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::{Fix, Level, python::variable};
use crate::spec::dims::{Dim, Expr};
use crate::spec::fit::Misfit;
use crate::spec::mismatch::Mismatch;
use crate::spec::{Framework, SizeRule, Symbol};

pub(super) static RULE: Rule = Rule {
    id: "size-out-of-bounds",
    group: Group::Shape,
    level: Level::Error,
    finds: "a symbol outside its `min`, `max` or `multiple_of`",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/size-out-of-bounds.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shaped = match shaped(cx) {
        Ok(shaped) => shaped,
        Err(looked) => return looked,
    };
    if !shaped.shape.value.dims.iter().any(|dim| bounded(cx, dim).is_some()) {
        return Looked::No;
    }
    let Some(Mismatch::Bounds(misfits)) = &shaped.mistake else { return Looked::Yes };
    let mut told: Vec<&str> = Vec::new();
    for misfit in misfits {
        let Some(symbol) = bounded(cx, misfit.dim) else { continue };
        if told.contains(&symbol.name.as_str()) {
            continue;
        }
        told.push(&symbol.name);
        let rank = cx.header.shape.len();
        let which = axis(shaped.declaration, rank, misfit.axis);
        let finding = cx
            .finding(
                Some(&symbol.at),
                format!("{} has `{}` outside its bounds", cx.label(), symbol.name),
                format!("`{}` is {}.", symbol.name, bounds(symbol.rule)),
                format!("`{}` = {} on {which}", symbol.name, misfit.size),
            )
            .consequence(consequence(cx.framework(), symbol.rule, misfit.size));
        out.push(repaired(finding, cx.name, rank, misfit, symbol.rule));
    }
    Looked::Yes
}

/// The symbol that the entry stands for, if it has bounds.
fn bounded<'a>(cx: &ArrayCx<'a>, dim: &Dim) -> Option<&'a Symbol> {
    match dim {
        Dim::Size(Expr::Symbol(name)) => cx.spec.symbol(name).filter(|symbol| symbol.rule != SizeRule::default()),
        Dim::Either(dims) => dims.iter().find_map(|dim| bounded(cx, dim)),
        _ => None,
    }
}

/// "from 1 to 512 and a multiple of 8"
fn bounds(rule: SizeRule) -> String {
    let range = match (rule.min, rule.max) {
        (Some(min), Some(max)) if min == max => Some(format!("{min}")),
        (Some(min), Some(max)) => Some(format!("from {min} to {max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    };
    let multiple = rule.multiple_of.map(|step| format!("a multiple of {step}"));
    range.into_iter().chain(multiple).collect::<Vec<_>>().join(" and ")
}

fn repaired(
    finding: crate::diagnostic::Finding,
    name: &str,
    rank: usize,
    misfit: &Misfit<'_>,
    rule: SizeRule,
) -> crate::diagnostic::Finding {
    let x = variable(name);
    let axis = misfit.axis;
    if let Some(max) = rule.max.filter(|max| misfit.size > *max) {
        let before = ":, ".repeat(axis);
        return finding
            .cause("the samples were not cut to the longest size that the model takes")
            .help("cut or split what is too long; or raise `max`, if the model takes more")
            .fix(Fix::unverified(format!("{x} = {x}[{before}:{max}]")));
    }
    if rule.min.is_some_and(|min| misfit.size < min) {
        return finding
            .cause("the samples were not padded to the shortest size that the model takes, or were cut too far")
            .help("pad or drop what is too short; or lower `min`, if the model takes less");
    }
    let Some(step) = rule.multiple_of else { return finding };
    let widths: Vec<String> =
        (0..rank).map(|i| if i == axis { format!("(0, -{x}.shape[{i}] % {step})") } else { "(0, 0)".into() }).collect();
    finding
        .cause(
            "the samples were not padded to a multiple of what the model divides by: strides, patches, or tensor cores",
        )
        .help("pad to the next multiple, with the value that stands for padding")
        .fix(Fix::unverified(format!("{x} = np.pad({x}, [{}])", widths.join(", "))))
}

fn consequence(framework: Framework, rule: SizeRule, size: u64) -> &'static str {
    let long = rule.max.is_some_and(|max| size > max);
    match (framework, long) {
        (Framework::Torch, true) => {
            "where positions are embedded: `index out of range in self`, or on a GPU `CUDA error: device-side assert triggered`"
        }
        (Framework::Keras | Framework::Tensorflow, true) => {
            "where positions are embedded: an error on the CPU, rows of zeros without a word on a GPU"
        }
        (Framework::Onnxruntime, _) => "onnxruntime stops where the graph has a fixed size: `Got: 60 Expected: 6`",
        (_, true) => "more than the model was built for: an error, or positions that it never learned",
        (_, false) => "layers that divide or stride over the axis stop, or drop what is left over",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::At;

    fn world(rule: SizeRule, actual: &str) -> World {
        World::new(Framework::Torch)
            .input("ids", "int64", "batch, T")
            .spec(|spec| {
                spec.symbols.push(Symbol { name: "T".into(), at: At::Flag("--dims"), rule, varies: true });
            })
            .batch(&[&format!("ids: int64[{actual}]")])
    }

    #[test]
    fn each_bound_is_said_with_its_repair() {
        let rule = SizeRule { min: Some(8), max: Some(512), multiple_of: Some(8) };
        let finding = |actual| world(rule, actual).judge(&RULE).remove(0);
        let long = finding("4, 600");
        assert_eq!(long.message, "input `ids` has `T` outside its bounds");
        assert_eq!(long.expected, "`T` is from 8 to 512 and a multiple of 8.");
        assert_eq!(long.found, "`T` = 600 on axis 1");
        assert_eq!(long.fix.unwrap().python, "ids = ids[:, :512]");
        assert_eq!(finding("4, 20").fix.unwrap().python, "ids = np.pad(ids, [(0, 0), (0, -ids.shape[1] % 8)])");
        assert_eq!(finding("4, 4").fix, None);
    }

    #[test]
    fn bounds_are_inclusive() {
        let rule = SizeRule { min: Some(1), max: Some(512), multiple_of: None };
        for actual in ["4, 1", "4, 512"] {
            assert!(world(rule, actual).messages(&RULE).is_empty());
            assert_eq!(world(rule, actual).looked(&RULE), [Looked::Yes]);
        }
    }

    #[test]
    fn a_symbol_without_bounds_concerns_nobody() {
        assert_eq!(world(SizeRule::default(), "4, 600").looked(&RULE), [Looked::No]);
    }

    #[test]
    fn a_named_constant_is_a_size_and_not_a_bound() {
        let constant = world(SizeRule::exactly(3), "4, 2").spec(|spec| spec.symbols[0].varies = false);
        assert!(constant.messages(&RULE).is_empty());
    }
}
