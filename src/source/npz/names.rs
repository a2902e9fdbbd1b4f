//! Names of members, and the keys that `numpy.load` makes of them.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::source::Seen;
use crate::source::Spot;
use crate::source::fault::{Duplicate, FaultKind, Unsafe};
use crate::source::text::is_hostile;

/// Bytes that a file name can have on common file systems.
const MAX_FILE_NAME: usize = 255;

/// The upper half of code page 437, which names without the UTF-8 flag are written in.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// A member's name.
#[derive(Debug)]
pub(crate) struct Name {
    /// As stored. Not escaped.
    pub(crate) member: Arc<str>,
    /// What a program asks for: the name without `.npy`.
    pub(crate) key: Arc<str>,
    /// Why it is unsafe, if it is.
    pub(crate) danger: Option<Unsafe>,
    /// Whether it is marked UTF-8 and is not.
    pub(crate) bad_utf8: bool,
    /// Equal for names that can clash. Names that cannot may share it.
    fold: u64,
}

impl Name {
    /// A name as the directory has it.
    pub(crate) fn new(bytes: &[u8], utf8: bool) -> Self {
        let (text, bad_utf8) = match std::str::from_utf8(bytes) {
            Ok(text) if utf8 || text.is_ascii() => (text.to_owned(), false),
            _ if utf8 => (String::from_utf8_lossy(bytes).into_owned(), true),
            _ => (bytes.iter().map(|byte| from_cp437(*byte)).collect(), false),
        };
        // Python cuts a name at its first NUL.
        let cut = text.split('\0').next().unwrap_or_default();
        let key: Arc<str> = cut.strip_suffix(".npy").unwrap_or(cut).into();
        let lower = cut.to_lowercase();
        let fold = xxh3_64(lower.trim_end_matches(".npy").as_bytes());
        let danger = danger(&text);
        let member = if *text == *key { Arc::clone(&key) } else { text.into() };
        Self { member, key, danger, bad_utf8, fold }
    }

    /// Whether these bytes are this name, however they are marked. Outside ASCII that is not told.
    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        self.member.as_bytes() == bytes && bytes.is_ascii()
    }

    /// Whether the name promises an array.
    pub(super) fn is_npy(&self) -> bool {
        self.member.ends_with(".npy")
    }

    /// Whether it is a folder.
    pub(super) fn is_folder(&self) -> bool {
        self.member.ends_with('/')
    }

    /// Whether macOS made it.
    pub(super) fn is_mac(&self) -> bool {
        let file = self.member.rsplit('/').next().unwrap_or_default();
        self.member.starts_with("__MACOSX/") || file.starts_with("._") || file == ".DS_Store"
    }
}

fn from_cp437(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        Some(upper) => CP437.chars().nth(upper.into()).unwrap_or(char::REPLACEMENT_CHARACTER),
        None => char::from(byte),
    }
}

fn danger(name: &str) -> Option<Unsafe> {
    let drive = matches!(name.as_bytes(), [b'a'..=b'z' | b'A'..=b'Z', b':', ..]);
    if name.is_empty() {
        Some(Unsafe::Empty)
    } else if name.contains('\0') {
        Some(Unsafe::Nul)
    } else if name.chars().any(is_hostile) {
        Some(Unsafe::Control)
    } else if name.split(['/', '\\']).any(|part| part == "..") {
        Some(Unsafe::Parent)
    } else if name.starts_with(['/', '\\']) || drive {
        Some(Unsafe::Absolute)
    } else if name.contains('\\') {
        Some(Unsafe::Backslash)
    } else if name.split('/').any(|part| part.len() > MAX_FILE_NAME) {
        Some(Unsafe::Long)
    } else {
        None
    }
}

/// Writes down the members that a program cannot tell apart. The names are in the order of the directory.
pub(super) fn clashes(names: &[Arc<Name>], seen: &mut Seen) {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_unstable_by_key(|i| (names[*i].fold, *i));
    for group in order.chunk_by(|a, b| names[*a].fold == names[*b].fold) {
        if group.len() > 1 {
            let mut group: Vec<&Name> = group.iter().map(|i| &*names[*i]).collect();
            group.sort_by_key(|name| &name.member);
            clash(&group, seen);
        }
    }
}

