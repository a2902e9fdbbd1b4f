//! A line of the spec that contradicts the artefact of the model.

use super::shapes::{line, listed};
use super::{Findings, Group, Judge, Looked, Needs, Rule, SpecCx};
use crate::config::file::DTYPES;
use crate::diagnostic::{Anchor, Finding, Level, Unit};
use crate::source::text::shown;
use crate::spec::dims::{Dim, Expr, Shape};
use crate::spec::dtype::{Dtype, DtypeRule};
use crate::spec::fit::{constant, ranks};
use crate::spec::framework::keeps_values;
use crate::spec::{At, Declaration, Declared, Encoding, Framework, Role, Said, Spec};

pub(super) static RULE: Rule = Rule {
    id: "spec-model-drift",
    group: Group::Spec,
    level: Level::Error,
    finds: "a line of the spec that contradicts the artefact of the model",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/spec-model-drift.md"),
    judge: Judge::Spec(judge),
};

fn judge(cx: &SpecCx<'_>, out: &mut Findings) -> Looked {
    let Some(said) = &cx.spec.model else { return Looked::No };
    let drift = Drift { spec: cx.spec, said };
    drift.rows(out);
    for (of_model, became) in said.arrays.iter().zip(&said.became) {
        if let Some(written) = became.and_then(|index| cx.spec.arrays.get(index)) {
            drift.dtype(written, of_model, out);
            drift.shape(written, of_model, out);
            drift.encoding(written, of_model, out);
            drift.classes(written, of_model, out);
        }
    }
    drift.strangers(out);
    Looked::Yes
}

struct Drift<'s> {
    spec: &'s Spec,
    said: &'s Said,
}

