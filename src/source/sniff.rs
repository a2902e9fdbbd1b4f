//! What a file is that is neither .npy nor .npz, from its first bytes.

use crate::source::fault::Looks;

/// First bytes that give a file away.
const STARTS: &[(&[u8], Looks)] = &[
    (b"\xc2\x93NUMPY", Looks::TextModeNpy),
    (b"\xef\xbf\xbdNUMPY", Looks::TextModeNpy),
    (b"?NUMPY", Looks::TextModeNpy),
    (b"NUMPY", Looks::DamagedMagic),
    (b"\x1f\x8b", Looks::Gzip),
    (b"BZh", Looks::Compressed),
    (b"\xfd7zXZ\0", Looks::Compressed),
    (b"\x28\xb5\x2f\xfd", Looks::Compressed),
    (b"\x89HDF\r\n\x1a\n", Looks::Hdf5),
    (b"MATLAB 5.0 MAT-file", Looks::Matlab),
    (b"\x89PNG\r\n\x1a\n", Looks::Image),
    (b"\xff\xd8\xff", Looks::Image),
    (b"GIF8", Looks::Image),
    (b"II*\0", Looks::Image),
    (b"MM\0*", Looks::Image),
    (b"version https://git-lfs", Looks::LfsPointer),
    (b"\0\x05\x16\x07", Looks::AppleDouble),
    (b"\0\0\0\x01Bud1", Looks::AppleDouble),
];

/// What the bytes look like. They are the first of a file, as many as are at hand.
#[must_use]
pub fn looks(bytes: &[u8]) -> Looks {
    if let Some((_, looks)) = STARTS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return *looks;
    }
    if bytes.get(1..6) == Some(b"NUMPY") {
        return Looks::DamagedMagic;
    }
    // Protocols 2 to 5 start with their number; a whole pickle ends in a full stop.
    if matches!(bytes, [0x80, 2..=5, ..]) && (bytes.ends_with(b".") || bytes.len() > 64) {
        return Looks::Pickle;
    }
    let text = bytes.trim_ascii_start();
    if !text.is_empty() && is_text(bytes) {
        let start: Vec<u8> = text.iter().take(15).map(u8::to_ascii_lowercase).collect();
        return match start.as_slice() {
            [b'<', b'!', b'd', b'o', b'c', b't', b'y', b'p', b'e', ..] | [b'<', b'h', b't', b'm', b'l', ..] => {
                Looks::Html
            }
            [b'{' | b'[', ..] => Looks::Json,
            _ => Looks::Text,
        };
    }
    Looks::Unknown
}

/// Text has no control bytes but white space, and is UTF-8 as far as it can be seen.
fn is_text(bytes: &[u8]) -> bool {
    let control = |b: &u8| b.is_ascii_control() && !b.is_ascii_whitespace();
    let whole = std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    whole && !bytes.iter().any(control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impostors_are_called_by_name() {
        for (bytes, expected) in [
            (&b"version https://git-lfs.github.com/spec/v1\noid"[..], Looks::LfsPointer),
            (b"<!DOCTYPE html><title>Quota exceeded", Looks::Html),
            (b"\n <HTML>", Looks::Html),
            (b"1.0 2.0\n3.0", Looks::Text),
            (b"\x80\x04\x95\x0b\0\0\0\0\0\0\0]\x94(K\x01K\x02K\x03e.", Looks::Pickle),
            (b"\x94NUMPY\x01\0", Looks::DamagedMagic),
            (b"\x1f\x8b\x08", Looks::Gzip),
            (b"\0\0\x80?\0\0\0@", Looks::Unknown),
            (b"{\"a\": 1}", Looks::Json),
            (b"", Looks::Unknown),
        ] {
            assert_eq!(looks(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
