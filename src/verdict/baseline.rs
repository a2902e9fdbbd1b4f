//! What was wrong already: counts per source, array and rule. No indices, so that the file says the same when rows move, and
//! changes by whole lines when something changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Finding;
use crate::error::Error;

/// The version of the file.
const VERSION: u32 = 1;

/// The name of the file where nothing else is said.
pub const NAME: &str = "batchlint-baseline.json";

/// One line of the file. What stands in no one file has an empty source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The path as reports show it.
    pub source: String,
    /// The array, or empty for the whole file.
    pub array: String,
    /// The rule's id.
    pub rule: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    source: String,
    array: String,
    rule: String,
    count: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    baseline: u32,
    findings: Vec<Line>,
}

/// How often each rule is broken where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<Key, u64>);

impl Baseline {
    /// Reads a file's text; `name` is how messages call it.
    pub fn read(name: &str, text: &str) -> Result<Self, Error> {
        let document: Document = serde_json::from_str(text).map_err(|error| {
            Error::plain(format!("{name} is no baseline: {error}; `batchlint baseline write` makes one"))
        })?;
        if document.baseline != VERSION {
            return Err(Error::plain(format!(
                "{name} is a baseline of version {}, this batchlint reads version {VERSION}",
                document.baseline
            )));
        }
        let mut counts = BTreeMap::new();
        for Line { source, array, rule, count } in document.findings {
            if count > 0 && counts.insert(Key { source, array, rule }, count).is_some() {
                return Err(Error::plain(format!("{name} is no baseline: two of its lines are about the same")));
            }
        }
        Ok(Self(counts))
    }

