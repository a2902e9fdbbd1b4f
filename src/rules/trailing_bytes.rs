//! More bytes than the arrays ask for.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::diagnostic::{Finding, Level, quantity};
use crate::source::fault::{Fault, FaultKind, Trailing};

pub(super) static RULE: Rule = Rule {
    id: "trailing-bytes",
    group: Group::Source,
    level: Level::Warning,
    finds: "bytes or further arrays behind an array, which `np.load` does not see",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/trailing-bytes.md"),
    judge: Judge::Source(judge),
};

const ENDS: &str = "The file ends with the array.";

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| match &fault.kind {
        FaultKind::Trailing(trailing) => Some(describe(cx, fault, trailing)),
        _ => None,
    });
    Looked::Yes
}

fn describe(cx: &SourceCx<'_>, fault: &Fault, trailing: &Trailing) -> Finding {
    match trailing {
        Trailing::Bytes { bytes, rows: Some(rows), by_directory } => {
            let rows = if *rows == 1 { "1 row".into() } else { format!("{rows} rows") };
            let detail = format!("{}, {rows}{}", quantity::exact_bytes(*bytes), source(*by_directory));
            cx.finding(
                fault,
                detail,
                "whole rows follow the array that its \
                 shape does not count",
                ENDS,
                "whole rows behind the array",
            )
            .cause("rows were appended to the file without raising the first size in its header")
            .consequence("`np.load` reads as many rows as the shape says, and the others are lost without a word")
            .help(
                "write the whole array again; `np.lib.format.open_memmap` and the `npy-append-array` package \
                 keep the shape right",
            )
        }
        Trailing::Bytes { bytes, rows: None, by_directory } => {
            let detail = format!("{}{}", quantity::exact_bytes(*bytes), source(*by_directory));
            cx.finding(fault, detail, "bytes follow the array", ENDS, "bytes behind the array")
                .cause("something was appended, or a shorter array was written over a longer one")
                .consequence("`np.load` ignores them")
        }
        Trailing::Arrays { following } => {
            let detail = if *following == 1 { "1 more".into() } else { format!("{following} more") };
            cx.finding(fault, detail, "more arrays follow the first", ENDS, "arrays behind the first")
                .cause("`np.save` was called more than once with one open file")
                .consequence("`np.load(path)` reads the first array only, without a word about the others")
                .help(
                    "call `np.load(f)` again and again on one open file, as it was written; or `np.savez` under \
                     one name each",
                )
        }
        Trailing::TooManyArrays { limit } => cx.finding(
            fault,
            format!("{limit} read"),
            "more arrays follow than are read",
            ENDS,
            "arrays behind those that were read",
        ),
        Trailing::OutsideArchive { before, between, after } => {
            let parts = [(before, "in front"), (between, "before the directory"), (after, "at the end")];
            let parts: Vec<String> = parts
                .iter()
                .filter(|(bytes, _)| **bytes > 0)
                .map(|(bytes, place)| format!("{} {place}", quantity::exact_bytes(**bytes)))
                .collect();
            cx.finding(
                fault,
                parts.join(", "),
                "bytes of the archive belong to no member",
                "Every byte of the archive belongs to a member or to its directory.",
                "bytes outside the archive",
            )
            .cause("two archives were joined, one was written over another, or something was appended")
            .consequence("`np.load` ignores them, and whatever arrays they hold")
        }
    }
}

fn source(by_directory: bool) -> &'static str {
    if by_directory { " by the archive's directory" } else { "" }
}
