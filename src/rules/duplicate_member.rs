//! Members that a program cannot tell apart.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::diagnostic::Level;
use crate::source::SourceFacts;
use crate::source::fault::{Duplicate, FaultKind};
use crate::source::text::shown;

pub(super) static RULE: Rule = Rule {
    id: "duplicate-member",
    group: Group::Source,
    level: Level::Error,
    finds: "members of an archive that answer to one key",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/duplicate-member.md"),
    judge: Judge::Source(judge),
};

const UNIQUE: &str = "Every member of the archive has a name of its own.";

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| {
        let FaultKind::Duplicate(duplicate) = &fault.kind else { return None };
        Some(match duplicate {
            Duplicate::Name { copies } => cx
                .finding(
                    fault,
                    copies_text(cx.source, fault.member.as_deref(), *copies),
                    "several members have the same name",
                    UNIQUE,
                    "the same name again",
                )
                .cause("arrays were appended to an archive that already had one of that name")
                .consequence("`np.load` gives the last; the others cannot be reached by name")
                .help(
                    "give each its own name, or keep the one that is meant: `np.savez(path, **{key: data[key] for \
                     key in data})`",
                ),
            Duplicate::Key { other, key } => cx
                .finding(
                    fault,
                    format!("{} also answers to '{}'", shown(other, 80), shown(key, 80)),
                    "two members answer to the same key",
                    UNIQUE,
                    "a key that stands for two members",
                )
                .level(Level::Warning)
                .cause("a key is the member's name without `.npy`, and the whole name is a key as well")
                .consequence("`np.load` gives one of them for the key; the other needs its whole name")
                .help("rename one of them: keys for `np.savez` need no `.npy`"),
            Duplicate::Case { other } => cx
                .finding(
                    fault,
                    shown(other, 80),
                    "two members differ in case only",
                    UNIQUE,
                    "a name that differs in case",
                )
                .level(Level::Warning)
                .consequence("`np.load` keeps them apart; unpacked on macOS or Windows, one overwrites the other")
                .help("rename one of them"),
        })
    });
    Looked::Yes
}

/// "2 members: float32[2, 3], int64[3]": the last is what `np.load` gives.
fn copies_text(source: &SourceFacts, member: Option<&str>, copies: u32) -> String {
    let same = source.arrays.iter().filter(|array| array.member.as_deref() == member);
    let shown: Vec<String> =
        same.take(4).map(|array| format!("{}{}", array.header.dtype, array.header.shape_text())).collect();
    let more = if copies as usize > shown.len() { ", ..." } else { "" };
    format!("{copies} members: {}{more}", shown.join(", "))
}
