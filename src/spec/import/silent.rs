//! Files that people take for a model's description and that keep nothing about its inputs: each is called by its name,
//! with what to import instead.

use std::fs::File;
use std::path::Path;

use rawzip::{RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::reading::has_extension;
use super::{Candidate, ImportError, Model, ModelFormat};

/// What stands for the name of a format.
pub(super) const NAME: &str = "none";
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
        NAME
    }

    /// Only what content shows for certain, so this can be asked before every other format.
    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        Kind::of(candidate).is_some()
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        Err(Kind::of(candidate)
            .map_or_else(|| ImportError::Unknown("this is no model that is known here".into()), Kind::error))
    }
}

/// What such a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    TorchScript,
    /// What `torch.save` writes: a state dict, a checkpoint, or a whole pickled module.
    TorchSave,
    Safetensors,
    Checkpoint,
    LfsPointer,
}

impl Kind {
    fn of(candidate: &Candidate<'_>) -> Option<Self> {
        let Candidate { path, head, is_folder, .. } = *candidate;
        let starts = |magic: &[u8]| head.starts_with(magic);
        if is_folder {
            return None;
        }
        if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
            return Self::of_archive(path);
        }
        if starts(b"version https://git-lfs.github.com/spec/") {
            Some(Self::LfsPointer)
        } else if starts(OLD_TORCH) {
            Some(Self::TorchSave)
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
        let (mut code, mut pickle) = (false, false);
        for _ in 0..MAX_ENTRIES {
            let Ok(Some(entry)) = entries.next_entry() else { break };
            let name = entry.file_path();
            let name = name.as_ref();
            // PyTorch puts everything below one folder, which is called like the file.
            let below = name.iter().position(|byte| *byte == b'/').map_or(name, |at| &name[at + 1..]);
            if below.starts_with(b"models/")
                || below == b"archive_format"
                || name == b"serialized_exported_program.json"
            {
                return None;
            }
            code |= below.starts_with(b"code/") || name.starts_with(b"code/") || below == b"constants.pkl";
            pickle |= below == b"data.pkl";
        }
        match (pickle, code) {
            (true, true) => Some(Self::TorchScript),
            (true, false) => Some(Self::TorchSave),
            _ => None,
        }
    }

    fn error(self) -> ImportError {
        let silent = |why: &str| ImportError::Silent(why.into());
        match self {
            Self::TorchScript => silent(
                "TorchScript keeps no input shapes. Export the model with `torch.export.save` or to ONNX and import that, or \
                 write the spec.",
            ),
            Self::TorchSave => silent(
                "What `torch.save` writes keeps weights and no input shapes. Export the model with `torch.export.save` or to \
                 ONNX and import that, or write the spec.",
            ),
            Self::Safetensors => silent(
                "A safetensors file keeps weights and no input shapes. Import the `preprocessor_config.json` or the timm \
                 `config.json` beside it if there is one, export the model to ONNX and import that, or write the spec.",
            ),
            Self::Checkpoint => silent(
                "A TensorFlow checkpoint keeps weights and no input shapes. Save the model as `.keras` or SavedModel and \
                 import that, or write the spec.",
            ),
            Self::LfsPointer => {
                ImportError::Unknown("this is the pointer of Git LFS, and not the file: run `git lfs pull`".into())
            }
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::samples;
    use super::*;
    use crate::config::limits::Limits;

    fn kind_of(path: &Path) -> Option<Kind> {
        let mut head = fs::read(path).unwrap();
        head.truncate(4096);
        Kind::of(&Candidate { path, head: &head, is_folder: false, limits: &Limits::default() })
    }

    fn kind(name: &str, bytes: &[u8]) -> Option<Kind> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        kind_of(&path)
    }

    fn archive(entries: &[&str]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for entry in entries {
            let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            writer.start_file(*entry, options).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn samples_are_called_by_their_name() {
        for (name, expected) in [
            ("torchscript_traced.pt", Kind::TorchScript),
            ("torchscript_scripted.pt", Kind::TorchScript),
            ("state_dict.pt", Kind::TorchSave),
            ("weights.safetensors", Kind::Safetensors),
        ] {
            assert_eq!(kind_of(&samples::path(name)), Some(expected), "{name}");
            let error = samples::import(&NoInputs, name).unwrap_err();
            assert!(matches!(&error, ImportError::Silent(why) if why.contains("write the spec")), "{error}");
        }
        assert_eq!(samples::of_format("none").len(), 4);
    }

    #[test]
    fn files_of_other_readers_are_left_to_them() {
        let mut asked = 0;
        for entry in fs::read_dir(samples::path("")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() || samples::of_format("none").contains(&name) {
                continue;
            }
            assert_eq!(kind_of(&path), None, "{name}");
            asked += 1;
        }
        assert!(asked > 40);
        assert_eq!(kind("old.pt2", &archive(&["serialized_exported_program.json", "data.pkl"])), None);
        assert_eq!(kind("new.pt2", &archive(&["m/data.pkl", "m/models/model.json"])), None);
        assert_eq!(kind("x.keras", &archive(&["config.json", "metadata.json"])), None);
        assert_eq!(kind("x.npz", &archive(&["a.npy", "b.npy"])), None);
    }

    #[test]
    fn files_are_known_by_content() {
        for (name, bytes, expected) in [
            ("a.ckpt", archive(&["archive/data.pkl", "archive/data/0"]), Kind::TorchSave),
            ("flat.pt", archive(&["data.pkl", "code/x.py"]), Kind::TorchScript),
            ("old.pth", [OLD_TORCH, b"\x80\x02"].concat(), Kind::TorchSave),
            ("a", b"\x20\0\0\0\0\0\0\0{ \"w\": {}}".to_vec(), Kind::Safetensors),
            ("checkpoint", b"model_checkpoint_path: \"ckpt-1\"\n".to_vec(), Kind::Checkpoint),
            ("ckpt-1.data-00000-of-00001", b"\0\0".to_vec(), Kind::Checkpoint),
            ("ckpt-1.index", b"\0\0".to_vec(), Kind::Checkpoint),
            (
                "m.onnx",
                b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec(),
                Kind::LfsPointer,
            ),
        ] {
            assert_eq!(kind(name, &bytes), Some(expected), "{name}");
        }
        for (name, bytes) in
            [("a.json", &b"{\"a\": 1}"[..]), ("a", b""), ("a.zip", b"PK\x03\x04"), ("a", b"\x01\0\0\0\0\0\0\0{")]
        {
            assert_eq!(kind(name, bytes), None, "{name}");
        }
    }

    #[test]
    fn damaged_archives_are_no_trouble() {
        let bytes = fs::read(samples::path("state_dict.pt")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.pt");
        let mut known = 0;
        for step in 0..1000 {
            let mut bytes = bytes.clone();
            // The directory is at the end.
            let at = bytes.len() - 1 - step * 7 % 1200;
            if step % 5 == 0 {
                bytes.truncate(at);
            } else {
                bytes[at] ^= u8::try_from(step % 255 + 1).unwrap();
            }
            fs::write(&path, &bytes).unwrap();
            known += usize::from(kind_of(&path) == Some(Kind::TorchSave));
        }
        assert!(known > 100, "{known}");
    }
}
