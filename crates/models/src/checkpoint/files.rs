//! Which files hold a checkpoint's weights.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::CheckpointError;
use super::pytorch::PytorchFile;
use super::safetensors_file::SafetensorsFile;
use super::source::TensorSource;

/// Names in the order in which transformers tries them; an index names shards.
const CANDIDATES: &[(&str, bool)] = &[
    ("model.safetensors", false),
    ("model.safetensors.index.json", true),
    ("pytorch_model.bin", false),
    ("pytorch_model.bin.index.json", true),
];

/// Whether a tensor of this name is a classifier's.
#[must_use]
pub fn is_of_head(name: &str) -> bool {
    // What stands before all names of some files of GTE.
    let name = name.strip_prefix("new.").unwrap_or(name);
    ["classifier.", "score.", "classification_head."].iter().any(|head| name.starts_with(head))
}

/// The weight files of one checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightFiles {
    /// One file, or all shards.
    pub files: Vec<PathBuf>,
}

impl WeightFiles {
    /// Those of a folder, as [`locate`] finds them.
    ///
    /// # Errors
    /// When there are none, or an index is broken.
    pub fn find(folder: &Path) -> Result<Self, CheckpointError> {
        locate(|name| Ok(Some(folder.join(name)).filter(|path| path.is_file())))
    }

    /// Whether they have a classifier's head, of whatever size: the model was fine-tuned, and has seen labels.
    ///
    /// # Errors
    /// When a file cannot be opened or is broken.
    pub fn have_head(&self) -> Result<bool, CheckpointError> {
        Ok(CheckpointTensors::open(self)?.names().any(is_of_head))
    }

    /// How many numbers their tensors are, by what they say of their shapes.
    ///
    /// # Errors
    /// When a file cannot be opened or is broken.
    pub fn numbers(&self) -> Result<usize, CheckpointError> {
        let tensors = CheckpointTensors::open(self)?;
        let shapes = tensors.names().filter_map(|name| tensors.shape(name));
        let sizes = shapes.map(|shape| shape.into_iter().fold(1, usize::saturating_mul));
        Ok(sizes.fold(0, usize::saturating_add))
    }
}

/// Finds weight files by asking `fetch` for names: a path where the file exists, `None` where it does not.
///
/// # Errors
/// Those of `fetch`, and when nothing is found or an index is broken.
pub fn locate<E: From<CheckpointError>>(
    mut fetch: impl FnMut(&str) -> Result<Option<PathBuf>, E>,
) -> Result<WeightFiles, E> {
    for &(name, is_index) in CANDIDATES {
        let Some(path) = fetch(name)? else { continue };
        if !is_index {
            return Ok(WeightFiles { files: vec![path] });
        }
        let mut files = Vec::new();
        for shard in shards(&path)? {
            match fetch(&shard)? {
                Some(file) => files.push(file),
                None => return Err(CheckpointError::MissingShard { index: path, shard }.into()),
            }
        }
        return Ok(WeightFiles { files });
    }
    let looked_for = CANDIDATES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    Err(CheckpointError::NoWeights { looked_for }.into())
}

/// The shards that an index's `weight_map` names, each once.
fn shards(index: &Path) -> Result<Vec<String>, CheckpointError> {
    let broken = |reason: String| CheckpointError::Broken { path: index.into(), kind: "index", reason };
    let bytes = std::fs::read(index).map_err(|source| CheckpointError::Io { path: index.into(), source })?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| broken(e.to_string()))?;
    let map = value.get("weight_map").and_then(|m| m.as_object()).ok_or_else(|| broken("no `weight_map`".into()))?;
    let mut names: Vec<String> = map.values().filter_map(|v| v.as_str().map(str::to_owned)).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(broken("its `weight_map` names no file".into()));
    }
    // An index is not trusted with paths: shards lie beside it.
    match names.iter().find(|name| Path::new(name).components().count() != 1 || name.starts_with("..")) {
        Some(name) => Err(broken(format!("`{name}` is not a plain file name"))),
        None => Ok(names),
    }
}

/// All tensors of a checkpoint, whatever files they are in.
pub(super) struct CheckpointTensors {
    sources: Vec<Box<dyn TensorSource>>,
    /// Tensor name to source.
    index: BTreeMap<String, usize>,
}

impl CheckpointTensors {
    /// Opens every file.
    pub(super) fn open(files: &WeightFiles) -> Result<Self, CheckpointError> {
        let mut sources: Vec<Box<dyn TensorSource>> = Vec::new();
        for path in &files.files {
            let is_safetensors = path.extension().is_some_and(|e| e == "safetensors") || starts_as_safetensors(path);
            sources.push(if is_safetensors {
                Box::new(SafetensorsFile::open(path)?)
            } else {
                Box::new(PytorchFile::open(path)?)
            });
        }
        let mut index = BTreeMap::new();
        for (i, source) in sources.iter().enumerate() {
            index.extend(source.names().into_iter().map(|name| (name, i)));
        }
        Ok(Self { sources, index })
    }

    /// All names, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.index.keys().map(String::as_str)
    }

    /// Whether there is such a tensor.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.index.contains_key(name)
    }

    /// Sizes of a tensor.
    pub(super) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.sources[*self.index.get(name)?].shape(name)
    }

    /// Values of a tensor that is there.
    pub(super) fn read(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        match self.index.get(name) {
            Some(&source) => self.sources[source].read(name),
            None => Ok(Vec::new()),
        }
    }
}

/// A file of the Hub's cache may be reached through a blob without an extension: safetensors begin with the header's
/// length and a brace, PyTorch's files with `PK` or a pickle opcode.
fn starts_as_safetensors(path: &Path) -> bool {
    use std::io::Read;
    let mut head = [0u8; 9];
    std::fs::File::open(path).and_then(|mut f| f.read_exact(&mut head)).is_ok() && head[8] == b'{'
}
