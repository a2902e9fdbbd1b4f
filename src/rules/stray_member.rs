//! Members that do not belong into an archive of arrays.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::diagnostic::{Finding, Level, quantity};
use crate::source::fault::{Fault, FaultKind, Looks, Stray, Unsafe};

pub(super) static RULE: Rule = Rule {
    id: "stray-member",
    group: Group::Source,
    level: Level::Note,
    finds: "members that are no arrays, or whose names are unsafe",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/stray-member.md"),
    judge: Judge::Source(judge),
};

const ARRAYS: &str = "Every member of the archive is an array.";
const SAFE: &str = "A member's name can be unpacked and printed anywhere.";

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| match &fault.kind {
        FaultKind::Stray(stray) => Some(describe(cx, fault, stray)),
        _ => None,
    });
    Looked::Yes
}

fn describe(cx: &SourceCx<'_>, fault: &Fault, stray: &Stray) -> Finding {
    match stray {
        Stray::NotAnArray { bytes, looks } => {
            let what = match looks {
                _ if *bytes == 0 => "empty".into(),
                Looks::Text | Looks::Json | Looks::Html | Looks::LfsPointer => {
                    format!("{} of text", quantity::exact_bytes(*bytes))
                }
                Looks::TextModeNpy | Looks::DamagedMagic => {
                    format!("{} with a damaged start", quantity::exact_bytes(*bytes))
                }
                _ => quantity::exact_bytes(*bytes),
            };
            cx.finding(fault, what, "member is named .npy, and is no array", ARRAYS, "other bytes")
                .level(Level::Error)
                .cause("the writer was stopped, or something else was put into the archive under that name")
                .consequence("`np.load` gives its raw bytes in place of an array, without a word")
                .help("write the archive again; `zip -d file.npz NAME` removes a member")
        }
        Stray::MacOs => cx
            .finding(fault, "", "member is macOS metadata", ARRAYS, "what macOS leaves beside a file")
            .level(Level::Warning)
            .cause("the archive was packed by the macOS Finder")
            .consequence("it is a key of the archive like any other, and `np.load` gives its raw bytes")
            .help("`zip -d file.npz '__MACOSX/*' '*.DS_Store'` removes it"),
        Stray::Folder => cx
            .finding(fault, "", "member is a folder", ARRAYS, "an entry without data")
            .consequence("it is a key of the archive like any other, and `np.load` gives no bytes for it"),
        Stray::OtherFile => cx
            .finding(fault, "", "member is no array, and was skipped", ARRAYS, "another file")
            .consequence("it is a key of the archive like any other, and `np.load` gives its raw bytes"),
        Stray::Name(why) => {
            let (message, consequence) = match why {
                Unsafe::Parent => {
                    ("member name climbs out of its folder", "unpacked carelessly, it overwrites files elsewhere")
                }
                Unsafe::Absolute => {
                    ("member name is an absolute path", "unpacked carelessly, it overwrites files elsewhere")
                }
                Unsafe::Backslash => {
                    ("member name holds a backslash", "it is a folder on Windows, and part of the name elsewhere")
                }
                Unsafe::Nul => ("member name holds a NUL", "Python cuts the name there; other programs do not"),
                Unsafe::Control => {
                    ("member name holds control characters", "printed as it is, it can change what a terminal shows")
                }
                Unsafe::Empty => ("member has no name", "its key is the empty string"),
                Unsafe::Long => ("member name is longer than a file name can be", "it cannot be unpacked"),
            };
            cx.finding(fault, "", message, SAFE, "an unsafe name")
                .level(Level::Warning)
                .consequence(consequence)
                .help("save it under another name")
        }
    }
}
