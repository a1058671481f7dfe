//! Safetensors in and out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo};

use super::error::CheckpointError;
use super::source::TensorSource;
use crate::parameters::HostTensor;

/// A safetensors file, mapped into memory.
pub(super) struct SafetensorsFile {
    path: PathBuf,
    map: Mmap,
    /// Parsed once: a file may hold hundreds of thousands of tensors, and each of them is asked for.
    header: Metadata,
    /// Where the tensors begin, behind the header.
    begin: usize,
}

impl SafetensorsFile {
    /// Maps the file and checks that its header and length agree.
    pub(super) fn open(path: &Path) -> Result<Self, CheckpointError> {
        let io = |source| CheckpointError::Io { path: path.into(), source };
        let file = File::open(path).map_err(io)?;
        // SAFETY: the map is read only; a file that is changed while it is read gives wrong values, as with `read`.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        let (length, header) = SafeTensors::read_metadata(&map).map_err(|error| broken(path, error.to_string()))?;
        // The header's length stands before it.
        let begin = size_of::<u64>() + length;
        Ok(Self { path: path.into(), map, header, begin })
    }

    /// A tensor's elements as the file has them.
    fn bytes(&self, tensor: &TensorInfo) -> &[u8] {
        let (start, end) = tensor.data_offsets;
        &self.map[self.begin + start..self.begin + end]
    }
}

fn broken(path: &Path, reason: String) -> CheckpointError {
    CheckpointError::Broken { path: path.into(), kind: "safetensors", reason }
}

impl TensorSource for SafetensorsFile {
    fn names(&self) -> Vec<String> {
        self.header.offset_keys()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        Some(self.header.info(name)?.shape.clone())
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        let tensor = self.header.info(name);
        let tensor = tensor.ok_or_else(|| broken(&self.path, format!("it has no tensor `{name}`")))?;
        to_f32(tensor.dtype, self.bytes(tensor)).ok_or_else(|| CheckpointError::ElementType {
            path: self.path.clone(),
            tensor: name.to_owned(),
            dtype: format!("{:?}", tensor.dtype),
        })
    }
}

