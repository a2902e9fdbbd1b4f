//! Text where numbers belong.

use std::collections::BTreeMap;

use super::context::{batch_unit, value_place};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::proof::{Proof, Scope};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Fix, Level, Place, python};
use crate::facts::Cell;
use crate::source::text::shown;
use crate::spec::Role;
use crate::spec::dtype::{Dtype, Kind};
use crate::spec::framework::{Clash, Given};
use crate::values::marked::value;
use crate::values::{REORDERED, Texts, Wants};

pub(super) static RULE: Rule = Rule {
    id: "string-dtype",
    group: Group::Dtype,
    level: Level::Error,
    finds: "text where numbers belong: whether it reads as numbers, or which labels there are",
    needs: Needs::HEADERS.values(Wants::CONTENTS),
    page: include_str!("../../docs/rules/string-dtype.md"),
    judge: Judge::Array(judge),
};

/// Labels that a repair spells out.
const SPELLED: usize = 12;
/// Labels that are listed.
const LISTED: usize = 8;

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    if !dtype::is_fed(cx) {
        return Looked::No;
    }
    if let Some(clash) = dtype::clash(cx).filter(|clash| clash.given == Given::Text) {
        let content = Content::of(dtype::column(cx));
        let mut finding = dtype::finding(cx, &clash.outcome(cx.framework()), "is text");
        finding.cause = Some(cause(cx, &content));
        finding.help = Some(help(cx, &clash, &content));
        finding.fix = fix(cx, &clash, &content);
        out.push(finding);
    }
    Looked::Yes
}

/// What the texts of all arrays of the name are, as far as they were read.
#[derive(Debug, Default)]
struct Content {
    count: u64,
    empty: u64,
    numeric: u64,
    /// The first that is neither empty nor a number, and where it stands.
    word: Option<(String, Place)>,
    /// Every distinct text with its count, where they are few and recur.
    labels: Option<BTreeMap<String, u64>>,
}

impl Content {
    fn of(cells: &[Cell<'_>]) -> Self {
        let mut content = Self { labels: Some(BTreeMap::new()), ..Self::default() };
        for cell in cells {
            let Some(texts) = texts(cell) else { continue };
            content.count += texts.count;
            content.empty += texts.empty;
            content.numeric += texts.numeric;
            if let Some((word, place)) = texts.first_word.as_ref().filter(|_| content.word.is_none()) {
                let layout = cell.header().layout();
                // Small arrays were put into C order before they were read.
                let flat = if cell.header().bytes() > REORDERED { layout.flat(*place) } else { *place };
                content.word = Some((word.clone(), value_place(cell, flat)));
            }
            match (&mut content.labels, &texts.labels) {
                (Some(known), Some(labels)) => {
                    for (label, count) in labels {
                        *known.entry(label.clone()).or_default() += count;
                    }
                }
                _ => content.labels = None,
            }
        }
        let few = |labels: &BTreeMap<String, u64>| labels.len() <= 256 && labels.len() as u64 * 2 <= content.count;
        content.labels = content.labels.take().filter(few);
        content
    }

    fn all_numbers(&self) -> bool {
        self.count > 0 && self.numeric == self.count
    }

    /// Whether the type has room for every number, where that is known.
    fn fits(&self, wanted: Option<&Dtype>) -> bool {
        let fits = |label: &str| match wanted.map(|wanted| (&wanted.kind, wanted.size)) {
            Some((Kind::Int, 4 | 8)) => label.parse::<i32>().is_ok(),
            Some((Kind::Int | Kind::Uint, _)) => label.parse::<i8>().is_ok_and(|value| value >= 0),
            None | Some((Kind::Float, 4 | 8)) => {
                label.parse::<f64>().is_ok_and(|value| !value.is_finite() || value.abs() <= f64::from(f32::MAX))
            }
            _ => false,
        };
        self.labels.as_ref().is_some_and(|labels| labels.keys().all(|label| fits(label.trim())))
    }

    /// Gaps and words in a column that otherwise reads as numbers.
    fn mostly_numbers(&self) -> bool {
        self.numeric * 2 > self.count && self.numeric < self.count
    }
}

fn texts<'f>(cell: &Cell<'f>) -> Option<&'f Texts> {
    cell.array.values().and_then(|values| values.texts.as_deref())
}

