//! A batch with more rows than declared, or more bytes than the memory limit.

use super::plan;
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Finding, Level, Place, Unit};
use crate::facts::group;

pub(super) static RULE: Rule = Rule {
    id: "oversize-batch",
    group: Group::Plan,
    level: Level::Error,
    finds: "a batch with more rows than declared, or more bytes than the memory limit",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/oversize-batch.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    if cx.spec.unit != crate::spec::Unit::Batch {
        return Looked::No;
    }
    let by_rows = rows(cx, out);
    let by_bytes = bytes(cx, out);
    if by_rows || by_bytes { Looked::Yes } else { Looked::No }
}

fn rows(cx: &StreamCx<'_>, out: &mut Findings) -> bool {
    let Some(size) = &cx.spec.plan.size else { return false };
    let Some(max) = size.value.max else { return false };
    let large: Vec<usize> = (0..cx.stream.batches.len())
        .filter(|index| cx.stream.batches[*index].rows.is_some_and(|rows| rows > max))
        .filter(|index| plan::whole(cx.spec, cx.stream, &cx.stream.batches[*index]).is_none())
        .collect();
    let sizes = large.iter().filter_map(|index| cx.stream.batches[*index].rows);
    if let (Some(least), Some(most)) = (sizes.clone().min(), sizes.max()) {
        let found = if least == most { format!("{most} rows") } else { format!("{least} to {most} rows") };
        out.push(
            Finding::new(
                plan::anchor(Some(size)),
                "",
                "a batch has more rows than declared",
                format!("A batch holds {}.", plan::rows(size.value)),
                found,
            )
            .counted(
                large.iter().map(|index| plan::sized_place(cx.stream, *index)).collect(),
                large.len() as u64,
                cx.stream.batches.len() as u64,
                Unit::Batch,
            )
            .cause("it was made with another batch size, or `batch_size` is applied to data that is batched already")
            .consequence("memory is sized for the declared batch: out of memory in the middle of an epoch, or another step count and learning rate than planned")
            .help("make batches of the declared size, or declare the size that is meant"),
        );
    }
    true
}

fn bytes(cx: &StreamCx<'_>, out: &mut Findings) -> bool {
    let Some(memory) = &cx.spec.plan.memory else { return false };
    let mut found: Option<(u64, Vec<Place>)> = None;
    for alike in group::alike(cx.stream) {
        let sizes =
            alike.arrays.iter().map(|(column, cell)| {
                let header = cell.header();
                let declared =
                    cx.stream.columns[*column].declared.and_then(|index| cx.spec.arrays[index].dtype.as_ref());
                let cast = declared.and_then(|declared| {
                    if declared.value.allows(&header.dtype) { None } else { declared.value.preferred() }
                });
                header.elements().saturating_mul(cast.map_or(header.dtype.size, |dtype| dtype.size))
            });
        let total = sizes.fold(0, u64::saturating_add);
        let (most, places) = found.get_or_insert((0, Vec::new()));
        if total > memory.value {
            *most = total.max(*most);
            places.extend(
                alike
                    .batches
                    .iter()
                    .map(|batch| super::context::batch_place(cx.stream, *batch).detail(format!("{total} bytes"))),
            );
        }
    }
    if let Some((most, mut places)) = found.filter(|(most, _)| *most > 0) {
        places.sort_by_key(|place| place.batch);
        let count = places.len() as u64;
        out.push(
            Finding::new(
                plan::anchor(Some(memory)),
                "",
                "a batch takes more memory than allowed",
                format!("A batch takes at most {} bytes after the cast to the declared dtypes.", memory.value),
                format!("up to {most} bytes"),
            )
            .counted(places, count, cx.stream.batches.len() as u64, Unit::Batch)
            .cause("too many rows per batch for samples of this size")
            .consequence("out of memory at that batch, on the device or on the host")
            .help("fewer rows per batch, smaller samples, or a narrower dtype"),
        );
    }
    true
}
