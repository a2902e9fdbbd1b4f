//! What is inflated of compressed members, and which are not read at all because a limit would be passed. That is told before
//! anything is read, so that it does not depend on who reads first.

use std::sync::Arc;

use super::read::data_bytes;
use super::{ArrayFacts, Question, Reading, SourceFacts, Stored};
use crate::config::limits::{Limit, Limits};
use crate::values::Unread;

/// What inflates to more than this, and to a large multiple of what is stored, is looked at with suspicion.
const SUSPICIOUS: u64 = 256 << 20;
/// Bytes behind the array of a suspicious member that are still inflated.
const EXCESS: u64 = 16 << 20;
/// How many times its stored bytes a deflated member can inflate to.
const DEFLATE: u64 = 1032;

/// Bytes that are inflated of a member at most, whose array needs so many of them. `None` for a bomb: what asks for more
/// than the limit on members of such a ratio.
pub(super) fn most(member: Stored, needed: u64, limits: &Limits) -> Option<u64> {
    let suspicious = member.declared > SUSPICIOUS.min(limits.bomb_bytes)
        && member.declared / member.stored.max(1) >= limits.bomb_ratio;
    if !suspicious {
        return Some(member.declared);
    }
    (needed <= limits.bomb_bytes).then(|| member.declared.min(needed.saturating_add(EXCESS)))
}

/// Takes out the questions about members that are not to be inflated: those beyond the limit on one of them, those behind
/// the first that passes the limit on all, and those whose archive asks for more than deflate can make of its bytes, as
/// members do that share them. Their values are [`Reading::Unread`], with the reason.
pub fn within(sources: &mut [SourceFacts], questions: &mut [Vec<Question>], limits: &Limits) {
    let mut left = Some(limits.run_bytes);
    for (source, questions) in sources.iter_mut().zip(questions) {
        let (size, arrays) = (source.size, &mut source.arrays);
        let mut room = size.saturating_mul(DEFLATE);
        questions.retain(|question| {
            let Some(array) = arrays.get_mut(question.array) else { return true };
            let Some(cost) = cost(array, size, limits) else { return true };
            let (member, run) = (limits.member_bytes, limits.run_bytes);
            let why = if array.location.member.is_some_and(|stored| stored.declared > member) {
                Unread::Limit { limit: Limit::MemberBytes, value: member }
            } else if cost > room {
                Unread::Bomb
            } else if let Some(rest) = left.and_then(|left| left.checked_sub(cost)) {
                left = Some(rest);
                room -= cost;
                return true;
            } else {
                left = None;
                Unread::Limit { limit: Limit::RunBytes, value: run }
            };
            array.reading = Some(Arc::new(Reading::Unread(why)));
            false
        });
    }
}

/// Bytes that come out of the member of an array at most; `None` where nothing is inflated.
fn cost(array: &ArrayFacts, size: u64, limits: &Limits) -> Option<u64> {
    let member = array.location.member.filter(|member| member.deflated)?;
    let needed = array.location.header.saturating_add(data_bytes(array, size));
    Some(most(member, needed, limits)?.min(member.stored.saturating_mul(DEFLATE)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Header, Location, SourceKind};
    use crate::spec::dtype::Dtype;
    use crate::values::Wants;

    const DECLARED: u64 = 1_000_000;

    /// An archive of deflated members that are stored in so many bytes each.
    fn archive(size: u64, stored: &[u64]) -> SourceFacts {
        let header = Header { dtype: Dtype::from_name("uint8").unwrap(), shape: vec![DECLARED - 128], fortran: false };
        let array = |stored: &u64| ArrayFacts {
            key: "x".into(),
            member: Some("x.npy".into()),
            ordinal: 0,
            header: Arc::new(header.clone()),
            reading: None,
            location: Location {
                start: 0,
                header: 128,
                member: Some(Stored { stored: *stored, declared: DECLARED, crc: 0, deflated: true }),
                digest: 0,
            },
            leaf: None,
        };
        SourceFacts {
            path: "a.npz".into(),
            root: "".into(),
            kind: SourceKind::Npz,
            size,
            arrays: stored.iter().map(array).collect(),
            faults: Vec::new(),
            yielded: None,
            small: crate::source::Small::default(),
        }
    }

    /// Which arrays are left out of which source, and why.
    fn left_out(mut sources: Vec<SourceFacts>, limits: &Limits) -> Vec<(usize, usize, Unread)> {
        let question = |array| Question { array, wants: Wants::NUMBERS, asks: Arc::default() };
        let mut questions: Vec<Vec<Question>> =
            sources.iter().map(|source| (0..source.arrays.len()).map(question).collect()).collect();
        within(&mut sources, &mut questions, limits);
        let mut out = Vec::new();
        for (at, source) in sources.iter().enumerate() {
            for (array, facts) in source.arrays.iter().enumerate() {
                let asked = questions[at].iter().any(|question| question.array == array);
                match facts.reading.as_deref() {
                    Some(Reading::Unread(why)) => out.push((at, array, why.clone())),
                    _ => assert!(asked, "{at} {array} is neither read nor told"),
                }
            }
        }
        out
    }

    #[test]
    fn honest_archives_are_read_whatever_their_size() {
        let honest = || vec![archive(600_000, &[250_000, 250_000]), archive(3_000, &[970, 970])];
        assert_eq!(left_out(honest(), &Limits::default()), []);
    }

    #[test]
    fn members_that_share_their_bytes_are_read_as_often_as_deflate_allows() {
        let shared = vec![archive(1_100, &[970, 970, 970]), archive(3_000, &[970])];
        assert_eq!(left_out(shared, &Limits::default()), [(0, 1, Unread::Bomb), (0, 2, Unread::Bomb)]);
    }

    #[test]
    fn what_is_behind_the_limit_on_the_run_is_left_out() {
        let limits = Limits { run_bytes: 2 * DECLARED, ..Limits::default() };
        let why = || Unread::Limit { limit: Limit::RunBytes, value: 2 * DECLARED };
        let archives = vec![archive(600_000, &[250_000]), archive(900_000, &[250_000, 250_000, 250_000])];
        assert_eq!(left_out(archives, &limits), [(1, 1, why()), (1, 2, why())]);
    }

    #[test]
    fn a_member_beyond_its_limit_takes_nothing_from_the_others() {
        let limits = Limits { member_bytes: DECLARED - 1, run_bytes: 1, ..Limits::default() };
        let why = Unread::Limit { limit: Limit::MemberBytes, value: DECLARED - 1 };
        assert_eq!(left_out(vec![archive(600_000, &[250_000])], &limits), [(0, 0, why)]);
    }

    #[test]
    fn only_what_shrinks_beyond_measure_is_a_bomb() {
        let member = |stored, declared| Stored { stored, declared, crc: 0, deflated: true };
        let most = |stored, declared, needed| most(member(stored, declared), needed, &Limits::default());
        assert_eq!(most(1 << 30, 100 << 30, 100 << 30), Some(100 << 30));
        assert_eq!(most(1 << 20, 1 << 30, 1 << 30), Some(1 << 30));
        assert_eq!(most(1 << 20, 1 << 30, 100), Some(100 + EXCESS));
        assert_eq!(most(8 << 20, 8 << 30, 8 << 30), None);
    }
}