/// Little-endian elements as f32; `None` for types that are not floats.
fn to_f32(dtype: Dtype, data: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
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

/// The same with the shape of each.
///
/// # Errors
/// When the file cannot be read, or is broken.
pub fn tensor_shapes(path: &Path) -> Result<HashMap<String, Vec<usize>>, CheckpointError> {
    let file = SafetensorsFile::open(path)?;
    Ok(file.header.tensors().into_iter().map(|(name, tensor)| (name, tensor.shape.clone())).collect())
}

/// Reads all tensors of bytes of a file, by name.
///
/// # Errors
/// When the file cannot be read, or is broken.
pub fn read_bytes(path: &Path) -> Result<HashMap<String, Vec<u8>>, CheckpointError> {
    let file = SafetensorsFile::open(path)?;
    let tensors = file.header.tensors().into_iter().filter(|(_, tensor)| tensor.dtype == Dtype::U8);
    Ok(tensors.map(|(name, tensor)| (name, file.bytes(tensor).to_vec())).collect())
}

/// Writes tensors by name with the metadata `format: pt`, which transformers asks for. The file appears whole or not at
/// all.
///
/// # Errors
/// When the file cannot be written.
pub fn write_safetensors(path: &Path, tensors: &[(String, HostTensor)]) -> Result<(), CheckpointError> {
    let views = tensors.iter().map(|(name, t)| (name.as_str(), Dtype::F32, t.shape.clone(), f32_bytes(&t.values)));
    write(path, views.collect())
}

/// Writes tensors of bytes by name, as [`write_safetensors`] writes those of numbers.
///
/// # Errors
/// When the file cannot be written.
pub fn write_bytes(path: &Path, tensors: &[(&str, Vec<u8>)]) -> Result<(), CheckpointError> {
    let views = tensors.iter().map(|(name, data)| (*name, Dtype::U8, vec![data.len()], Cow::from(data)));
    write(path, views.collect())
}

/// Numbers as the file has them, little-endian.
fn f32_bytes(values: &[f32]) -> Cow<'_, [u8]> {
    match cfg!(target_endian = "little") {
        true => Cow::from(bytemuck::cast_slice(values)),
        false => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

/// A tensor's name, type, shape and bytes.
type Entry<'a> = (&'a str, Dtype, Vec<usize>, Cow<'a, [u8]>);

/// Writes the file in the crate's order and layout: wide types first, then by name; a length, a header of that length, the tensors. The
/// crate's own way to a file does not flush it to the disk, and gives nobody else the right to read it.
fn write(path: &Path, mut tensors: Vec<Entry>) -> Result<(), CheckpointError> {
    let failed = |reason: String| CheckpointError::Write { path: path.into(), reason };
    tensors
        .sort_by(|(name, dtype, ..), (other_name, other_dtype, ..)| other_dtype.cmp(dtype).then(name.cmp(other_name)));
    let mut end = 0;
    let infos = tensors.iter().map(|(name, dtype, shape, data)| {
        let start = end;
        end += data.len();
        ((*name).to_owned(), TensorInfo { dtype: *dtype, shape: shape.clone(), data_offsets: (start, end) })
    });
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let header = Metadata::new(Some(metadata), infos.collect()).map_err(|e| failed(e.to_string()))?;
    let mut header = serde_json::to_vec(&header).map_err(|e| failed(e.to_string()))?;
    header.resize(header.len().next_multiple_of(size_of::<u64>()), b' ');

    // Nobody else writes into this folder; a name of its own would stay after a kill.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let scratch = path.with_file_name(format!(".writing-{name}.tmp"));
    // What stands there is a killed run's, or a link that somebody put there, which is not followed.
    let _ = std::fs::remove_file(&scratch);
    let written = File::create_new(&scratch).and_then(|file| {
        let mut out = BufWriter::new(file);
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        tensors.iter().try_for_each(|(.., data)| out.write_all(data))?;
        out.into_inner()?.sync_all()
    });
    let renamed = written.and_then(|()| std::fs::rename(&scratch, path));
    renamed.map_err(|error| {
        let _ = std::fs::remove_file(&scratch);
        failed(error.to_string())
    })?;
    // The file is whole: that its name cannot be flushed is no failure.
    #[cfg(unix)]
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_is_as_the_crate_writes_it_and_others_may_read_it() {
        use std::os::unix::fs::PermissionsExt;

        use safetensors::tensor::TensorView;
        let folder = tempfile::tempdir().unwrap();
        let (path, plain) = (folder.path().join("model.safetensors"), folder.path().join("plain"));
        let tensor = |name: &str, shape: &[usize]| {
            let values = (0..shape.iter().product()).map(|i: usize| i as f32 - 0.5).collect();
            (name.to_owned(), HostTensor { shape: shape.to_vec(), values })
        };
        let tensors = [tensor("b.weight", &[2, 3]), tensor("a", &[]), tensor("c.bias", &[3])];
        write_safetensors(&path, &tensors).unwrap();
        let bytes: Vec<Vec<u8>> =
            tensors.iter().map(|(_, t)| t.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
        let views = tensors
            .iter()
            .zip(&bytes)
            .map(|((name, t), bytes)| (name, TensorView::new(Dtype::F32, t.shape.clone(), bytes).unwrap()));
        let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        assert_eq!(std::fs::read(&path).unwrap(), safetensors::serialize(views, Some(metadata)).unwrap());
        std::fs::write(&plain, b"").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), mode(&plain));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    /// Where the header is parsed for each tensor, this takes hours.
    #[test]
    fn a_file_of_many_tensors_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let tensor = |i: usize| (format!("layer.{i}"), HostTensor { shape: vec![1, 1], values: vec![i as f32] });
        let count = 100_000;
        write_safetensors(&path, &(0..count).map(tensor).collect::<Vec<_>>()).unwrap();
        let read = read_safetensors(&path).unwrap();
        assert_eq!(read.len(), count);
        for i in [0, 1, 2, 99_998, 99_999] {
            let (name, expected) = tensor(i);
            assert_eq!(read[&name], expected);
        }
        assert_eq!(tensor_names(&path).unwrap().len(), count);
        assert_eq!(tensor_shapes(&path).unwrap()["layer.99999"], [1, 1]);
    }

    #[test]
    fn tensors_are_told_by_name_and_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rng_state.safetensors");
        write_bytes(&path, &[("b", vec![4, 5]), ("a", vec![1, 2, 3])]).unwrap();
        let read = read_bytes(&path).unwrap();
        assert_eq!((read["a"].as_slice(), read["b"].as_slice()), (&[1, 2, 3][..], &[4, 5][..]));
        let file = SafetensorsFile::open(&path).unwrap();
        assert_eq!((file.shape("a"), file.shape("c")), (Some(vec![3]), None));
        for (name, part) in [("a", "`a` has element type U8"), ("c", "it has no tensor `c`")] {
            let said = file.read(name).unwrap_err().to_string();
            assert!(said.contains(part) && said.contains("rng_state.safetensors"), "{said}");
        }
    }
}
