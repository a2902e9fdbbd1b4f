//! `len()` and the batches that came.

use super::context::batch_unit;
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx, plan};
use crate::diagnostic::{Anchor, Finding, Level, Unit};
use crate::source::text::shown;
use crate::spec::Framework;

pub(super) static RULE: Rule = Rule {
    id: "wrong-length",
    group: Group::Plan,
    level: Level::Error,
    finds: "a `len()` that is not the number of batches that come",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/wrong-length.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let Some(capture) = cx.stream.capture else { return Looked::No };
    let Some(says) = capture.hello.len else { return Looked::No };
    let came = cx.stream.batches.len() as u64;
    if came < says
        && let Some(unable) = plan::unfinished(cx.stream)
    {
        return unable;
    }
    if came == says {
        return match plan::unfinished(cx.stream) {
            Some(unable) => unable,
            None => Looked::Yes,
        };
    }
    let class = shown(&capture.hello.class, 80);
    let batches = |n: u64| Unit::Batch.counted(n);
    let expected = format!("`len()` says {says}: so many batches come.");
    let keras = cx.spec.framework() == Framework::Keras;
    let finding = if came < says {
        Finding::new(Anchor::Data, "", "fewer batches come than `len()` says", expected, format!("{} only", batches(came)))
            .cause("`__len__` counts samples instead of batches, rounds up where the batches are rounded down, or some items are skipped")
            .consequence(if keras {
                "keras plans its steps with `len()`, then warns `Your input ran out of data; interrupting training`"
            } else {
                "progress bars and learning rate schedules are planned with `len()`, and the epoch ends before them"
            })
    } else {
        let more = if cx.stream.is_whole() { "" } else { " at least" };
        Finding::new(Anchor::Data, "", "more batches come than `len()` says", expected, format!("{}{more}", batches(came)))
            .cause("`__len__` rounds down where the last, short batch comes too, or it was written for another batch size")
            .consequence(if keras {
                "keras stops after `len()` batches: the rest is never trained on, and nothing says so"
            } else {
                "whoever takes `len()` batches leaves the rest out; torch warns `Length of IterableDataset ... was reported to be ...`"
            })
    };
    out.push(finding.counted(Vec::new(), says.abs_diff(came), says.max(came), batch_unit(cx.spec)).help(format!(
        "make `__len__` of `{class}` count what comes: `math.ceil(n / size)` batches, with the short one"
    )));
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::source::capture::facts::Reason;
    use crate::spec::Framework;

    const BATCH: &str = "(float32[8, 4], int64[8])";

    fn five(len: u64) -> World {
        World::new(Framework::Keras).live(&[BATCH; 5]).program(|capture| capture.hello.len = Some(len))
    }

    #[test]
    fn both_ways_are_found() {
        let found = five(8).judge(&RULE);
        assert_eq!((&*found[0].message, &*found[0].found), ("fewer batches come than `len()` says", "5 batches only"));
        let found = five(4).judge(&RULE);
        assert_eq!((&*found[0].message, &*found[0].found), ("more batches come than `len()` says", "5 batches"));
        assert_eq!((five(5).judge(&RULE).len(), five(5).looked(&RULE)), (0, vec![Looked::Yes]));
    }

    #[test]
    fn a_program_that_was_stopped_can_only_show_too_many() {
        for len in [5, 8] {
            let world = five(len).ended(Reason::Limit);
            assert!(world.judge(&RULE).is_empty());
            assert!(matches!(world.looked(&RULE).as_slice(), [Looked::Unable(_)]));
        }
        assert_eq!(five(4).ended(Reason::Limit).judge(&RULE)[0].found, "5 batches at least");
    }

    #[test]
    fn without_a_length_there_is_nothing_to_compare() {
        assert_eq!(World::new(Framework::Keras).live(&[BATCH]).looked(&RULE), [Looked::No]);
        assert_eq!(World::new(Framework::Keras).batch(&["x: float32[2]"]).looked(&RULE), [Looked::No]);
    }
}
