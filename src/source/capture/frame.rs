//! Frames on the wire: 24 bytes of head, JSON, payload. See `docs/capture-protocol.md`.

use std::io::{self, Read, Write};

use crate::config::limits::{Limit, Limits};

/// What every frame starts with.
const MAGIC: [u8; 4] = *b"BLF1";
/// Bytes of a head.
const HEAD: usize = 24;

/// The kinds of frames; the numbers are those of the protocol.
pub mod kind {
    #![allow(missing_docs, reason = "the words of the protocol")]
    pub const START: u8 = 0;
    pub const HELLO: u8 = 1;
    pub const BATCH: u8 = 2;
    pub const ERROR: u8 = 3;
    pub const END: u8 = 4;
    pub const PROGRESS: u8 = 5;
    pub const SOURCE: u8 = 6;
    pub const LOG: u8 = 7;
    pub const SITE: u8 = 8;
    pub const SAMPLES: u8 = 9;
    pub const EDITS: u8 = 10;
    pub const ACK: u8 = 32;
    pub const RING: u8 = 33;
    pub const PLAN: u8 = 34;
    pub const STOP: u8 = 35;
    pub const BYE: u8 = 36;
    pub const REPORT: u8 = 37;
}

/// Where the payload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Behind the frame; empty where there is none.
    Band(Vec<u8>),
    /// It was beyond the limit, and is gone.
    Dropped {
        /// How many bytes it had.
        bytes: u64,
    },
    /// In a slot of the ring.
    Slot {
        /// Which.
        slot: u16,
        /// How many bytes.
        bytes: u64,
    },
}

impl Payload {
    /// How many bytes it has.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Band(bytes) => bytes.len() as u64,
            Self::Dropped { bytes } | Self::Slot { bytes, .. } => *bytes,
        }
    }
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// One of [`kind`], or one that this version does not know.
    pub kind: u8,
    /// The JSON.
    pub json: Vec<u8>,
    /// The payload.
    pub payload: Payload,
}

/// The next frame; `None` where the stream ends between two frames. An error of the kind `InvalidData` says that these are no
/// frames, or that one is larger than the limits.
pub fn read(input: &mut impl Read, limits: &Limits) -> io::Result<Option<Frame>> {
    let mut head = [0; HEAD];
    let mut got = 0;
    while got < HEAD {
        match input.read(&mut head[got..]) {
            Ok(0) if got == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let number = |at: usize, bytes: usize| {
        head[at..at + bytes].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    if head[..4] != MAGIC {
        return Err(invalid("what came is no frame"));
    }
    let (json, payload) = (number(8, 4), number(16, 8));
    // What was sent before the helper knew of a lower limit is let go.
    let most = limits.frame_payload_bytes.max(Limits::default().frame_payload_bytes);
    let beyond = [(Limit::FrameJsonBytes, json, limits.frame_json_bytes), (Limit::FramePayloadBytes, payload, most)];
    if let Some((limit, bytes, most)) = beyond.into_iter().find(|(_, bytes, most)| bytes > most) {
        let (named, how) = (limit.named(most), limit.how());
        return Err(invalid(&format!("a frame of {bytes} bytes is larger than the limit {named}; {how} raises it")));
    }
    let json = bytes(input, json)?;
    let payload = match head[5] {
        2 => Payload::Slot { slot: u16::from_le_bytes([head[6], head[7]]), bytes: payload },
        _ if payload > limits.frame_payload_bytes => {
            let dropped = io::copy(&mut input.take(payload), &mut io::sink())?;
            if dropped < payload {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Payload::Dropped { bytes: payload }
        }
        _ => Payload::Band(bytes(input, payload)?),
    };
    Ok(Some(Frame { kind: head[4], json, payload }))
}

/// That many bytes. Nothing is allocated before it is there.
fn bytes(input: &mut impl Read, wanted: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(wanted).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < wanted { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}

/// Writes a frame without a payload. `slot` stands in the head.
pub fn write(out: &mut dyn Write, kind: u8, slot: u16, json: &[u8]) -> io::Result<()> {
    let length = u32::try_from(json.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut frame = Vec::with_capacity(HEAD + json.len());
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(&[kind, 0]);
    frame.extend_from_slice(&slot.to_le_bytes());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&[0; 12]);
    frame.extend_from_slice(json);
    out.write_all(&frame)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, slot: u16, json: &[u8], payload: &[u8], length: u64) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&[kind, flags]);
        bytes.extend_from_slice(&slot.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(json.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(&7_u32.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(json);
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn frames_come_back_as_they_were_sent() {
        let mut stream = frame(2, 1, 0, b"{}", b"abc", 3);
        stream.extend(frame(2, 2, 1, b"{}", b"", 1 << 40));
        let input = &mut &stream[..];
        let first = read(input, &Limits::default()).unwrap().unwrap();
        assert_eq!(first, Frame { kind: 2, json: b"{}".to_vec(), payload: Payload::Band(b"abc".to_vec()) });
        assert_eq!(
            read(input, &Limits::default()).unwrap_err().kind(),
            io::ErrorKind::InvalidData,
            "no slot is that large"
        );
        let slot = frame(2, 2, 1, b"{}", b"", 1 << 20);
        assert_eq!(
            read(&mut &slot[..], &Limits::default()).unwrap().unwrap().payload,
            Payload::Slot { slot: 1, bytes: 1 << 20 }
        );
        let mut sent = Vec::new();
        write(&mut sent, kind::ACK, 1, b"").unwrap();
        assert_eq!(read(&mut &sent[..], &Limits::default()).unwrap().unwrap().kind, kind::ACK);
    }

    #[test]
    fn a_stream_ends_between_frames_or_is_broken() {
        assert_eq!(read(&mut &b""[..], &Limits::default()).unwrap(), None);
        let whole = frame(2, 1, 0, b"{}", b"abc", 3);
        for length in 1..whole.len() {
            let error = read(&mut &whole[..length], &Limits::default()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{length} bytes");
        }
        let error = read(&mut &b"print says hello to everybody"[..], &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let huge = frame(2, 1, 0, b"{}", b"", u64::MAX);
        assert_eq!(
            read(&mut &huge[..], &Limits::default()).unwrap_err().kind(),
            io::ErrorKind::InvalidData,
            "and nothing is allocated"
        );
    }
}
