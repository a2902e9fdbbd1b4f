//! Files that people take for a model's description and that keep nothing about its inputs: each is called by its name,
//! with what to import instead.

use std::fs::File;
use std::path::Path;

use rawzip::{RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::reading::has_extension;
use super::{Candidate, ImportError, Model, ModelFormat};

/// Entries of an archive that are looked at.
const MAX_ENTRIES: usize = 100_000;
/// Bytes that the JSON in a safetensors file may have, by its own definition.
const SAFETENSORS_HEADER: u64 = 100_000_000;
/// How `torch.save` began before PyTorch 1.6: a pickled number.
const OLD_TORCH: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// The files that say nothing.
pub(super) struct NoInputs;

impl ModelFormat for NoInputs {
    fn name(&self) -> &'static str {
        "none"
    }

    /// Only what content shows for certain, so this can be asked before every other format.
    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        Kind::of(candidate).is_some()
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        Err(Kind::of(candidate).map_or_else(|| ImportError::Unknown("it is no model".into()), Kind::error))
    }
}

/// What such a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    TorchScript,
    /// What `torch.save` writes: a state dict, a checkpoint, or a whole pickled module.
    TorchSave,
    Safetensors,
    Gguf,
    /// A pickle that is not PyTorch's.
    Pickle,
    Npy,
    Npz,
    Checkpoint,
    LfsPointer,
}

impl Kind {
    fn of(candidate: &Candidate<'_>) -> Option<Self> {
        let Candidate { path, head, is_folder } = *candidate;
        let starts = |magic: &[u8]| head.starts_with(magic);
        if is_folder {
            return None;
        }
        if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
            return Self::of_archive(path);
        }
        if starts(b"version https://git-lfs.github.com/spec/") {
            Some(Self::LfsPointer)
        } else if starts(b"\x93NUMPY") {
            Some(Self::Npy)
        } else if starts(OLD_TORCH) {
            Some(Self::TorchSave)
        } else if matches!(head, [0x80, 2..=5, ..]) {
            Some(Self::Pickle)
        } else if starts(b"GGUF") {
            Some(Self::Gguf)
        } else if is_safetensors(head) {
            Some(Self::Safetensors)
        } else if is_checkpoint(path, head) {
            Some(Self::Checkpoint)
        } else {
            None
        }
    }

    /// By the names of the entries. An exported program and a Keras model are other readers' and known by what they have.
    fn of_archive(path: &Path) -> Option<Self> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let archive = ZipArchive::from_file(File::open(path).ok()?, &mut buffer).ok()?;
        let mut entries = archive.entries(&mut buffer);
        let (mut code, mut pickle, mut arrays, mut others) = (false, false, 0_usize, 0_usize);
        for _ in 0..MAX_ENTRIES {
            let Ok(Some(entry)) = entries.next_entry() else { break };
            let name = entry.file_path();
            let name = name.as_ref();
            // PyTorch puts everything below one folder, which is called like the file.
            let below = name.iter().position(|byte| *byte == b'/').map_or(name, |at| &name[at + 1..]);
            if below.starts_with(b"models/") || below == b"archive_format" || name == b"serialized_exported_program.json" {
                return None;
            }
            code |= below.starts_with(b"code/") || below == b"constants.pkl";
            pickle |= below == b"data.pkl";
            if name.ends_with(b".npy") {
                arrays += 1;
            } else {
                others += 1;
            }
        }
        if pickle && code {
            Some(Self::TorchScript)
        } else if pickle {
            Some(Self::TorchSave)
        } else {
            (arrays > 0 && others == 0).then_some(Self::Npz)
        }
    }

    fn error(self) -> ImportError {
        let silent = |why: &str| ImportError::Silent(why.into());
        match self {
            Self::TorchScript => silent(
                "TorchScript keeps no input shapes; export the model with `torch.export.save` or to ONNX and import that, or \
                 write the spec",
            ),
            Self::TorchSave => silent(
                "what `torch.save` writes keeps weights and no input shapes; export the model with `torch.export.save` or to \
                 ONNX and import that, or write the spec",
            ),
            Self::Safetensors => silent(
                "safetensors keeps weights and no input shapes; import the `preprocessor_config.json` or the timm \
                 `config.json` beside it if there is one, export the model to ONNX, or write the spec",
            ),
            Self::Gguf => silent("GGUF keeps weights and no input shapes; write the spec"),
            Self::Pickle => silent(
                "it is a pickle, which is never opened, because that would run it; export the model to ONNX, or log it with \
                 MLflow and a signature, or write the spec",
            ),
            Self::Checkpoint => silent(
                "a TensorFlow checkpoint keeps weights and no input shapes; save the model as `.keras` or SavedModel and \
                 import that, or write the spec",
            ),
            Self::Npy | Self::Npz => ImportError::Unknown(
                "it holds NumPy arrays, not a model; to check it, give it to `batchlint check`".into(),
            ),
            Self::LfsPointer => ImportError::Unknown(
                "it is a pointer of Git LFS, not the file itself; fetch that with `git lfs pull`".into(),
            ),
        }
    }
}

/// The length of the header in eight bytes, then the header, which is JSON.
fn is_safetensors(head: &[u8]) -> bool {
    let Some((length, json)) = head.split_first_chunk::<8>() else { return false };
    let length = u64::from_le_bytes(*length);
    (2..=SAFETENSORS_HEADER).contains(&length)
        && json.first() == Some(&b'{')
        && matches!(json.get(1..).and_then(|rest| rest.trim_ascii_start().first()), Some(b'"' | b'}'))
}

/// The list that `tf.train.Checkpoint` keeps, or one of the two files of a checkpoint.
fn is_checkpoint(path: &Path, head: &[u8]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    head.starts_with(b"model_checkpoint_path:")
        || name.contains(".data-00000-of-")
        // The end of a table of LevelDB is not among the first bytes; its name is all there is.
        || has_extension(path, "index") && head.first() == Some(&0) && name.contains("ckpt")
}
