//! bfloat16, float8 and the like: types of `ml_dtypes`, which the .npy format cannot name.

use super::context::batch_unit;
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Finding, Fix, Level, python};
use crate::facts::{Cell, asks};
use crate::spec::dtype::{Dtype, Kind, MlType};
use crate::spec::framework::{Clash, Given};
use crate::values::number::float_text;
use crate::values::{HitKind, Number};

pub(super) static RULE: Rule = Rule {
    id: "opaque-dtype",
    group: Group::Dtype,
    level: Level::Warning,
    finds: "bfloat16, float8 and the like, which a .npy file cannot name",
    needs: Needs::NUMBERS,
    page: include_str!("../../docs/rules/opaque-dtype.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    if !dtype::is_fed(cx) {
        return Looked::No;
    }
    let Some(clash) = dtype::clash(cx) else { return Looked::Yes };
    let wanted = dtype::spelled(&clash);
    match (clash.given, &cx.header.dtype.kind) {
        (Given::Opaque, _) => out.push(unnamed(cx, &clash, &wanted)),
        (Given::Named, Kind::Ml(MlType::Float8E5m2)) if !cx.stream.is_live() => out.push(unloadable(cx)),
        (Given::Named, _) => out.push(named(cx, &clash, &cx.header.dtype, &wanted)),
        _ => {}
    }
    Looked::Yes
}

/// `<V2` and `<V1`.
fn unnamed(cx: &ArrayCx<'_>, clash: &Clash, wanted: &str) -> Finding {
    let x = python::variable(cx.name);
    let outcome = clash.outcome(cx.framework());
    if cx.header.dtype.size == 2 {
        let seen = Seen::of(dtype::column(cx));
        let seen = seen.as_ref();
        if let Some(odd) = seen.and_then(Seen::odd) {
            return dtype::finding(cx, &outcome, "is raw bytes, and their values are not those of bfloat16")
                .cause(format!("`<V2` is what `np.save` writes for bfloat16; but read as that, {odd}"))
                .help(format!(
                    "find out what wrote them; if they are integers or half floats, say so: `{x}.view(np.int16)`, \
                     `{x}.view(np.float16)`"
                ));
        }
        let proof = match seen.map(Seen::range) {
            Some(range) => {
                format!("plausible, not proved: read as bfloat16, {range}; float32 holds every bfloat16 exactly")
            }
            None => "the values were not read, so nothing shows that they are bfloat16".into(),
        };
        let floats = clash.wanted.clone().filter(|wanted| wanted.kind == Kind::Float);
        let to = floats.unwrap_or_else(|| Dtype::new(Kind::Float, 4));
        dtype::finding(cx, &outcome, "is raw bytes, most likely bfloat16")
            .cause("`np.save` writes bfloat16 as `<V2`, since a .npy file has no name for it, and `np.load` gives raw bytes back")
            .help("save float32; or view it as bfloat16 after loading, and declare `dtype = \"bfloat16\"`")
            .fix(Fix::new(format!("import ml_dtypes\n{x} = {x}.view(ml_dtypes.bfloat16).astype({wanted})"), proof).change(Change::Steps(vec![Step::Cast(to)])))
    } else {
        dtype::finding(cx, &outcome, "is raw bytes of a type that the file does not name")
            .cause("`np.save` writes most float8, float6, float4, int4 and int2 types as `<V1`, and `np.load` gives raw bytes back")
            .help(format!(
                "save a type that NumPy knows; or view it as what it was, `{x}.view(ml_dtypes.float8_e4m3fn)` or another, and \
                 declare that type"
            ))
    }
}

/// What the arrays hold, read as bfloat16.
#[derive(Debug, Default)]
struct Seen {
    count: u64,
    zeros: u64,
    /// Values that are NaN, infinite, or larger than those of data and weights.
    odd: u64,
    range: Option<(Number, Number)>,
}

