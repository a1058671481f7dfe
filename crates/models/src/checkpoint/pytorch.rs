//! `pytorch_model.bin` through burn-store's reader of PyTorch's pickles.

use std::path::{Path, PathBuf};

use burn::tensor::DType;
use burn_store::pytorch::PytorchReader;

use super::{CheckpointError, TensorSource};

/// A PyTorch state dictionary.
pub(super) struct PytorchFile {
    path: PathBuf,
    reader: PytorchReader,
}

impl PytorchFile {
    /// Reads the file's table of tensors.
    pub(super) fn open(path: &Path) -> Result<Self, CheckpointError> {
        if let Err(source) = std::fs::metadata(path) {
            return Err(CheckpointError::Io { path: path.into(), source });
        }
        let reader = PytorchReader::new(path).map_err(|e| broken(path, e.to_string()))?;
        Ok(Self { path: path.into(), reader })
    }
}

fn broken(path: &Path, reason: String) -> CheckpointError {
    CheckpointError::Broken { path: path.into(), kind: "PyTorch", reason }
}

impl TensorSource for PytorchFile {
    fn names(&self) -> Vec<String> {
        self.reader.keys()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        Some(self.reader.get(name)?.shape.to_vec())
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        let snapshot = self.reader.get(name).ok_or_else(|| broken(&self.path, format!("no tensor `{name}`")))?;
        let data = snapshot.to_data().map_err(|e| broken(&self.path, format!("tensor `{name}`: {e:?}")))?;
        if !matches!(data.dtype, DType::F32 | DType::F16 | DType::BF16 | DType::F64) {
            let dtype = format!("{:?}", data.dtype);
            return Err(CheckpointError::ElementType { path: self.path.clone(), tensor: name.to_owned(), dtype });
        }
        Ok(data.iter::<f32>().collect())
    }
}
