//! adapter_model.safetensors: what stands beside layers, and the layers that are trained as a whole.

use std::collections::HashMap;
use std::path::Path;

use burn::module::Module;
use burn::tensor::backend::Backend;

use super::error::PeftError;
use super::method::Method;
use super::plan::{AdapterPlan, SavedTensor};
use crate::checkpoint::{HeadUse, read_safetensors, tensor_names, write_safetensors};
use crate::parameters::{self, HostTensor};

/// What `peft` puts before the names of a model's tensors.
pub(super) const PREFIX: &str = "base_model.model.";

/// Writes the file, in `peft`'s names and shapes.
///
/// # Errors
/// When it cannot be written.
pub fn save_adapter<B: Backend, M: Module<B>>(module: &M, plan: &AdapterPlan, path: &Path) -> Result<(), PeftError> {
    let mut tensors = Vec::new();
    let held = parameters::read_where(module, |path| plan.is_trained(path));
    let held: HashMap<String, HostTensor> = held.into_iter().collect();
    for (name, parameter) in beside(plan) {
        let Some(mut tensor) = held.get(&parameter).cloned() else { continue };
        if let Method::Ia3(_) = plan.method {
            tensor.shape = ia3_shape(plan, &parameter, tensor.values.len());
        }
        tensors.push((name, tensor));
    }
    for saved in &plan.saved {
        let Some(whole) = held.get(&saved.parameter) else { continue };
        let piece = saved.piece.read(whole);
        tensors.push((format!("{PREFIX}{}", saved.name), piece));
    }
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(write_safetensors(path, &tensors)?)
}

/// Whether a file holds any layer that is trained as a whole.
///
/// # Errors
/// When it cannot be read.
pub fn brings_saved(plan: &AdapterPlan, path: &Path) -> Result<bool, PeftError> {
    let names = tensor_names(path)?;
    Ok(plan.saved.iter().any(|saved| names.contains(&format!("{PREFIX}{}", saved.name))))
}

/// Takes the values of a file into a model that the plan was put beside. Names of those of the head that the file lacks or, where
/// `head` allows it, has in another size, or is to have drawn: they stay as they are.
///
/// # Errors
/// When the file cannot be read, lacks what stands beside a layer, or has what the model has not.
pub fn load_adapter<B: Backend, M: Module<B>>(
    module: M,
    plan: &AdapterPlan,
    path: &Path,
    head: HeadUse,
) -> Result<(M, Vec<String>), PeftError> {
    let wrong = |reason: String| PeftError::Tensors { path: path.to_owned(), reason };
    let mut file = read_safetensors(path)?;
    // Copies that peft writes beside those that it reads.
    file.retain(|name, _| !name.contains(".original_module.") && !name.contains(".modules_to_save."));
    let shapes: HashMap<String, Vec<usize>> = parameters::shapes(&module).into_iter().collect();
    let mut values: HashMap<String, Vec<f32>> = HashMap::new();
    for (name, parameter) in beside(plan) {
        let Some(tensor) = file.remove(&name) else { return Err(wrong(format!("it has no tensor `{name}`"))) };
        let expected = match plan.method {
            Method::Ia3(_) => ia3_shape(plan, &parameter, shapes[&parameter].iter().product()),
            _ => shapes[&parameter].clone(),
        };
        if tensor.shape != expected {
            return Err(wrong(format!(
                "tensor `{name}` has shape {:?}; the model asks for {expected:?}",
                tensor.shape
            )));
        }
        values.insert(parameter, tensor.values);
    }
    let own = parameters::read_where(&module, |path| plan.trained.contains(path));
    let mut own: HashMap<String, HostTensor> = own.into_iter().collect();
    let mut left = Vec::new();
    for SavedTensor { name, parameter, piece } in &plan.saved {
        let Some(whole) = own.get_mut(parameter) else { continue };
        let expected = piece.read(whole).shape;
        match file.remove(&format!("{PREFIX}{name}")) {
            None => left.push(name.clone()),
            Some(_) if head.draws(parameter) => left.push(name.clone()),
            Some(tensor) if tensor.shape == expected => {
                let columns = expected[1..].iter().product::<usize>();
                let start = piece.rows(whole.shape[0]).start * columns;
                whole.values[start..start + tensor.values.len()].copy_from_slice(&tensor.values);
            }
            Some(_) if head.ignores_mismatched_sizes() => left.push(name.clone()),
            Some(tensor) => {
                return Err(wrong(format!(
                    "tensor `{name}` has shape {:?}; the task asks for {expected:?}: --ignore_mismatched_sizes true draws a new one",
                    tensor.shape
                )));
            }
        }
    }
    if let Some(name) = file.keys().min() {
        return Err(wrong(format!("it has a tensor `{name}`, which has no place in the model")));
    }
    values.extend(own.into_iter().map(|(path, tensor)| (path, tensor.values)));
    Ok((parameters::write(module, values), left))
}

/// Of what stands beside layers, the names in the file and the paths.
fn beside(plan: &AdapterPlan) -> impl Iterator<Item = (String, String)> {
    plan.specs().into_iter().map(|spec| (format!("{PREFIX}{}", spec.tensors[0]), spec.parameter))
}

/// The shape that `peft` gives `ia3_l`.
fn ia3_shape(plan: &AdapterPlan, parameter: &str, len: usize) -> Vec<usize> {
    let of = |site: &&super::plan::Site| format!("{}.ia3.{}.l", site.linear, site.number) == parameter;
    match plan.sites.iter().find(of).is_some_and(|site| site.is_feedforward) {
        true => vec![1, len],
        false => vec![len, 1],
    }
}