impl Seen {
    /// `None` where nothing was read.
    fn of(cells: &[Cell<'_>]) -> Option<Self> {
        let mut seen = Self::default();
        for cell in cells {
            let Some(values) = cell.array.values() else { continue };
            let (Some(numbers), Some(ask)) = (&values.numbers, asks::implausible(&cell.header().dtype)) else {
                continue;
            };
            let Some(answer) = values.answer(&ask) else { continue };
            seen.count += numbers.count();
            seen.zeros += numbers.zeros;
            seen.odd += numbers.non_finite() + answer.count(&[HitKind::Below, HitKind::Above]);
            if let (Some(min), Some(max)) = (numbers.min, numbers.max) {
                let (low, high) = seen.range.get_or_insert((min.value, max.value));
                (*low, *high) = ((*low).min(min.value), (*high).max(max.value));
            }
        }
        (seen.count > 0).then_some(seen)
    }

    /// What speaks against bfloat16. Of random bytes a third are odd; of integers below 2**14, which read as values
    /// near 0, none is, and none is larger than 1e-12 either.
    fn odd(&self) -> Option<String> {
        if self.odd * 100 > self.count {
            return Some(format!(
                "{} of {} values are NaN, infinite, or beyond 1e12",
                exact(self.odd),
                exact(self.count)
            ));
        }
        let (low, high) = self.range?;
        let largest = low.to_f64().abs().max(high.to_f64().abs());
        (largest < LEAST && self.zeros < self.count).then(|| format!("no value is larger than {}", float_text(largest)))
    }

    fn range(&self) -> String {
        match self.range {
            Some((low, high)) if low < high => format!("all {} values lie between {low} and {high}", exact(self.count)),
            Some((only, _)) => format!("all {} values are {only}", exact(self.count)),
            None => "no value is finite".into(),
        }
    }
}

/// Some value of data or weights is at least this large.
const LEAST: f64 = 1e-12;

/// `<f1`, which NumPy writes and cannot read.
fn unloadable(cx: &ArrayCx<'_>) -> Finding {
    let x = python::variable(cx.name);
    cx.finding(
        dtype::at(cx),
        format!("{} is float8_e5m2, which `np.load` cannot read", cx.label()),
        "The array has a type that `np.load` can read.",
        cx.header.dtype.name(),
    )
    .level(Level::Error)
    .cause("`np.save` writes float8_e5m2 as `<f1`, and there is no such type in NumPy")
    .consequence("`np.load` stops: `descr is not a valid dtype descriptor: '<f1'`")
    .help(format!(
        "save the bytes, `{x}.view(np.uint8)`, and view them as `ml_dtypes.float8_e5m2` after loading; or save float32"
    ))
}

/// A header that says `bfloat16`, which takes a patched writer.
fn named(cx: &ArrayCx<'_>, clash: &Clash, found: &Dtype, wanted: &str) -> Finding {
    let x = python::variable(cx.name);
    let name = found.name();
    let outcome = clash.outcome(cx.framework());
    let proof = match clash.wanted.as_ref().filter(|wanted| wanted.is_float()) {
        Some(wanted) => dtype::proof(cx.cells, wanted, batch_unit(cx.spec)),
        None => "nobody says which type is wanted".into(),
    };
    if cx.stream.is_live() {
        return dtype::finding(cx, &outcome, &format!("is {name}"))
            .cause(format!("`{name}` is a type of the `ml_dtypes` package, or the program's framework computes in it"))
            .help(format!("hand out float32, or declare `dtype = \"{name}\"`"))
            .fix(Fix::new(format!("{x} = {x}.astype({wanted})"), proof));
    }
    dtype::finding(cx, &outcome, &format!("is {name}"))
        .cause(format!("the header names `{name}`, a type of the `ml_dtypes` package"))
        .consequence(format!(
            "without `ml_dtypes` imported, `np.load` stops: `descr is not a valid dtype descriptor: '{name}'`; with it, {}",
            outcome.says
        ))
        .help(format!("save float32; or import `ml_dtypes` before loading, and declare `dtype = \"{name}\"`"))
        .fix(Fix::new(format!("import ml_dtypes  # before np.load\n{x} = {x}.astype({wanted})"), proof))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::{Error, Warning};
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn x(framework: Framework, wanted: &str, found: &str) -> World {
        World::new(framework).input("x", wanted, "batch").batch(&[&format!("x: {found}[4]")])
    }

    #[test]
    fn two_raw_bytes_are_most_likely_bfloat16() {
        let found = x(Framework::Torch, "float32", "<V2").judge(&RULE);
        assert_eq!(found[0].message, "input `x` is raw bytes, most likely bfloat16, the model takes float32");
        assert_eq!(found[0].level, Some(Error));
        let fix = &found[0].fix.as_ref().unwrap().python;
        assert_eq!(fix, "import ml_dtypes\nx = x.view(ml_dtypes.bfloat16).astype(np.float32)");
        assert_eq!(x(Framework::Any, "float32", "<V2").judge(&RULE)[0].level, None);
        assert_eq!(World::unspecified().batch(&["x: <V2[4]"]).judge(&RULE)[0].level, Some(Warning));
    }

    #[test]
    fn raw_bytes_are_what_a_declared_type_looks_like() {
        for (wanted, found) in [("bfloat16", "<V2"), ("float8_e4m3fn", "<V1"), ("bfloat16", "bfloat16"), ("any", "<V2")]
        {
            let world = x(Framework::Jax, wanted, found);
            assert!(world.judge(&RULE).is_empty(), "{wanted} {found}");
            assert_eq!(world.looked(&RULE), [Looked::Yes]);
        }
        assert_eq!(x(Framework::Jax, "bfloat16", "<V1").judge(&RULE).len(), 1);
    }

    #[test]
    fn numpy_cannot_read_its_own_float8_e5m2() {
        for wanted in ["float32", "float8_e5m2"] {
            let found = x(Framework::Keras, wanted, "<f1").judge(&RULE);
            assert_eq!(found[0].message, "input `x` is float8_e5m2, which `np.load` cannot read");
            assert_eq!(found[0].level, Some(Error), "{wanted}");
            assert!(found[0].consequence.as_ref().unwrap().contains("not a valid dtype descriptor: '<f1'"));
        }
    }

    #[test]
    fn a_named_type_needs_its_package() {
        let found = x(Framework::Torch, "float32", "bfloat16").judge(&RULE);
        assert_eq!(found[0].message, "input `x` is bfloat16, the model takes float32");
        assert!(found[0].consequence.as_ref().unwrap().contains("can't convert np.ndarray of type ml_dtypes.bfloat16"));
        assert!(found[0].fix.as_ref().unwrap().python.starts_with("import ml_dtypes  # before np.load\n"));
    }

    #[test]
    fn the_values_decide_whether_two_bytes_are_bfloat16() {
        let read = |data: Vec<u8>| {
            let array = crate::rules::testing::array(&format!("x: <V2[{}]", data.len() / 2));
            let world = World::new(Framework::Torch).input("x", "float32", "batch").raw(vec![(array, data)]);
            world.judge(&RULE)[0].clone()
        };
        let weights = (0_i16..999).flat_map(|i| half::bf16::from_f32(f32::from(i - 500) / 999.0).to_le_bytes());
        let found = read(weights.collect());
        assert!(found.message.contains("most likely bfloat16"));
        let proof = found.fix.unwrap().proof.text();
        assert!(proof.contains("all 999 values lie between -0.5 and 0.4980469"), "{proof}");
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        let bytes: Vec<u8> = (0..4000).map(|_| random()).collect();
        let sound: Vec<u8> = (0_i16..2000).flat_map(|i| (i - 1000).to_le_bytes()).collect();
        let pixels: Vec<u8> = (0_u16..4096).flat_map(u16::to_le_bytes).collect();
        for odd in [bytes, sound, pixels] {
            let found = read(odd);
            assert!(found.message.contains("their values are not those of bfloat16"), "{}", found.message);
            assert_eq!(found.fix, None);
        }
        assert!(read(vec![0; 64]).fix.unwrap().proof.text().contains("all 32 values are 0"));
    }

    #[test]
    fn it_is_silent_about_what_numpy_knows() {
        for found in ["float16", "uint8", "|V2", "|O", "<M8[s]"] {
            assert!(x(Framework::Torch, "float32", found).judge(&RULE).is_empty(), "{found}");
        }
    }
}