fn cause(cx: &ArrayCx<'_>, content: &Content) -> String {
    let target = cx.declared.is_some_and(|declared| declared.role == Role::Target);
    if content.all_numbers() {
        return format!("a column was read as text: all {} texts read as numbers", exact(content.count));
    }
    if content.mostly_numbers() {
        let others = content.count - content.numeric;
        let first = match &content.word {
            Some((word, place)) => format!("the first of the others is `{}` at {place}", value(shown(word, 40))),
            None => format!(
                "the other {} empty",
                if others == 1 { "one is".into() } else { format!("{} are", exact(others)) }
            ),
        };
        let numeric = exact(content.numeric);
        return format!(
            "a column was read as text because of a few that are no numbers: {numeric} of {} are; {first}",
            exact(content.count)
        );
    }
    let guess = match cx.declared {
        Some(_) if target => "class names were kept as they are, or a column was read as text",
        Some(_) => "a column was read as text, or words were not looked up in a vocabulary",
        None => "names, paths or a column that was read as text",
    };
    match (&content.labels, &content.word) {
        (Some(labels), Some(_)) => {
            let all: Vec<String> = labels
                .iter()
                .take(LISTED)
                .map(|(label, n)| format!("`{}` ({})", value(shown(label, 24)), exact(*n)))
                .collect();
            let more = labels.len().saturating_sub(LISTED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let (what, s) = (if target { "class name" } else { "text" }, if labels.len() == 1 { "" } else { "s" });
            format!("{guess}; there are {} different {what}{s}: {}{more}", labels.len(), all.join(", "))
        }
        (None, Some((word, place))) => format!("{guess}; the first is `{}` at {place}", value(shown(word, 40))),
        _ => guess.into(),
    }
}

fn help(cx: &ArrayCx<'_>, clash: &Clash, content: &Content) -> String {
    let x = python::variable(cx.name);
    let numbers = format!("numbers in text: `{x} = {x}.astype({})`", dtype::spelled(clash));
    if content.all_numbers() {
        return "make them numbers once, where the column is read".into();
    }
    if content.mostly_numbers() {
        return "make the others NaN, `pd.to_numeric(column, errors=\"coerce\")`, and fill them in or drop their rows; then cast".into();
    }
    match cx.declared.map(|declared| declared.role) {
        Some(Role::Target) => format!(
            "number the classes once, over the whole set: `classes, {x} = np.unique({x}, return_inverse=True)`; batch by batch \
             the same name would get different numbers"
        ),
        Some(_) if content.count > 0 => {
            "look the words up in the vocabulary, or number the categories once, over the whole set".into()
        }
        Some(_) => format!("{numbers}; words: look them up in the vocabulary"),
        None => format!("if a model gets it: {numbers}; otherwise declare what the model does get"),
    }
}

fn fix(cx: &ArrayCx<'_>, clash: &Clash, content: &Content) -> Option<Fix> {
    let x = python::variable(cx.name);
    let wanted = dtype::spelled(clash);
    if content.all_numbers() {
        let python = format!("{x} = {x}.astype({wanted})");
        let open =
            if content.fits(clash.wanted.as_ref()) { String::new() } else { format!("whether `{wanted}` keeps each") };
        return Some(Fix::new(python, fit(cx, "reads as a number".into(), open)));
    }
    // A number for each label, the same in all batches: only where all labels are known and can be spelled out.
    cx.declared?;
    let labels = content.labels.as_ref().filter(|labels| labels.len() <= SPELLED && labels.len() > 1)?;
    if content.numeric > 0 || !labels.keys().all(|label| is_plain(label)) {
        return None;
    }
    let b = if cx.header.dtype.kind == Kind::Bytes { "b" } else { "" };
    let list: Vec<String> = labels.keys().map(|label| format!("{b}\"{}\"", value(label))).collect();
    let python = format!("classes = [{}]\n{x} = np.searchsorted(classes, {x}).astype({wanted})", list.join(", "));
    Some(Fix::new(python, fit(cx, format!("is one of these {}", labels.len()), String::new())))
}

/// The proof over these arrays that each text is fit for the repair; what does not fit was looked for in all of them.
fn fit(cx: &ArrayCx<'_>, holds: String, open: String) -> Proof {
    let mut scope = Scope::new(batch_unit(cx.spec));
    for cell in cx.cells {
        match texts(cell) {
            Some(texts) => scope.read(texts.count),
            None => scope.unread(dtype::unread(cell).unwrap_or_else(|| "the texts were not read".into())),
        }
    }
    Proof::Fit { scope, noun: "text", holds, open }
}

/// Whether a label can stand in Python source and on a screen as it is. Only ASCII, whose order is the same everywhere.
fn is_plain(label: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '+');
    !label.trim().is_empty() && label.len() <= 24 && label.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Applicability;
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
        assert_eq!(found[0].fix, None, "nothing was read");
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

    #[test]
    fn numbers_in_text_are_cast() {
        let world = World::new(Framework::Torch)
            .input("x", "float32", "batch")
            .texts("x: <U5[4]", &["1.5", " 2", "1.5", "-3e2"])
            .texts("x: <U3[4]", &["1.5", "nan"]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].cause.as_ref().unwrap(), "a column was read as text: all 8 texts read as numbers");
        let joined = found[0].fix.clone().unwrap().join(found[1].fix.clone().unwrap()).unwrap();
        assert_eq!(joined.python, "x = x.astype(np.float32)");
        assert_eq!(joined.proof.applicability(), Applicability::Safe);
        assert_eq!(joined.proof.text(), "checked on all 8 texts of 2 batches: each reads as a number");
        for (texts, trust) in
            [(["1", "2", "1", "2"], Applicability::Safe), (["1", "2.5", "1", "2.5"], Applicability::Unverified)]
        {
            let world = World::new(Framework::Torch).target("y", "int64", "batch").texts("y: <U5[4]", &texts);
            let proof = world.judge(&RULE)[0].fix.as_ref().unwrap().proof.text();
            assert_eq!(
                proof.ends_with("; not looked at: whether `np.int64` keeps each"),
                trust == Applicability::Unverified
            );
            assert_eq!(world.judge(&RULE)[0].fix.as_ref().unwrap().proof.applicability(), trust);
        }
    }

    #[test]
    fn labels_get_the_same_number_in_all_batches() {
        let world = World::new(Framework::Torch)
            .target("label", "int64", "batch")
            .texts("label: <U4[4]", &["cat", "dog", "bird", "cat"])
            .texts("label: <U4[2]", &["dog"]);
        let found = world.judge(&RULE);
        let fix = found[1].fix.as_ref().unwrap();
        assert_eq!(
            fix.python,
            "classes = [\"bird\", \"cat\", \"dog\"]\nlabel = np.searchsorted(classes, label).astype(np.int64)"
        );
        assert_eq!(fix.proof.text(), "checked on all 2 texts of 1 batch: each is one of these 3");
        let cause = found[0].cause.as_ref().unwrap();
        assert!(cause.ends_with("3 different class names: `bird` (1), `cat` (2), `dog` (3)"), "{cause}");
    }

    #[test]
    fn what_could_speak_to_python_or_the_terminal_is_not_spelled_out() {
        for odd in ["a\"]; x", "a\\", "\u{1b}[31m", "dög", ""] {
            let world = World::new(Framework::Torch)
                .target("y", "int64", "batch")
                .texts("y: <U9[4]", &[odd, "cat", odd, "cat"]);
            let found = world.judge(&RULE);
            assert_eq!(found[0].fix, None, "{odd}");
            assert!(!found[0].cause.as_ref().unwrap().contains('\u{1b}'));
        }
    }

    #[test]
    fn the_first_that_is_no_number_is_shown() {
        let world = World::new(Framework::Keras)
            .input("x", "float32", "batch")
            .texts("x: <U4[2, 3]", &["1", "2", "3", "4", "N/A", "6"]);
        let cause = world.judge(&RULE)[0].cause.clone().unwrap();
        assert!(
            cause.ends_with("5 of 6 are; the first of the others is `N/A` at dump/batch_000.npz::x[1, 1]"),
            "{cause}"
        );
        assert!(world.judge(&RULE)[0].help.as_ref().unwrap().contains("errors=\"coerce\""));
    }
}