impl Drift<'_> {
    /// A finding at the written line, that names the other one. What is only the model's word again is no contradiction.
    fn finding(&self, written: &At, said: &At, subject: &str, message: String, level: Level) -> Option<Finding> {
        if matches!(written, At::Model(_)) {
            return None;
        }
        let quote = |at: &At| match at {
            At::Flag(flag) => Some((*flag).to_owned()),
            at => self.spec.place(at).map(|(text, span)| shown(&text.body[span.clone()], 80)),
        };
        let place = line(self.spec, said).unwrap_or_else(|| self.said.text.name.clone());
        let finding = Finding::new(
            Anchor::Spec(written.clone()),
            subject,
            message,
            format!("It agrees with the model, {place}."),
            format!("`{}`", quote(written).unwrap_or_default()),
        );
        Some(finding.counted(Vec::new(), 1, 1, Unit::Line).level(level).cause(CAUSE).help(HELP))
    }

    fn dtype(&self, written: &Declaration, said: &Declaration, out: &mut Findings) {
        let (Some(ours), Some(theirs)) = (&written.dtype, &said.dtype) else { return };
        let mut named = DTYPES.into_iter().filter_map(Dtype::from_name);
        if named.any(|dtype| ours.value.allows(&dtype) && theirs.value.allows(&dtype)) {
            return;
        }
        let (cast, level) = self.cast(&ours.value, &theirs.value);
        let message =
            format!("{} is declared as {}, and the model takes {}", written.label(), ours.value, theirs.value);
        let finding = self.finding(&ours.at, &theirs.at, &written.name, message, level);
        out.extend(finding.map(|finding| match cast {
            Some(effect) => finding.consequence(effect),
            None => finding,
        }));
    }

    /// What becomes of data that is what the line says, and how bad that is.
    fn cast(&self, ours: &DtypeRule, theirs: &DtypeRule) -> (Option<&'static str>, Level) {
        let keeps = |from: &Dtype| {
            theirs.preferred().is_some_and(|into| keeps_values(from, into) || (from.is_float() && into.is_float()))
        };
        match ours.preferred() {
            Some(from) if self.spec.framework() == Framework::Keras && keeps(from) => {
                (Some("keras casts it without a word, which costs a copy of every batch"), Level::Warning)
            }
            _ => (None, Level::Error),
        }
    }

    fn shape(&self, written: &Declaration, said: &Declaration, out: &mut Findings) {
        let (Some(ours), Some(theirs)) = (&written.shape, &said.shape) else { return };
        let mut push = |message: String, level: Level| {
            out.extend(self.finding(&ours.at, &theirs.at, &written.name, message, level));
        };
        let (a, b) = (ranks(&ours.value), ranks(&theirs.value));
        if a.open || b.open {
            if (!a.open && a.min < b.min) || (!b.open && b.min < a.min) {
                push(
                    format!("{} is declared with another number of axes than the model has", written.label()),
                    Level::Error,
                );
            }
            return;
        }
        if a.min != b.min {
            let message =
                format!("{} is declared with {}, and the model takes {}", written.label(), axes(a.min), b.min);
            let (short, long) = if a.min < b.min { (&ours.value, &theirs.value) } else { (&theirs.value, &ours.value) };
            let added = self.spec.framework() == Framework::Keras && is_trailing_one(short, long);
            push(message, if added { Level::Warning } else { Level::Error });
            return;
        }
        let pairs = ours.value.dims.iter().zip(&theirs.value.dims).enumerate();
        let wrong: Vec<String> = pairs
            .filter(|(_, (ours, theirs))| self.contradict(ours, theirs))
            .map(|(axis, (ours, theirs))| format!("axis {axis} is {ours} where the model has {}", self.told(theirs)))
            .collect();
        if !wrong.is_empty() {
            push(format!("the shape of {} is not the model's: {}", written.label(), listed(&wrong)), Level::Error);
        }
    }

    /// Whether no size is right for both. What either leaves open contradicts nothing.
    fn contradict(&self, ours: &Dim, theirs: &Dim) -> bool {
        let Some(size) = self.size(ours) else { return false };
        let Dim::Size(Expr::Symbol(name)) = theirs else {
            return *theirs != Dim::Batch && self.size(theirs).is_some_and(|other| other != size);
        };
        let symbol = self.said.symbols.iter().find(|symbol| symbol.name == *name);
        symbol.is_some_and(|symbol| !symbol.rule.allows(size))
    }

    /// The one size that the entry allows.
    fn size(&self, dim: &Dim) -> Option<u64> {
        constant(dim, &self.spec.symbols)
    }

    fn told(&self, dim: &Dim) -> String {
        let bounds = |name: &str| {
            let rule = self.said.symbols.iter().find(|symbol| symbol.name == *name)?.rule;
            Some(match (rule.min, rule.max) {
                (Some(min), Some(max)) => format!("{min} to {max}"),
                (Some(min), None) => format!("at least {min}"),
                (None, Some(max)) => format!("at most {max}"),
                (None, None) => format!("a multiple of {}", rule.multiple_of?),
            })
        };
        match dim {
            Dim::Size(Expr::Symbol(name)) => bounds(name).unwrap_or_else(|| name.clone()),
            other => other.to_string(),
        }
    }

    fn encoding(&self, written: &Declaration, said: &Declaration, out: &mut Findings) {
        let (Some(ours), Some(theirs)) = (&written.encoding, &said.encoding) else { return };
        let is_spread = |encoding| matches!(encoding, Encoding::OneHot | Encoding::Probabilities);
        let refused = match theirs.value {
            Encoding::Index => is_spread(ours.value) || ours.value == Encoding::Value,
            Encoding::OneHot | Encoding::Probabilities => !is_spread(ours.value) && ours.value != Encoding::Value,
            Encoding::Binary | Encoding::Value => false,
        };
        if refused {
            let message = format!("the encoding of {} is not what the loss of the model takes", written.label());
            out.extend(self.finding(&ours.at, &theirs.at, &written.name, message, Level::Error));
        }
    }

    fn classes(&self, written: &Declaration, said: &Declaration, out: &mut Findings) {
        let same = written.encoding.as_ref().zip(said.encoding.as_ref()).is_none_or(|(a, b)| a.value == b.value);
        if let (Some(ours), Some(theirs), true) = (&written.classes, &said.classes, same)
            && ours.value != theirs.value
        {
            // Fewer classes than outputs train; more do not.
            let level = if ours.value > theirs.value || !is_index(written) { Level::Error } else { Level::Warning };
            let message = format!(
                "{} is declared with {} classes, and the model has {}",
                written.label(),
                ours.value,
                theirs.value
            );
            out.extend(self.finding(&ours.at, &theirs.at, &written.name, message, level));
        }
    }

    /// Rows that are built into the model. A framework that checks them stops; Keras does not.
    fn rows(&self, out: &mut Findings) {
        let (Some(ours), Some(theirs)) = (&self.spec.plan.size, &self.said.plan.size) else { return };
        if let Some(rows) = ours.value.exact()
            && !theirs.value.allows(rows)
        {
            let bounds =
                theirs.value.exact().map_or_else(|| "other bounds".to_owned(), |built_in| built_in.to_string());
            let message = format!("batches are declared with {rows} rows, and the model is built for {bounds}");
            out.extend(self.finding(&ours.at, &theirs.at, "", message, Level::Warning));
        }
    }

    /// What is written and nothing of the model.
    fn strangers(&self, out: &mut Findings) {
        for (index, written) in self.spec.arrays.iter().enumerate() {
            let of_role: Vec<&Declaration> = self.said.arrays.iter().filter(|said| said.role == written.role).collect();
            if of_role.is_empty() || self.said.became.contains(&Some(index)) {
                continue;
            }
            let pairs = self.said.arrays.iter().zip(&self.said.became);
            let all_there = pairs.filter(|(said, _)| said.role == written.role).all(|(_, became)| became.is_some());
            let names: Vec<String> = of_role.iter().map(|said| format!("`{}`", said.name)).collect();
            let message = format!("the model has no {}", written.label());
            let level = if all_there || written.role != Role::Input { Level::Warning } else { Level::Error };
            let finding = self.finding(&written.at, &of_role[0].at, &written.name, message, level);
            out.extend(finding.map(|finding| Finding {
                expected: format!(
                    "Every {} is one of {}: {}.",
                    written.role.name(),
                    self.said.text.name,
                    listed(&names)
                ),
                ..finding.help("rename it, or say which array of the data it is: `key = \"...\"`")
            }));
        }
    }
}

