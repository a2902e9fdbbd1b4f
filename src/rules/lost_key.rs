//! Keys that some samples lack.

use std::collections::BTreeMap;

use super::context::{batch_place, batch_unit};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Finding, Fix, Level, Place, python};
use crate::source::text::shown;

pub(super) static RULE: Rule = Rule {
    id: "lost-key",
    group: Group::Structure,
    level: Level::Error,
    finds: "a key that some samples lack, which is dropped when they are put together",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/lost-key.md"),
    judge: Judge::Stream(judge),
};

/// A key over all batches.
#[derive(Default)]
struct Lacking {
    samples: u64,
    of: u64,
    /// Whether the first sample of some batch lacks it.
    first: bool,
    places: Vec<Place>,
}

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    // What differs between samples is only told of programs whose items are samples.
    let Some(capture) = cx.stream.capture else { return Looked::No };
    let mut keys: BTreeMap<&str, Lacking> = BTreeMap::new();
    let mut seen = capture.hello.samples.is_some();
    for (index, batch) in cx.stream.batches.iter().enumerate() {
        let Some(samples) = batch.yielded.as_ref().and_then(|yielded| yielded.samples.as_ref()) else { continue };
        seen = true;
        for lost in &samples.lost {
            let key = keys.entry(&lost.key).or_default();
            key.samples += lost.missing;
            key.of += samples.count;
            key.first |= lost.first == 0;
            let detail = format!("{} of {} samples, from sample {} on", lost.missing, samples.count, lost.first);
            key.places.push(batch_place(cx.stream, index).detail(detail));
        }
    }
    for (name, lacking) in &keys {
        let (key, count) = (shown(name, 80), lacking.places.len() as u64);
        let variable = python::variable(name);
        out.push(
            Finding::new(
                Anchor::Data,
                *name,
                format!("some samples have no `{key}`"),
                "All samples of a batch have the same keys.",
                format!("{} of {} samples lack `{key}`", lacking.samples, lacking.of),
            )
            .counted(lacking.places.clone(), count, cx.stream.batches.len() as u64, batch_unit(cx.spec))
            .cause("the dataset adds the key only where there is something: a box, a mask, a caption")
            .consequence(if lacking.first {
                "torch's `default_collate` goes by the first sample: it drops the key for the whole batch, without a word, where \
                 the first lacks it"
                    .to_owned()
            } else {
                format!("torch's `default_collate` goes by the first sample, and stops at the first without it: `KeyError: '{key}'`")
            })
            .help("give every sample the key, with an empty value and a flag where there is nothing; or write a `collate_fn`")
            .fix(Fix::choice(format!("sample.setdefault(\"{variable}\", np.zeros(shape, np.float32))"))),
        );
    }
    if seen { Looked::Yes } else { Looked::No }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn torch() -> World {
        World::new(Framework::Torch).live(&["{a: float32[8, 4]}", "{a: float32[8, 4]}"])
    }

    #[test]
    fn a_key_that_the_first_sample_lacks_is_dropped_in_silence() {
        let found = torch().sampled(0, 8, &[], &[("mask", 3, 0)]).judge(&RULE);
        assert_eq!(
            (&*found[0].message, &*found[0].found),
            ("some samples have no `mask`", "3 of 8 samples lack `mask`")
        );
        assert_eq!((found[0].count, found[0].of), (1, 2));
        assert!(found[0].consequence.as_ref().unwrap().contains("without a word"));
        assert_eq!(found[0].places[0].detail.as_deref(), Some("3 of 8 samples, from sample 0 on"));
    }

    #[test]
    fn a_key_that_a_later_sample_lacks_stops_the_loader() {
        let found = torch().sampled(0, 8, &[], &[("mask", 3, 2)]).sampled(1, 8, &[], &[("mask", 1, 7)]).judge(&RULE);
        assert_eq!((found.len(), &*found[0].found), (1, "4 of 16 samples lack `mask`"));
        assert!(found[0].consequence.as_ref().unwrap().contains("KeyError: 'mask'"));
    }

    #[test]
    fn samples_that_are_alike_pass_and_batches_that_are_no_samples_are_not_looked_at() {
        assert_eq!(torch().looked(&RULE), [Looked::No]);
        let stacked = torch().program(|capture| capture.hello.samples = Some(8));
        assert_eq!((stacked.judge(&RULE).len(), stacked.looked(&RULE)), (0, vec![Looked::Yes]));
        assert_eq!(World::new(Framework::Torch).batch(&["x: float32[2]"]).looked(&RULE), [Looked::No]);
    }
}
