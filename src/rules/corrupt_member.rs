//! Members that are damaged, or that the directory of the archive lies about.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::config::limits::Limit;
use crate::diagnostic::quantity::{exact, exact_bytes};
use crate::diagnostic::{Finding, Level};
use crate::source::fault::{ArchiveFault, Fault, FaultKind};
use crate::source::text::shown;
use crate::values::Wants;

pub(super) static RULE: Rule = Rule {
    id: "corrupt-member",
    group: Group::Source,
    level: Level::Error,
    finds: "members that are damaged, encrypted, or other than the archive's directory says",
    needs: Needs::HEADERS.values(Wants::CHECKSUMS),
    page: include_str!("../../docs/rules/corrupt-member.md"),
    judge: Judge::Source(judge),
};

const DIRECTORY: &str = "The directory of the archive says where and what each member is.";
const AGREE: &str = "The directory and the member's own header say the same.";
const PLAIN: &str = "Members are stored or deflated, as `np.savez` and `np.savez_compressed` write them.";
const WHOLE: &str = "The whole archive can be read.";
const UNSEEN: &str = "`np.load` may not notice, and then does not check the checksum either";
const BOUNDED: &str = "the limit keeps hostile archives from filling the memory";
const REFUSED: &str = "`np.load` stops: the whole archive cannot be opened";

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| match &fault.kind {
        // `archive-bomb` speaks of it.
        FaultKind::Archive(ArchiveFault::Bomb { .. }) => None,
        FaultKind::Archive(archive) => Some(describe(cx, fault, archive)),
        _ => None,
    });
    Looked::Yes
}

fn describe(cx: &SourceCx<'_>, fault: &Fault, archive: &ArchiveFault) -> Finding {
    let (message, expected, found) = words(archive);
    let finding = cx.finding(fault, detail(archive), message, expected, found).consequence(consequence(archive));
    let finding = match archive {
        ArchiveFault::Encrypted => finding.help("unpack it with its password, and `np.savez` it again"),
        ArchiveFault::Method { .. } => finding.help("load it where it can be loaded, and `np.savez` it again"),
        ArchiveFault::TooManyMembers { .. } => {
            finding.cause(BOUNDED).help(format!("{} raises the limit", Limit::ArchiveMembers.how()))
        }
        ArchiveFault::TooManyFaults { .. } => finding.cause(BOUNDED),
        _ => finding
            .cause("the archive is damaged, or was put together by a faulty program")
            .help("write or download the archive again"),
    };
    match archive {
        ArchiveFault::Method { id: 12 | 14 }
        | ArchiveFault::LocalMethod { .. }
        | ArchiveFault::LocalSizes
        | ArchiveFault::LocalChecksum
        | ArchiveFault::EntryCount { .. }
        | ArchiveFault::MultiDisk { .. }
        | ArchiveFault::TooManyMembers { .. } => finding.level(Level::Warning),
        _ => finding,
    }
}

/// The fault in one line, what must hold, and what was found.
fn words(archive: &ArchiveFault) -> (String, &'static str, &'static str) {
    let (message, expected, found) = match archive {
        ArchiveFault::Encrypted => ("member is encrypted", PLAIN, "a member that needs a password"),
        ArchiveFault::Method { id } => {
            return (format!("member is compressed with {}", method(*id)), PLAIN, "another compression");
        }
        ArchiveFault::Inflate => ("compressed data is damaged", "The data can be inflated.", "a broken deflate stream"),
        ArchiveFault::WrongSize { .. } => ("directory has the wrong size of a member", DIRECTORY, "another size"),
        ArchiveFault::LocalName { .. } => ("directory points at a member of another name", AGREE, "another name"),
        ArchiveFault::LocalMethod { .. } => ("directory and member disagree on the compression", AGREE, "two methods"),
        ArchiveFault::LocalSizes => ("directory and member disagree on the sizes", AGREE, "two pairs of sizes"),
        ArchiveFault::LocalChecksum => ("directory and member disagree on the checksum", AGREE, "two checksums"),
        ArchiveFault::NotAMember { .. } => {
            ("directory points at something that is no member", DIRECTORY, "other bytes")
        }
        ArchiveFault::PastEnd { .. } => {
            ("member runs past the end of the members", DIRECTORY, "an end behind the limit")
        }
        ArchiveFault::Overlap { .. } => ("two members share bytes", DIRECTORY, "overlapping members"),
        ArchiveFault::Zip64 { .. } => {
            ("directory entry lacks its 64-bit sizes", DIRECTORY, "a size that says: look there")
        }
        ArchiveFault::ExtraField => {
            ("extra field of a directory entry is too long", DIRECTORY, "more bytes than there are")
        }
        ArchiveFault::BadName => ("member name is marked UTF-8, and is not", DIRECTORY, "bytes that are not UTF-8"),
        ArchiveFault::EntryCount { .. } => ("archive counts its members wrongly", WHOLE, "another count"),
        ArchiveFault::MultiDisk { .. } => ("archive claims to be one of several", WHOLE, "the number of a disk"),
        ArchiveFault::DirectoryOffset { .. } => ("end record points past the directory", WHOLE, "another place"),
        ArchiveFault::Directory { .. } => {
            ("directory of the archive is damaged", WHOLE, "bytes that are no directory entry")
        }
        ArchiveFault::Checksum { .. } => (
            "data is not what its checksum was made of",
            "The checksum of a member is that of its data.",
            "another checksum",
        ),
        ArchiveFault::Bomb { .. } => ("member inflates beyond all measure", WHOLE, "a bomb"),
        ArchiveFault::TooManyMembers { .. } => ("archive has more members than are read", WHOLE, "unread members"),
        ArchiveFault::TooManyFaults { .. } => ("archive has more faults than are kept", WHOLE, "untold faults"),
    };
    (message.into(), expected, found)
}