const CAUSE: &str = "the model was changed and the spec was not, or the spec was written for another model";
const HELP: &str = "delete the line, so that the model decides; or name the model that it was written for";

fn is_index(declared: &Declaration) -> bool {
    let encoding: Option<&Declared<Encoding>> = declared.encoding.as_ref();
    encoding.is_none_or(|encoding| encoding.value == Encoding::Index)
}

fn axes(count: usize) -> String {
    format!("{count} {}", if count == 1 { "axis" } else { "axes" })
}

/// Whether the longer shape is the shorter one with a last axis of 1, which Keras adds and drops without a word.
fn is_trailing_one(short: &Shape, long: &Shape) -> bool {
    long.dims.len() == short.dims.len() + 1 && long.dims.last() == Some(&Dim::Fixed(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read::read;
    use crate::spec::Text;
    use crate::spec::import::{Model, Port};
    use crate::spec::model::combine;
    use crate::spec::parse::parse;

    const MODEL: &str = "framework = \"keras\"\n[batch]\nsize = 32\n[dims]\nT = { max = 64 }\n[inputs.image]\n\
        dtype = \"float32\"\nshape = [\"batch\", \"T\", \"*\", 3]\n[inputs.tokens]\ndtype = \"int32\"\nshape = [\"batch\", 16]\n\
        [targets.target]\nencoding = \"index\"\nclasses = 2\n";

    /// The findings about these lines, with their levels and the words that they point to.
    fn found(written: &str) -> Vec<String> {
        let port = |name: &str| Port { name: name.into(), ..Port::default() };
        let model = Model { inputs: vec![port("image"), port("tokens")], ..Model::default() };
        let text = |name: &str, body: &str| Text { name: name.into(), body: body.into() };
        let said = Said::new(&model, text("model.keras", MODEL)).unwrap();
        let parsed = parse(text("batchlint.toml", written), read(written, &[]).unwrap());
        assert_eq!(parsed.faults, [], "{written}");
        let spec = combine(parsed.spec, said);
        let mut out = Findings::default();
        assert_eq!(judge(&SpecCx { spec: &spec }, &mut out), Looked::Yes);
        let words = |finding: &Finding| {
            let Anchor::Spec(At::Text(span)) = &finding.anchor else { panic!("{finding:?}") };
            written[span.clone()].to_owned()
        };
        out.take()
            .into_iter()
            .map(|finding| format!("{} {}: {}", finding.level.unwrap(), words(&finding), finding.message))
            .collect()
    }

    #[test]
    fn lines_that_agree_and_lines_that_say_less_are_fine() {
        for written in [
            "",
            "[inputs.image]\ndtype = \"float32\"\nshape = [\"batch\", \"T\", \"W\", 3]\n",
            "[inputs.image]\ndtype = \"floating\"\nshape = [\"batch\", \"...\"]\n",
            "[inputs.image]\ndtype = [\"uint8\", \"float32\"]\nshape = [\"*\", 64, 640, \"1 | 3\"]\n",
            "[inputs.tokens]\ndtype = \"any\"\nshape = [4, \"S\"]\n",
            "[targets.label]\ndtype = \"int64\"\nclasses = 2\nencoding = \"index\"\nshape = [\"batch\", 1]\n",
            "[targets.label]\nencoding = \"binary\"\n",
            "[batch]\nsize = 32\n[weights.w]\nshape = [\"batch\"]\n",
        ] {
            assert_eq!(found(written), [""; 0], "{written}");
        }
    }

    #[test]
    fn a_line_that_no_data_can_satisfy_beside_the_model_is_an_error() {
        for (written, expected) in [
            (
                "[inputs.tokens]\ndtype = \"float32\"\n",
                "error \"float32\": input `tokens` is declared as float32, and the model takes int32",
            ),
            (
                "[inputs.image]\nshape = [\"batch\", 3, 32]\n",
                "error [\"batch\", 3, 32]: input `image` is declared with 3 axes, and the model takes 4",
            ),
            (
                "[inputs.image]\nshape = [\"batch\", 128, 32, 1]\n",
                "error [\"batch\", 128, 32, 1]: the shape of input `image` is not the model's: axis 1 is 128 where the model has \
                 at most 64 and axis 3 is 1 where the model has 3",
            ),
            ("[targets.y]\nclasses = 3\n", "error 3: target `y` is declared with 3 classes, and the model has 2"),
            (
                "[targets.y]\nencoding = \"one-hot\"\n",
                "error \"one-hot\": the encoding of target `y` is not what the loss of the model takes",
            ),
            ("[inputs.img]\n[inputs.tokens]\n", "error [inputs.img]: the model has no input `img`"),
        ] {
            assert_eq!(found(written), [expected], "{written}");
        }
    }

    #[test]
    fn what_trains_all_the_same_is_a_warning() {
        for (written, expected) in [
            (
                "[inputs.image]\ndtype = \"uint8\"\n",
                "warning \"uint8\": input `image` is declared as uint8, and the model takes float32",
            ),
            ("[batch]\nsize = 8\n", "warning 8: batches are declared with 8 rows, and the model is built for 32"),
            (
                "[inputs.tokens]\nshape = [\"batch\", 16, 1]\n",
                "warning [\"batch\", 16, 1]: input `tokens` is declared with 3 axes, and the model takes 2",
            ),
            (
                "[inputs.image]\n[inputs.tokens]\n[inputs.more]\n",
                "warning [inputs.more]: the model has no input `more`",
            ),
        ] {
            assert_eq!(found(written), [expected], "{written}");
        }
    }
}
