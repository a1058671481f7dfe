//! A module's parameters as a Hugging Face checkpoint.

use std::collections::HashMap;
use std::path::Path;

use burn::module::Module;
use burn::tensor::backend::Backend;

use super::error::CheckpointError;
use super::safetensors_file::write_safetensors;
use crate::parameter_specs::ParameterSpec;
use crate::parameters::{self, HostTensor};

/// Writes `model.safetensors` in transformers' names: stacked parameters become the tensors that they are made of.
///
/// # Errors
/// When the file cannot be written.
pub fn save<B: Backend, M: Module<B>>(
    module: &M,
    names: &[ParameterSpec],
    prefix: &str,
    path: &Path,
) -> Result<(), CheckpointError> {
    let mut values: HashMap<String, HostTensor> = parameters::read(module).into_iter().collect();
    let mut tensors = Vec::new();
    for entry in names {
        let Some(whole) = values.remove(&entry.parameter) else {
            unreachable!("the table of tensor names has `{}`, the module has not", entry.parameter)
        };
        if let Some(name) = entry.stored_as_one() {
            let HostTensor { shape, values } = whole;
            tensors.push((entry.full_name(name, prefix), HostTensor { values: entry.in_order(values), shape }));
            continue;
        }
        let names = if entry.stored.is_empty() { &entry.tensors } else { &entry.stored };
        tensors.extend(names.iter().zip(entry.pieces()).map(|(name, piece)| {
            let HostTensor { shape, values } = piece.read(&whole);
            let tensor = HostTensor { values: entry.turned(values, &shape), shape: entry.turned_shape(&shape) };
            (entry.full_name(name, prefix), tensor)
        }));
    }
    write_safetensors(path, &tensors)
}