/// The numbers and names of one place.
fn detail(archive: &ArchiveFault) -> String {
    match archive {
        ArchiveFault::Method { id } => format!("method {id}"),
        ArchiveFault::WrongSize { declared, actual, whole } => {
            let least = if *whole { "" } else { "at least " };
            format!("{} in the directory, {least}{} in truth", exact_bytes(*declared), exact_bytes(*actual))
        }
        ArchiveFault::LocalName { local } => format!("the member there is {}", shown(local, 80)),
        ArchiveFault::LocalMethod { directory, local } => format!("methods {directory} and {local}"),
        ArchiveFault::NotAMember { offset } => format!("byte {}", exact(*offset)),
        ArchiveFault::PastEnd { end, limit } => format!("to byte {}, the limit is {}", exact(*end), exact(*limit)),
        ArchiveFault::Overlap { other, start, end } => {
            format!("bytes {}..{} are also in {}", exact(*start), exact(*end), shown(other, 80))
        }
        ArchiveFault::EntryCount { declared, found } => {
            format!("{} in the end record, {} in the directory", exact(*declared), exact(*found))
        }
        ArchiveFault::MultiDisk { disk } => format!("disk {disk}"),
        ArchiveFault::DirectoryOffset { declared, found } => {
            format!("byte {} in the end record, byte {} in truth", exact(*declared), exact(*found))
        }
        ArchiveFault::Directory { read } => format!("{} entries could be read", exact(*read)),
        ArchiveFault::Checksum { declared, actual } => {
            format!("{declared:08X} in the directory, {actual:08X} of the data")
        }
        ArchiveFault::TooManyMembers { limit } => format!("{} were read", exact(*limit)),
        ArchiveFault::TooManyFaults { limit } => format!("{} were kept", exact(*limit)),
        ArchiveFault::Encrypted
        | ArchiveFault::Inflate
        | ArchiveFault::Bomb { .. }
        | ArchiveFault::LocalSizes
        | ArchiveFault::LocalChecksum
        | ArchiveFault::Zip64 { .. }
        | ArchiveFault::ExtraField
        | ArchiveFault::BadName => String::new(),
    }
}

/// What `np.load` does.
fn consequence(archive: &ArchiveFault) -> String {
    let says = match archive {
        ArchiveFault::Encrypted => "File ... is encrypted, password required for extraction",
        ArchiveFault::Method { id: 93 } => {
            return "`np.load` reads it from Python 3.14 on; before that it stops: \
                    `That compression method is not supported`"
                .into();
        }
        ArchiveFault::Method { id: 12 | 14 } => return "`np.load` reads it; batchlint did not look inside".into(),
        ArchiveFault::Method { .. } => "That compression method is not supported",
        ArchiveFault::Checksum { .. } => "Bad CRC-32 for file ...",
        ArchiveFault::Inflate => "Error -3 while decompressing data: ...",
        ArchiveFault::LocalName { .. } => "File name in directory ... and header ... differ.",
        ArchiveFault::NotAMember { .. } => "Bad magic number for file header",
        ArchiveFault::WrongSize { declared, actual, .. } if actual > declared => "Bad CRC-32 for file ...",
        ArchiveFault::WrongSize { .. } | ArchiveFault::PastEnd { .. } => return UNSEEN.into(),
        ArchiveFault::Overlap { .. } => {
            return "one array's bytes are read as another's; newer versions of Python stop: `Overlapped entries`"
                .into();
        }
        ArchiveFault::LocalMethod { .. } | ArchiveFault::LocalSizes | ArchiveFault::LocalChecksum => {
            return "`np.load` believes the directory; other programs may believe the member".into();
        }
        ArchiveFault::Zip64 { present: false } => return "`np.load` takes its size for 4 GiB, and may stop".into(),
        ArchiveFault::Zip64 { .. } | ArchiveFault::ExtraField | ArchiveFault::BadName => return REFUSED.into(),
        ArchiveFault::EntryCount { .. } | ArchiveFault::MultiDisk { .. } => {
            return "`np.load` does not look; other programs may stop, or miss members".into();
        }
        ArchiveFault::DirectoryOffset { .. } => return "`np.load` stops when an array is asked for".into(),
        ArchiveFault::Directory { .. } => return "`np.load` stops, or misses members".into(),
        ArchiveFault::TooManyMembers { .. } | ArchiveFault::TooManyFaults { .. } | ArchiveFault::Bomb { .. } => {
            return "the rest was not checked".into();
        }
    };
    format!("`np.load` stops when the array is asked for: `{says}`")
}

fn method(id: u16) -> &'static str {
    match id {
        9 => "Deflate64",
        12 => "bzip2",
        14 => "LZMA",
        20 | 93 => "zstd",
        95 => "xz",
        98 => "PPMd",
        _ => "an unknown method",
    }
}
