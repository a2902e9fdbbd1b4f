//! Members that are damaged, or that the directory of the archive lies about.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::diagnostic::{Finding, Level, quantity};
use crate::source::fault::{ArchiveFault, Fault, FaultKind};
use crate::source::text::shown;

pub(super) static RULE: Rule = Rule {
    id: "corrupt-member",
    group: Group::Source,
    level: Level::Error,
    finds: "members that are damaged, encrypted, or other than the archive's directory says",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/corrupt-member.md"),
    judge: Judge::Source(judge),
};

const DIRECTORY: &str = "The directory of the archive says where and what each member is.";
const AGREE: &str = "The directory and the member's own header say the same.";
const PLAIN: &str = "Members are stored or deflated, as `np.savez` and `np.savez_compressed` write them.";
const WHOLE: &str = "The whole archive can be read.";
const BROKEN: &str = "the archive is damaged, or was put together by a faulty program";

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| match &fault.kind {
        FaultKind::Archive(archive) => {
            let told = data(cx, fault, archive).or_else(|| disagreement(cx, fault, archive));
            let told = told.or_else(|| entry(cx, fault, archive)).unwrap_or_else(|| directory(cx, fault, archive));
            Some(if told.help.is_none() { told.help("write or download the archive again") } else { told })
        }
        _ => None,
    });
    Looked::Yes
}

/// How the data is packed.
fn data(cx: &SourceCx<'_>, fault: &Fault, archive: &ArchiveFault) -> Option<Finding> {
    Some(match archive {
        ArchiveFault::Encrypted => cx
            .finding(fault, "", "member is encrypted", PLAIN, "a member that needs a password")
            .consequence("`np.load` stops when the array is asked for: `File ... is encrypted, password required for extraction`")
            .help("unpack it with its password, and `np.savez` it again"),
        ArchiveFault::Method { id } => method(cx, fault, *id),
        ArchiveFault::Inflate => cx
            .finding(fault, "", "compressed data is damaged", "The compressed data can be inflated.", "a broken deflate stream")
            .cause(BROKEN)
            .consequence("`np.load` stops when the array is asked for: `zlib.error: Error -3 while decompressing data`"),
        ArchiveFault::WrongSize { declared, actual } => {
            let detail = format!("{} in the directory, {} in truth", quantity::bytes(*declared), quantity::bytes(*actual));
            cx.finding(fault, detail, "directory has the wrong size of a member", DIRECTORY, "another size")
                .cause(BROKEN)
                .consequence("`np.load` may not notice, and then does not check the checksum either")
        }
        ArchiveFault::ImpossibleSize { stored, declared } => {
            let detail = format!("{} from {}", quantity::bytes(*declared), quantity::bytes(*stored));
            cx.finding(fault, detail, "directory has an impossible size of a member", DIRECTORY, "more than can come out of so few bytes")
                .cause(BROKEN)
                .consequence("`np.load` may not notice, and then does not check the checksum either")
        }
        _ => return None,
    })
}

fn method(cx: &SourceCx<'_>, fault: &Fault, id: u16) -> Finding {
    let name = match id {
        9 => "Deflate64",
        12 => "bzip2",
        14 => "LZMA",
        20 | 93 => "zstd",
        95 => "xz",
        98 => "PPMd",
        _ => "an unknown method",
    };
    let finding = cx
        .finding(
            fault,
            format!("method {id}"),
            format!("member is compressed with {name}"),
            PLAIN,
            "another compression",
        )
        .help("load it where it can be loaded, and `np.savez_compressed` it again");
    match id {
        12 | 14 => finding.level(Level::Warning).consequence("`np.load` reads it; its header was not checked here"),
        93 => finding.consequence(
            "`np.load` reads it from Python 3.14 on; before that it stops: `That compression method is not supported`",
        ),
        _ => finding
            .consequence("`np.load` stops when the array is asked for: `That compression method is not supported`"),
    }
}

