//! From faults of files to what is done to them.

use std::collections::BTreeMap;

use super::{Draft, Op, Trust};
use crate::diagnostic::quantity;
use crate::source::fault::{Duplicate, Stray, Trailing};
use crate::source::{ArrayFacts, Fault, FaultKind, FileFault, SourceFacts};
use crate::verdict::Report;

/// What the findings about files ask for. Which files a rule blames stands in the report: what an allow hides is left alone.
pub(super) fn drafts(report: &Report, sources: &[SourceFacts]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (number, diagnostic) in report.diagnostics.iter().enumerate() {
        let blamed: std::collections::BTreeSet<&str> =
            diagnostic.finding.places.iter().map(|place| place.source.as_str()).collect();
        // What loses nothing and what does are two repairs of one fault.
        let (mut safe, mut lossy): (Vec<Op>, Vec<Op>) = (Vec::new(), Vec::new());
        let (mut kept, mut lost) = (String::new(), Vec::new());
        for (index, source) in sources.iter().enumerate().filter(|(_, source)| blamed.contains(&*source.path)) {
            for fault in &source.faults {
                match mend(diagnostic.rule, &diagnostic.finding.message, index, source, fault) {
                    Some(Mend::Safe(ops, why)) => {
                        safe.extend(ops);
                        why.clone_into(&mut kept);
                    }
                    Some(Mend::Lossy(ops, what)) => {
                        lossy.extend(ops);
                        lost.push(what);
                    }
                    None => {}
                }
            }
        }
        if !safe.is_empty() {
            let trust = Trust::Lossless(kept);
            drafts.push(Draft { diagnostic: number, trust, ops: safe, refused: BTreeMap::new() });
        }
        if !lossy.is_empty() {
            let more = lost.len().saturating_sub(1);
            let first = lost.swap_remove(0);
            let text = if more == 0 { first } else { format!("{first}, and the like in {more} more") };
            drafts.push(Draft { diagnostic: number, trust: Trust::Lossy(text), ops: lossy, refused: BTreeMap::new() });
        }
    }
    drafts
}

enum Mend {
    Safe(Vec<Op>, &'static str),
    Lossy(Vec<Op>, String),
}

/// What mends a fault of a file, if the rule is the one that tells of it.
fn mend(rule: &str, message: &str, index: usize, source: &SourceFacts, fault: &Fault) -> Option<Mend> {
    match (rule, &fault.kind) {
        ("unreadable-source", FaultKind::File(FileFault::NpyNamedNpz)) => {
            Some(Mend::Safe(vec![Op::Extension { source: index, extension: "npy" }], "a new name changes no value"))
        }
        ("unreadable-source", FaultKind::File(FileFault::NpzNamedNpy)) => {
            Some(Mend::Safe(vec![Op::Extension { source: index, extension: "npz" }], "a new name changes no value"))
        }
        ("trailing-bytes", FaultKind::Trailing(trailing)) => match trailing {
            Trailing::Bytes { bytes, rows, .. } => {
                if message.starts_with("whole rows") != rows.is_some() || !message.contains("follow") {
                    return None;
                }
                let what = match rows {
                    Some(rows) => {
                        format!("{rows} rows that the shape does not count, {}", quantity::exact_bytes(*bytes))
                    }
                    None => format!("{} behind the array", quantity::exact_bytes(*bytes)),
                };
                let array = source
                    .arrays
                    .iter()
                    .position(|array| array.member == fault.member && array.ordinal == fault.ordinal)?;
                Some(Mend::Lossy(vec![Op::Cut { source: index, array: Some(array), bytes: *bytes }], what))
            }
            Trailing::Arrays { .. } if fault.member.is_none() && message.starts_with("more arrays follow the") => Some(
                Mend::Safe(vec![Op::Separate { source: index }], "each array keeps its bytes, in a file of its own"),
            ),
            Trailing::OutsideArchive { before, between, after } if message.contains("archive") => {
                let bytes = before + between + after;
                let what = format!("{} that belong to no member", quantity::exact_bytes(bytes));
                Some(Mend::Lossy(vec![Op::Cut { source: index, array: None, bytes }], what))
            }
            _ => None,
        },
        ("duplicate-member", FaultKind::Duplicate(Duplicate::Name { .. })) if message.contains("the same name") => {
            let member = fault.member.as_deref();
            let copies: Vec<(usize, &ArrayFacts)> =
                source.arrays.iter().enumerate().filter(|(_, array)| array.member.as_deref() == member).collect();
            let ((_, last), others) = copies.split_last()?;
            let leave = |copies: &[(usize, &ArrayFacts)]| {
                copies.iter().map(|(array, _)| Op::LeaveArray { source: index, array: *array }).collect()
            };
            if others.iter().all(|(_, other)| is_copy(other, last)) {
                // The first keeps its place among the members.
                return Some(Mend::Safe(leave(&copies[1..]), "the copies are equal: type, shape, size and checksum"));
            }
            let ops = leave(others);
            let what = format!("{} that `np.load` does not give", counted(others.len(), "array"));
            Some(Mend::Lossy(ops, what))
        }
        ("stray-member", FaultKind::Stray(stray)) => {
            let member = fault.member.clone()?;
            let op = |bytes: u64| vec![Op::LeaveMember { source: index, member: member.clone(), bytes }];
            let shown = crate::source::text::shown(&member, 80);
            match stray {
                Stray::MacOs if message.contains("macOS") => {
                    Some(Mend::Safe(op(0), "what macOS leaves beside files is no data"))
                }
                Stray::Folder if message.contains("folder") => Some(Mend::Safe(op(0), "a folder holds no data")),
                Stray::NotAnArray { bytes, .. } if message.contains("named .npy") => {
                    Some(Mend::Lossy(op(*bytes), format!("`{shown}`, which is no array")))
                }
                Stray::OtherFile if message.contains("skipped") => {
                    Some(Mend::Lossy(op(0), format!("`{shown}`, which is no array")))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether two members hold the same bytes, as far as the directory of their archive tells.
fn is_copy(a: &ArrayFacts, b: &ArrayFacts) -> bool {
    let (Some(first), Some(second)) = (a.location.member, b.location.member) else { return false };
    a.header == b.header && (first.declared, first.crc) == (second.declared, second.crc)
}

fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
