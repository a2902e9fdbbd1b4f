//! Saved facts in the place of data: what is asked of the data is looked up in what was noted. What a run over the data
//! would not have looked at is left out, so that both are judged alike; what was not noted is [`Unread::NotSaved`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Facts;
use crate::source::{ArrayFacts, Question, Reading, SourceFacts};
use crate::values::{Unread, Wants};

/// The facts with what the questions ask for, one list per source as [`super::asks::questions`] gives them. The values
/// of arrays with more bytes than `limit` are left out.
#[must_use]
pub fn recall(mut facts: Facts, questions: &[Vec<Question>], limit: Option<u64>) -> Facts {
    let mut sources = std::mem::take(&mut facts.sources);
    for (source, questions) in sources.iter_mut().zip(questions) {
        answer(source, questions, limit);
    }
    facts.with(sources)
}

fn answer(source: &mut SourceFacts, questions: &[Question], limit: Option<u64>) {
    for (index, array) in source.arrays.iter_mut().enumerate() {
        let question = questions.iter().find(|question| question.array == index);
        array.reading = question.and_then(|question| reading(array, question, limit));
    }
}

/// The same of all sources but those with the paths, which are read anew: to the others no question is left.
#[must_use]
pub fn recall_but(facts: Facts, questions: &mut [Vec<Question>], limit: Option<u64>, fresh: &BTreeSet<&str>) -> Facts {
    let mut sources = facts.into_sources();
    for (source, questions) in sources.iter_mut().zip(questions) {
        if !fresh.contains(&*source.path) {
            answer(source, questions, limit);
            questions.clear();
        }
    }
    Facts::new(sources)
}

/// The facts of a run that reads headers only.
#[must_use]
pub fn headers(mut facts: Facts) -> Facts {
    let mut sources = std::mem::take(&mut facts.sources);
    for array in sources.iter_mut().flat_map(|source| &mut source.arrays) {
        array.reading = None;
    }
    facts.with(sources)
}

/// Whether everything that the questions ask of the source was noted, so that nothing of it need be read.
#[must_use]
pub fn covers(source: &SourceFacts, questions: &[Question]) -> bool {
    questions.iter().all(|question| {
        let array = source.arrays.get(question.array);
        match array.and_then(|array| Some((array, array.reading.as_deref()?))) {
            Some((array, Reading::Read(values))) => {
                let told = |ask| values.answer(ask).is_some() || values.deduced(ask).is_some();
                values.holds(question.wants, &array.header.layout()) && question.asks.iter().all(told)
            }
            Some((_, Reading::Unread(_))) => true,
            None => false,
        }
    })
}

fn reading(array: &ArrayFacts, question: &Question, limit: Option<u64>) -> Option<Arc<Reading>> {
    let bytes = array.header.bytes();
    let unread = |why| Some(Arc::new(Reading::Unread(why)));
    match array.reading.as_deref() {
        Some(Reading::Read(values)) => {
            if let Some(limit) = limit.filter(|limit| bytes > *limit) {
                return unread(Unread::TooLarge { bytes, limit });
            }
            if !values.holds(question.wants, &array.header.layout()) {
                return unread(Unread::NotSaved);
            }
            let mut values = values.clone().only(question.wants);
            let missing: Vec<_> = question.asks.iter().filter(|ask| values.answer(ask).is_none()).collect();
            let deduced: Vec<_> = missing.into_iter().filter_map(|ask| values.deduced(ask)).collect();
            values.answers.extend(deduced);
            Some(Arc::new(Reading::Read(Box::new(values))))
        }
        Some(Reading::Unread(why)) => unread(why.clone()),
        // Of a member that is read for its checksum alone, nothing is missed.
        None if question.wants == Wants::CHECKSUMS => None,
        None => unread(Unread::NotSaved),
    }
}