/// Where the directory and the member's own header disagree.
fn disagreement(cx: &SourceCx<'_>, fault: &Fault, archive: &ArchiveFault) -> Option<Finding> {
    let warn = |detail: String, message: &str, found: &str| {
        let finding = cx.finding(fault, detail, message, AGREE, found).level(Level::Warning).cause(BROKEN);
        finding.consequence("`np.load` believes the directory; other programs may believe the member")
    };
    Some(match archive {
        ArchiveFault::LocalName { local } => cx
            .finding(
                fault,
                format!("the member there is {}", shown(local, 80)),
                "directory points at a member of another name",
                AGREE,
                "another name",
            )
            .cause(BROKEN)
            .consequence(
                "`np.load` stops when the array is asked for: `File name in directory ... and header ... differ.`",
            ),
        ArchiveFault::LocalMethod { directory, local } => {
            warn(format!("{directory} and {local}"), "directory and member disagree on the compression", "two methods")
        }
        ArchiveFault::LocalSizes => {
            warn(String::new(), "directory and member disagree on the sizes", "two pairs of sizes")
        }
        ArchiveFault::LocalChecksum => {
            warn(String::new(), "directory and member disagree on the checksum", "two checksums")
        }
        _ => return None,
    })
}

/// What is wrong with one entry of the directory.
fn entry(cx: &SourceCx<'_>, fault: &Fault, archive: &ArchiveFault) -> Option<Finding> {
    let say =
        |detail: String, message: &str, found: &str| cx.finding(fault, detail, message, DIRECTORY, found).cause(BROKEN);
    let refused = "`np.load` stops: the whole archive cannot be opened";
    Some(match archive {
        ArchiveFault::NotAMember { offset } => {
            say(format!("byte {offset}"), "directory points at something that is no member", "other bytes")
                .consequence("`np.load` stops when the array is asked for: `Bad magic number for file header`")
        }
        ArchiveFault::PastEnd { end, limit } => say(
            format!("byte {end}, the limit is {limit}"),
            "member runs past the end of the members",
            "an end behind the limit",
        )
        .consequence("`np.load` may not notice, and then does not check the checksum either"),
        ArchiveFault::Overlap { other, start, end } => {
            let detail = format!("bytes {start}..{end} are also in {}", shown(other, 80));
            say(detail, "two members share bytes", "overlapping members")
                .consequence("`np.load` may read one array's bytes as another's; newer versions of Python stop: `Overlapped entries`")
        }
        ArchiveFault::Zip64 { present } => {
            let finding = say(String::new(), "directory entry lacks its 64-bit sizes", "a size that says: look there");
            if *present {
                finding.consequence(refused)
            } else {
                finding.consequence("`np.load` reads it with a size of 4 GiB")
            }
        }
        ArchiveFault::ExtraField => {
            say(String::new(), "extra field of a directory entry is too long", "more bytes than there are")
                .consequence(refused)
        }
        ArchiveFault::BadName => {
            say(String::new(), "member name is marked UTF-8, and is not", "bytes that are not UTF-8")
                .consequence(refused)
        }
        _ => return None,
    })
}

/// What is wrong with the directory as a whole.
fn directory(cx: &SourceCx<'_>, fault: &Fault, archive: &ArchiveFault) -> Finding {
    let say =
        |detail: String, message: &str, found: &str| cx.finding(fault, detail, message, WHOLE, found).cause(BROKEN);
    match archive {
        ArchiveFault::EntryCount { declared, found } => say(
            format!("{declared} in the end record, {found} in the directory"),
            "archive counts its members wrongly",
            "another count",
        )
        .level(Level::Warning)
        .consequence("`np.load` does not count; other programs may stop or miss members"),
        ArchiveFault::MultiDisk { disk } => {
            say(format!("disk {disk}"), "archive claims to be one of several", "the number of a disk")
                .level(Level::Warning)
                .consequence("`np.load` does not look; other programs may stop")
        }
        ArchiveFault::DirectoryOffset { declared, found } => say(
            format!("byte {declared} in the end record, byte {found} in truth"),
            "end record points past the directory",
            "another place",
        )
        .consequence("`np.load` stops when an array is asked for"),
        ArchiveFault::TooManyMembers { limit } => {
            say(format!("{limit} read"), "archive has more members than are read", "unread members")
                .level(Level::Warning)
                .cause("the limit keeps hostile archives from filling the memory")
        }
        ArchiveFault::TooManyFaults { limit } => {
            say(format!("{limit} kept"), "archive has more faults than are kept", "untold faults")
        }
        ArchiveFault::Directory { read } => say(
            format!("{read} entries read"),
            "directory of the archive is damaged",
            "bytes that are no directory entry",
        )
        .consequence("`np.load` stops: `BadZipFile: Truncated central directory`, or misses members"),
        // The others have been told above.
        _ => say(String::new(), "archive is damaged", "damage"),
    }
}