/// The same for names that can clash, sorted.
fn clash(group: &[&Name], seen: &mut Seen) {
    let mut earlier: Vec<&Name> = Vec::new();
    for same in group.chunk_by(|a, b| a.member == b.member) {
        let name = same[0];
        let spot = Spot { member: Some(&name.member), ordinal: 0 };
        if same.len() > 1 {
            let copies = u32::try_from(same.len()).unwrap_or(u32::MAX);
            seen.fault(&spot, FaultKind::Duplicate(Duplicate::Name { copies }));
        }
        let clash = earlier.iter().find_map(|other| {
            let answers = |name: &Name, key: &Arc<str>| name.key == *key || name.member == *key;
            let lower = |text: &str| text.to_lowercase();
            if answers(name, &other.key) || answers(other, &name.key) {
                let key = if answers(other, &name.key) { &name.key } else { &other.key };
                Some(Duplicate::Key { other: Arc::clone(&other.member), key: Arc::clone(key) })
            } else if lower(&name.member) == lower(&other.member) || lower(&name.key) == lower(&other.key) {
                Some(Duplicate::Case { other: Arc::clone(&other.member) })
            } else {
                None
            }
        });
        if let Some(clash) = clash {
            seen.fault(&spot, FaultKind::Duplicate(clash));
        }
        // Names that differ only in case can be many; the first and the last seen find every one of them a partner.
        earlier.truncate(1);
        earlier.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Vec<(String, Duplicate)> {
        let names: Vec<_> = names.iter().map(|name| Arc::new(Name::new(name.as_bytes(), true))).collect();
        let mut seen = Seen::new("x.npz".into());
        clashes(&names, &mut seen);
        let kind = |fault: crate::source::Fault| match fault.kind {
            FaultKind::Duplicate(duplicate) => (fault.member.unwrap().to_string(), duplicate),
            other => panic!("{other:?}"),
        };
        seen.faults.into_iter().map(kind).collect()
    }

    #[test]
    fn keys_are_those_of_numpy() {
        for (member, key) in
            [("a.npy", "a"), ("a", "a"), ("a.npy.npy", "a.npy"), ("A.NPY", "A.NPY"), (".npy", ""), ("a.npy\0.txt", "a")]
        {
            assert_eq!(&*Name::new(member.as_bytes(), false).key, key, "{member:?}");
        }
    }

    #[test]
    fn names_without_the_flag_are_code_page_437() {
        assert_eq!(&*Name::new(b"caf\x82.npy", false).member, "café.npy");
        assert_eq!(CP437.chars().count(), 128);
        assert!(Name::new(b"caf\xe9.npy", true).bad_utf8);
    }

    #[test]
    fn what_a_program_cannot_tell_apart_is_found() {
        assert_eq!(found(&["a.npy", "b.npy", "train/a.npy"]), []);
        assert_eq!(found(&["a.npy", "b.npy", "a.npy"]), [("a.npy".into(), Duplicate::Name { copies: 2 })]);
        let key = |other: &str, key: &str| Duplicate::Key { other: other.into(), key: key.into() };
        assert_eq!(found(&["a.npy", "a"]), [("a.npy".into(), key("a", "a"))]);
        assert_eq!(found(&["a.npy.npy", "a.npy"]), [("a.npy.npy".into(), key("a.npy", "a.npy"))]);
        assert_eq!(found(&["a.npy", "A.npy"]), [("a.npy".into(), Duplicate::Case { other: "A.npy".into() })]);
        assert_eq!(found(&["a", "a.npy.npy"]), []);
    }

    #[test]
    fn unsafe_names_are_told_by_what_makes_them_so() {
        for (name, expected) in [
            ("train/x.npy", None),
            ("..x.npy", None),
            ("../../evil.npy", Some(Unsafe::Parent)),
            ("a\\..\\b", Some(Unsafe::Parent)),
            ("/etc/evil", Some(Unsafe::Absolute)),
            ("C:evil", Some(Unsafe::Absolute)),
            ("a\\b.npy", Some(Unsafe::Backslash)),
            ("a\nb", Some(Unsafe::Control)),
            ("a\0b", Some(Unsafe::Nul)),
            ("", Some(Unsafe::Empty)),
        ] {
            assert_eq!(danger(name), expected, "{name:?}");
        }
        assert_eq!(danger(&"n".repeat(65_535)), Some(Unsafe::Long));
    }
}