    /// The text of the file: sorted, one line for each count.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("{{\n  \"baseline\": {VERSION},\n  \"findings\": [");
        for (place, (key, count)) in self.0.iter().enumerate() {
            let Key { source, array, rule } = key.clone();
            let line = serde_json::to_string(&Line { source, array, rule, count: *count });
            let line = line.expect("texts and a number are JSON");
            let _ = write!(out, "{}\n    {line}", if place > 0 { "," } else { "" });
        }
        out.push_str(if self.0.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
        out
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file without what is gone: counts that are `over` are taken off, and so are lines of a source that is `lost`.
    #[must_use]
    pub fn pruned(&self, over: &Self, lost: impl Fn(&str) -> bool) -> Self {
        let left = |(key, count): (&Key, &u64)| {
            let left = count.saturating_sub(over.0.get(key).copied().unwrap_or_default());
            (left > 0 && !lost(&key.source)).then(|| (key.clone(), left))
        };
        Self(self.0.iter().filter_map(left).collect())
    }

    /// Adds what a rule found, all of its places at hand.
    pub(super) fn add(&mut self, rule: &str, finding: &Finding) {
        for key in keys(rule, finding) {
            *self.0.entry(key).or_default() += 1;
        }
        let rest = rest(finding);
        if rest > 0 {
            *self.0.entry(run(rule, finding)).or_default() += rest;
        }
    }

    /// Takes what is in here off a finding, all of its places at hand: what is left of it are the new places. Whether
    /// anything is left.
    pub(super) fn take(&mut self, rule: &str, finding: &mut Finding) -> bool {
        let mut known = 0;
        let mut keys = keys(rule, finding).into_iter();
        let places = std::mem::take(&mut finding.places);
        let rest = finding.count.saturating_sub(places.len() as u64);
        let (old, new): (Vec<_>, Vec<_>) =
            places.into_iter().partition(|_| keys.next().is_some_and(|key| self.spend(&key, 1) > 0));
        known += old.len() as u64;
        known += self.spend(&run(rule, finding), rest);
        let is_new = finding.count > known;
        // What is hidden as a whole stays as it was.
        (finding.places, finding.known) = if is_new { (new, known) } else { (old, 0) };
        is_new
    }

    /// What is left of it after everything was taken: of rules that looked, at sources that were looked at.
    pub(super) fn over(self, looked: impl Fn(&str) -> bool, sources: &BTreeSet<String>) -> Self {
        let is_over = |key: &Key| looked(&key.rule) && (key.source.is_empty() || sources.contains(&key.source));
        Self(self.0.into_iter().filter(|(key, count)| *count > 0 && is_over(key)).collect())
    }

    fn spend(&mut self, key: &Key, wanted: u64) -> u64 {
        let Some(left) = self.0.get_mut(key) else { return 0 };
        let spent = wanted.min(*left);
        *left -= spent;
        spent
    }
}

fn keys(rule: &str, finding: &Finding) -> Vec<Key> {
    let key = |place: &crate::diagnostic::Place| Key {
        source: place.source.clone(),
        array: place.array.clone().unwrap_or_default(),
        rule: rule.to_owned(),
    };
    finding.places.iter().map(key).collect()
}

/// How many there are beyond the places.
fn rest(finding: &Finding) -> u64 {
    finding.count.saturating_sub(finding.places.len() as u64)
}

/// What has no place of its own.
fn run(rule: &str, finding: &Finding) -> Key {
    Key { source: String::new(), array: finding.subject.clone(), rule: rule.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Anchor, Place, Unit};

    fn finding(sources: &[&str], count: u64) -> Finding {
        let places = sources.iter().map(|source| Place { array: Some("x".into()), ..Place::file(*source) }).collect();
        Finding::new(Anchor::Data, "x", "m", "e", "f").counted(places, count, 9, Unit::Batch)
    }

    fn baseline(findings: &[Finding]) -> Baseline {
        let mut baseline = Baseline::default();
        for finding in findings {
            baseline.add("r", finding);
        }
        baseline
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = baseline(&[finding(&["b", "a\"\n", "b"], 5)]);
        let text = written.text();
        assert_eq!(Baseline::read("f", &text).unwrap(), written);
        assert_eq!(text.lines().filter(|line| line.contains("\"rule\":\"r\"")).count(), 3);
        assert_eq!(Baseline::read("f", &Baseline::default().text()).unwrap(), Baseline::default());
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        let line = "{\"source\":\"a\",\"array\":\"\",\"rule\":\"r\",\"count\":1}";
        for text in [
            String::new(),
            "[]".into(),
            "{\"baseline\": 2, \"findings\": []}".into(),
            "{\"baseline\": 1, \"findings\": [{}]}".into(),
            format!("{{\"baseline\": 1, \"findings\": [{line}, {line}]}}"),
        ] {
            assert!(Baseline::read("f", &text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_is_new_is_left() {
        let mut known = baseline(&[finding(&["a", "b"], 3)]);
        let mut same = finding(&["a", "b"], 3);
        assert!(!known.clone().take("r", &mut same));
        assert_eq!(same, finding(&["a", "b"], 3));
        let mut more = finding(&["a", "b", "c"], 5);
        assert!(known.take("r", &mut more));
        assert_eq!((more.places.len(), more.places[0].source.as_str(), more.count, more.known), (1, "c", 5, 3));
        assert!(known.take("r", &mut finding(&["a"], 1)), "what was taken is taken once");
        assert!(baseline(&[finding(&["a"], 1)]).take("other", &mut finding(&["a"], 1)));
    }

    #[test]
    fn what_is_gone_is_pruned_and_what_was_not_looked_at_is_kept() {
        let old = baseline(&[finding(&["a", "b", "c", "gone"], 4)]);
        let mut left = old.clone();
        left.take("r", &mut finding(&["a"], 1));
        let over = left.over(|rule| rule == "r", &["a".to_owned(), "b".to_owned()].into());
        let pruned = old.pruned(&over, |source| source == "gone");
        let sources: Vec<&str> = pruned.0.keys().map(|key| key.source.as_str()).collect();
        assert_eq!(sources, ["a", "c"]);
    }
}
