//! What a conversion of line endings did to binary data.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::diagnostic::Level;
use crate::diagnostic::quantity::exact_bytes;
use crate::source::fault::{FaultKind, LineEnding};

pub(super) static RULE: Rule = Rule {
    id: "shifted-data",
    group: Group::Source,
    level: Level::Error,
    finds: "values shifted by one byte: line endings converted, a header length that is wrong",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/shifted-data.md"),
    judge: Judge::Source(judge),
};

const EXPECTED: &str = "The header ends in a newline, and the data starts behind it.";
const COPY: &str = "copy or download it again as binary; where git did it, `*.npy binary` in .gitattributes keeps it \
                    from doing so again; in FTP, `binary` before `get`";

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| {
        let FaultKind::LineEnding(ending) = &fault.kind else { return None };
        Some(match ending {
            LineEnding::Shifted { extra, crlf } => {
                let detail = format!("{} too many", exact_bytes(*extra));
                let (message, found) = if *crlf {
                    ("every value is shifted by a conversion of line endings", "CR LF at the end of the header")
                } else {
                    ("every value is shifted by one byte", "the newline of the header behind its end")
                };
                let finding = cx.finding(fault, detail, message, EXPECTED, found).consequence(
                    "`np.load` reads the right shape and dtype, and values that mean nothing, without a word",
                );
                if *crlf {
                    let cause = "a copy in text mode turned every byte 0x0A into 0D 0A, in the data too";
                    finding.cause(cause).help(COPY)
                } else {
                    let cause = "the length in the header is one too small, so the newline is read as data";
                    finding.cause(cause).help("look at the program that wrote it; `np.save` writes the right length")
                }
            }
            LineEnding::CarriageReturn => cx
                .finding(fault, "", "header ends in a carriage return", EXPECTED, "CR in place of LF")
                .level(Level::Warning)
                .cause("a copy in text mode turned bytes 0x0A into 0x0D, maybe in the data too")
                .consequence("`np.load` takes it as it is; values that held the byte 0x0A may have changed")
                .help(COPY),
            LineEnding::Missing => cx
                .finding(fault, "", "header does not end in a newline", EXPECTED, "a header without a newline")
                .level(Level::Warning)
                .cause("it was not written by NumPy")
                .consequence("`np.load` takes it; other readers of .npy files may look for the newline")
                .help("load it and `np.save` it again"),
        })
    });
    Looked::Yes
}
