//! `pytorch_model.bin`: the tensors of a pickled state dictionary, in whatever layout they are stored. Nothing in the file
//! is ever executed: the pickle machine knows the few names that a state dictionary uses and refuses all others.
//!
//! Format: `torch/serialization.py` and `torch/_utils.py` of pytorch/pytorch.

mod container;
mod element;
mod global;
mod pickle;
mod stored;
mod tensor;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use self::container::Contents;
use self::pickle::{Unpickled, Value};
use self::tensor::LocatedTensor;
use super::error::CheckpointError;
use super::source::TensorSource;

/// A PyTorch state dictionary, mapped into memory.
pub(super) struct PytorchFile {
    path: PathBuf,
    map: Mmap,
    tensors: BTreeMap<String, LocatedTensor>,
}

impl PytorchFile {
    /// Reads the file's table of tensors and checks that all of them lie within the file.
    pub(super) fn open(path: &Path) -> Result<Self, CheckpointError> {
        let io = |source| CheckpointError::Io { path: path.into(), source };
        let file = std::fs::File::open(path).map_err(io)?;
        // SAFETY: the map is read only; a file that is changed while it is read gives wrong values, as with `read`.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        let tensors = tensors(&map).map_err(|reason| broken(path, reason))?;
        Ok(Self { path: path.into(), map, tensors })
    }
}

/// The tensors of a whole file by name.
fn tensors(file: &[u8]) -> Result<BTreeMap<String, LocatedTensor>, String> {
    let contents = Contents::find(file)?;
    let mut tensors = BTreeMap::new();
    for (name, value) in state_dict(&contents.object).ok_or("it holds no dictionary")? {
        let (Value::Text(name), Some(stored)) = (name, contents.object.tensor(value)) else { continue };
        let bytes = contents.storages.get(&*stored.storage.key);
        let bytes = bytes.ok_or_else(|| format!("the storage of tensor `{name}` is missing"))?;
        let tensor = LocatedTensor::locate(stored, bytes.clone());
        let tensor = tensor.ok_or_else(|| format!("tensor `{name}` reaches beyond its storage"))?;
        tensors.insert(name.to_string(), tensor);
    }
    // What DataParallel and DistributedDataParallel put before all names.
    if !tensors.is_empty() && tensors.keys().all(|name| name.starts_with(MODULE)) {
        tensors = tensors.into_iter().map(|(name, tensor)| (name[MODULE.len()..].to_owned(), tensor)).collect();
    }
    Ok(tensors)
}

const MODULE: &str = "module.";

/// Where training programs put the dictionary of tensors among other things.
const NESTED: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// The dictionary of tensors: the object itself, or what it has under one of the usual names.
fn state_dict(object: &Unpickled) -> Option<&[(Value, Value)]> {
    let dict = object.root_dict()?;
    let named = |name: &str| {
        let entry = dict.iter().rev().find(|(key, _)| matches!(key, Value::Text(key) if &**key == name));
        entry.and_then(|(_, value)| object.dict(value))
    };
    NESTED.into_iter().find_map(named).or(Some(dict))
}

fn broken(path: &Path, reason: String) -> CheckpointError {
    CheckpointError::Broken { path: path.into(), kind: "PyTorch", reason }
}

impl TensorSource for PytorchFile {
    fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        Some(self.tensors.get(name)?.shape.clone())
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        let tensor = self.tensors.get(name).ok_or_else(|| broken(&self.path, format!("no tensor `{name}`")))?;
        // A view that repeats its elements has any size that a few bytes claim.
        if tensor.count() > self.map.len() {
            return Err(broken(&self.path, format!("tensor `{name}` is larger than the file")));
        }
        tensor.values(&self.map).ok_or_else(|| CheckpointError::ElementType {
            path: self.path.clone(),
            tensor: name.to_owned(),
            dtype: tensor.element.name.to_owned(),
        })
    }
}
