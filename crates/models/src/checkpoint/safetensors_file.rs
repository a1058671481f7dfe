//! Safetensors in and out.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::error::CheckpointError;
use super::source::TensorSource;
use crate::parameters::HostTensor;

/// A safetensors file, mapped into memory.
pub(super) struct SafetensorsFile {
    path: PathBuf,
    map: Mmap,
}

impl SafetensorsFile {
    /// Maps the file and checks that its header and length agree.
    pub(super) fn open(path: &Path) -> Result<Self, CheckpointError> {
        let io = |source| CheckpointError::Io { path: path.into(), source };
        let file = File::open(path).map_err(io)?;
        // SAFETY: the map is read only; a file that is changed while it is read gives wrong values, as with `read`.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        let this = Self { path: path.into(), map };
        this.tensors()?;
        Ok(this)
    }

    fn tensors(&self) -> Result<SafeTensors<'_>, CheckpointError> {
        SafeTensors::deserialize(&self.map).map_err(|e| CheckpointError::Broken {
            path: self.path.clone(),
            kind: "safetensors",
            reason: e.to_string(),
        })
    }
}

impl TensorSource for SafetensorsFile {
    fn names(&self) -> Vec<String> {
        self.tensors().map(|t| t.names().into_iter().map(str::to_owned).collect()).unwrap_or_default()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        Some(self.tensors().ok()?.tensor(name).ok()?.shape().to_vec())
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        let tensors = self.tensors()?;
        let tensor = tensors.tensor(name).map_err(|e| CheckpointError::Broken {
            path: self.path.clone(),
            kind: "safetensors",
            reason: e.to_string(),
        })?;
        to_f32(&tensor).ok_or_else(|| CheckpointError::ElementType {
            path: self.path.clone(),
            tensor: name.to_owned(),
            dtype: format!("{:?}", tensor.dtype()),
        })
    }
}

/// Little-endian elements as f32; `None` for types that are not floats.
fn to_f32(tensor: &TensorView) -> Option<Vec<f32>> {
    let data = tensor.data();
    Some(match tensor.dtype() {
        Dtype::F32 => data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Dtype::F16 => data.as_chunks().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::BF16 => data.as_chunks().0.iter().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::F64 => data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
        _ => return None,
    })
}

/// Reads all tensors of a file as f32, by name.
///
/// # Errors
/// When the file cannot be read, is broken, or holds other than floats.
pub fn read_safetensors(path: &Path) -> Result<HashMap<String, HostTensor>, CheckpointError> {
    let file = SafetensorsFile::open(path)?;
    let read = |name: String| {
        let (shape, values) = (file.shape(&name).unwrap_or_default(), file.read(&name)?);
        Ok((name, HostTensor { shape, values }))
    };
    file.names().into_iter().map(read).collect()
}

/// The names of a file's tensors; no value is read.
///
/// # Errors
/// When the file cannot be read, or is broken.
pub fn tensor_names(path: &Path) -> Result<Vec<String>, CheckpointError> {
    Ok(SafetensorsFile::open(path)?.names())
}

/// Reads all tensors of bytes of a file, by name.
///
/// # Errors
/// When the file cannot be read, or is broken.
pub fn read_bytes(path: &Path) -> Result<HashMap<String, Vec<u8>>, CheckpointError> {
    let file = SafetensorsFile::open(path)?;
    let tensors = file.tensors()?;
    let bytes = tensors.iter().filter(|(_, tensor)| tensor.dtype() == Dtype::U8);
    Ok(bytes.map(|(name, tensor)| (name.to_owned(), tensor.data().to_vec())).collect())
}

/// Writes tensors by name with the metadata `format: pt`, which transformers asks for. The file appears whole or not at
/// all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_safetensors(path: &Path, tensors: &[(String, HostTensor)]) -> Result<(), CheckpointError> {
    let bytes: Vec<(&str, &[usize], Vec<u8>)> = tensors
        .iter()
        .map(|(name, t)| {
            (name.as_str(), t.shape.as_slice(), t.values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
        })
        .collect();
    let views = bytes.iter().map(|(name, shape, data)| (*name, Dtype::F32, shape.to_vec(), data.as_slice()));
    write(path, views)
}

/// Writes tensors of bytes by name, as [`write_safetensors`] writes those of numbers.
///
/// # Errors
/// When the file cannot be written.
pub fn write_bytes(path: &Path, tensors: &[(&str, Vec<u8>)]) -> Result<(), CheckpointError> {
    write(path, tensors.iter().map(|(name, data)| (*name, Dtype::U8, vec![data.len()], data.as_slice())))
}

fn write<'a>(
    path: &Path,
    tensors: impl Iterator<Item = (&'a str, Dtype, Vec<usize>, &'a [u8])>,
) -> Result<(), CheckpointError> {
    let failed = |reason: String| CheckpointError::Write { path: path.into(), reason };
    let views = tensors.map(|(name, dtype, shape, data)| Ok((name, TensorView::new(dtype, shape, data)?)));
    let views: Vec<_> =
        views.collect::<Result<_, safetensors::SafeTensorError>>().map_err(|e| failed(e.to_string()))?;
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let scratch = path.with_extension("safetensors.partial");
    safetensors::serialize_to_file(views, Some(metadata), &scratch).map_err(|e| failed(e.to_string()))?;
    std::fs::rename(&scratch, path).map_err(|e| failed(e.to_string()))
}
