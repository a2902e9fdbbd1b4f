//! Values that are read until it is certain that the check fails: `--fail-fast`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::facts::Facts;
use crate::source::{Progress, Question, Reading, SourceFacts};
use crate::values::Unread;

/// Bytes of arrays that are read before anybody asks whether that is enough; after that four times as many, and so on.
const FIRST: u64 = 64 << 20;
const MORE: u64 = 4;

/// Reads values in rounds, in the order of the sources, until what is known is enough. Rounds do not depend on the number of
/// threads. What is left is [`Unread::Spared`].
pub(super) fn read_until(
    enough: &dyn Fn(&Facts) -> bool,
    facts: &mut Facts,
    questions: Vec<Vec<Question>>,
    progress: &Progress,
    read: impl Fn(&mut [SourceFacts], &[Vec<Question>]),
) {
    let spared = Arc::new(Reading::Unread(Unread::Spared));
    let mut total: u64 = 0;
    for (source, questions) in facts.sources_mut().iter_mut().zip(&questions) {
        for question in questions {
            let array = &mut source.arrays[question.array];
            array.reading = Some(Arc::clone(&spared));
            total = total.saturating_add(array.header.bytes());
        }
    }
    progress.total.store(total, Ordering::Relaxed);
    let mut left = questions;
    let mut size = FIRST;
    while left.iter().any(|questions| !questions.is_empty()) && !enough(facts) {
        let now = round(facts.sources(), &mut left, size);
        read(facts.sources_mut(), &now);
        size = size.saturating_mul(MORE);
    }
}

/// Takes the questions about the first arrays, of so many bytes in all, at least one.
fn round(sources: &[SourceFacts], left: &mut [Vec<Question>], size: u64) -> Vec<Vec<Question>> {
    let mut bytes: u64 = 0;
    let mut now = Vec::with_capacity(left.len());
    for (source, questions) in sources.iter().zip(left) {
        let fits = questions.iter().take_while(|question| {
            let fits = bytes < size;
            bytes = bytes.saturating_add(source.arrays[question.array].header.bytes());
            fits
        });
        let count = fits.count();
        let later = questions.split_off(count);
        now.push(std::mem::replace(questions, later));
    }
    now
}
