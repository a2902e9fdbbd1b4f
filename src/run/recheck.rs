//! A repaired file, before it takes the place of the old one: what was repaired must be gone, and nothing new may come.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::gather::{Looking, look};
use super::judge::judge;
use crate::config::{Level, Selection, Settings};
use crate::facts::Facts;
use crate::rules::RULES;
use crate::source::text::shown;
use crate::source::{Progress, SourceFacts, Target};
use crate::spec::Spec;
use crate::values::Wants;
use crate::verdict::select::Rules;

/// What is judged, and how.
pub(super) struct Recheck<'r> {
    spec: &'r Spec,
    settings: &'r Settings,
    rules: Rules,
    wants: Wants,
    /// Whether values may become infinite, since somebody said so.
    lossy: bool,
}

/// What a rule says of an array: the rule, the subject, the message.
type Told = BTreeSet<(&'static str, String, String)>;

impl<'r> Recheck<'r> {
    /// With all rules that one file alone answers for, whatever the user selected.
    pub(super) fn new(spec: &'r Spec, settings: &'r Settings, lossy: bool) -> Option<Self> {
        let select: Vec<String> =
            RULES.iter().filter(|rule| rule.stands_alone()).map(|rule| rule.id.to_owned()).collect();
        let rules = Rules::new(&Selection { select, ..Selection::default() }).ok()?;
        let wants = rules.all().iter().fold(Wants::NOTHING, |wants, active| wants.or(active.rule.needs.values));
        Some(Self { spec, settings, rules, wants, lossy })
    }

    /// What there is to say of a file that was looked at.
    pub(super) fn before(&self, source: &SourceFacts) -> Told {
        self.told(&Facts::new(vec![source.clone()]))
    }

    /// Looks at the file that stands at `open` and will be called `path`. `repaired` are the rules whose faults should be
    /// gone. The error is a sentence without a full stop, safe to show.
    pub(super) fn after(
        &self,
        before: &Told,
        repaired: &BTreeSet<&'static str>,
        (path, root, open): (&Path, &Arc<str>, &Path),
    ) -> Result<(), String> {
        let target = Target::ahead(path, root, open);
        let looking = Looking { wants: self.wants, all: false, enough: None };
        let target = std::slice::from_ref(&target);
        let facts =
            look(target, self.spec, looking, self.settings, &Progress::default()).map_err(|error| error.to_string())?;
        for (rule, _, message) in self.told(&facts) {
            let known = before.iter().any(|(known, _, text)| *known == rule && *text == message);
            if known && repaired.contains(rule) {
                return Err(format!("the repaired file would still have the fault `{rule}`: {}", shown(&message, 200)));
            }
            // The cast that was accepted makes them.
            let accepted = self.lossy && rule == "non-finite-values";
            if !known && !accepted {
                return Err(format!("the repaired file would have the fault `{rule}`: {}", shown(&message, 200)));
            }
        }
        Ok(())
    }

    fn told(&self, facts: &Facts) -> Told {
        let settings = Settings { facts: Vec::new(), ..self.settings.clone() };
        let report = judge(self.spec, facts, &self.rules, &BTreeSet::new(), Level::Error, None, &settings);
        let loud = report.diagnostics.into_iter().filter(|diagnostic| diagnostic.level > Level::Note);
        loud.map(|diagnostic| (diagnostic.rule, diagnostic.finding.subject, diagnostic.finding.message)).collect()
    }
}
