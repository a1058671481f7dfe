//! A checkpoint's tensors into a model's parameters.

use std::collections::{HashMap, HashSet};

use burn::module::Module;
use burn::tensor::backend::Backend;

use super::error::CheckpointError;
use super::files::{CheckpointTensors, WeightFiles, is_of_head};
use crate::parameter_specs::{Init, ParameterSpec, old_spelling};
use crate::parameters;
use crate::torch_rng::TorchRng;

/// How to load.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The architecture, for messages.
    pub model_type: String,
    /// What may precede an encoder's names.
    pub prefix: &'static str,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
    /// Rows of tables that are 0 where the table is drawn, by the parameter: those of padding.
    pub padding_rows: Vec<(&'static str, usize)>,
    /// What becomes of a head that the files have.
    pub head: HeadUse,
}

/// What becomes of a classifier's head that a checkpoint has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeadUse {
    /// It is used, and must fit.
    #[default]
    MustFit,
    /// What has another shape is drawn anew (`--ignore_mismatched_sizes`).
    WhereItFits,
    /// The classifier, whose rows are classes, is drawn anew whatever its shape: its classes are others.
    NewClassifier,
}

impl HeadUse {
    /// Whether a parameter that the files have is drawn all the same. `parameter`: its path in the model.
    pub(crate) fn draws(self, parameter: &str) -> bool {
        self == Self::NewClassifier && parameter.starts_with("classifier.")
    }

    /// Whether one of another shape is drawn anew.
    pub(crate) fn ignores_mismatched_sizes(self) -> bool {
        self != Self::MustFit
    }
}

/// What became of the checkpoint's tensors; names as in Hugging Face's checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LoadReport {
    /// Found and loaded.
    pub loaded: Vec<String>,
    /// Not in the file: initialised.
    pub initialized: Vec<String>,
    /// In the file, and initialised all the same: with another shape (`--ignore_mismatched_sizes`), or as a classifier of other classes.
    pub mismatched: Vec<String>,
    /// In the file and not part of the model.
    pub unused: Vec<String>,
}

impl LoadReport {
    /// Whether the classifier was drawn rather than loaded.
    #[must_use]
    pub fn new_head(&self) -> bool {
        self.initialized.iter().chain(&self.mismatched).any(|name| is_of_head(name))
    }
}

/// Names under which `tensor` of an entry may be stored, the usual one first; `stored`: what files call it that transformers writes,
/// where that is another.
fn spellings(tensor: &str, stored: Option<&String>, entry: &ParameterSpec, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for name in std::iter::once(tensor.to_owned()).chain(old_spelling(tensor)).chain(stored.cloned()) {
        if entry.in_encoder {
            names.push(format!("{prefix}{name}"));
        }
        names.push(name);
    }
    let with = |other: &str| names.iter().map(|name| format!("{other}{name}")).collect();
    let others: Vec<String> = entry.other_prefix.map(with).unwrap_or_default();
    names.extend(others);
    names
}

/// Fills a module's parameters from `files` and draws what they lack, in the order of `names`, from torch's stream `rng`: a new one of the
/// run's seed.
///
/// # Errors
/// When a file is broken, a tensor has the wrong shape, or nothing in the files belongs to the model.
pub fn load<B: Backend, M: Module<B>>(
    module: M,
    names: &[ParameterSpec],
    files: &WeightFiles,
    options: &LoadOptions,
    rng: &mut TorchRng,
) -> Result<(M, LoadReport), CheckpointError> {
    let tensors = CheckpointTensors::open(files)?;
    let shapes: HashMap<String, Vec<usize>> = parameters::shapes(&module).into_iter().collect();
    let mut report = LoadReport::default();
    let mut used = HashSet::new();
    let mut values = HashMap::new();
    let mut again = Vec::new();
    for entry in names {
        let Some(shape) = shapes.get(&entry.parameter) else {
            unreachable!("the table of tensor names has `{}`, the module has not", entry.parameter)
        };
        let of_all = entry.stored_as_one().and_then(|stored| {
            let names = spellings(stored, None, entry, options.prefix);
            names.into_iter().find(|name| tensors.contains(name))
        });
        if let Some(name) = of_all {
            check_shape(&name, &tensors, shape, entry, options)?;
            values.insert(entry.parameter.clone(), entry.in_order(tensors.read(&name)?));
            report.loaded.extend(entry.tensors.iter().map(|tensor| entry.full_name(tensor, options.prefix)));
            used.insert(name);
            continue;
        }
        let mut whole = Vec::with_capacity(shape.iter().product());
        for (part, (tensor, piece)) in entry.tensors.iter().zip(entry.pieces()).enumerate() {
            let mut piece_shape = shape.clone();
            piece_shape[0] = piece.rows(shape[0]).len();
            let piece_shape = entry.turned_shape(&piece_shape);
            let count: usize = piece_shape.iter().product();
            let full = entry.full_name(tensor, options.prefix);
            let stored = entry.stored.get(part);
            let names = spellings(tensor, stored, entry, options.prefix);
            let tied = entry.tied.iter().flat_map(|other| spellings(other, None, entry, options.prefix));
            let found = names.into_iter().chain(tied.clone()).find(|name| tensors.contains(name));
            let fits = match &found {
                None => false,
                Some(name) => {
                    used.insert(name.clone());
                    !options.head.draws(&entry.parameter) && check_shape(name, &tensors, &piece_shape, entry, options)?
                }
            };
            match (found, fits) {
                (Some(name), true) => {
                    let values = tensors.read(&name)?;
                    for other in tied.filter(|other| *other != name && tensors.contains(other)) {
                        check_tied((&name, &values), &other, &tensors)?;
                        used.insert(other);
                    }
                    whole.extend(entry.turned(values, &piece_shape));
                    report.loaded.push(full);
                }
                (None, _) if entry.init == Init::Given => {
                    return Err(CheckpointError::NotDrawn { tensor: full, model_type: options.model_type.clone() });
                }
                (found, _) => {
                    if let Init::NormalAgain { std } = entry.init {
                        again.push((entry.parameter.clone(), count, std));
                    }
                    let mut drawn = initial_values(entry.init, count, options.initializer_range, rng);
                    if entry.init == Init::Normal {
                        empty_padding(&mut drawn, &entry.parameter, shape, options);
                    }
                    whole.extend(entry.turned(drawn, &piece_shape));
                    if found.is_some() { report.mismatched.push(full) } else { report.initialized.push(full) }
                }
            }
        }
        values.insert(entry.parameter.clone(), whole);
    }
    for (parameter, count, std) in again {
        values.insert(parameter, rng.normal(count, std));
    }
    report.unused = tensors.names().filter(|name| !used.contains(*name)).map(str::to_owned).collect();
    let loaded: HashSet<&String> = report.loaded.iter().collect();
    let in_encoder = names.iter().filter(|entry| entry.in_encoder);
    let is_loaded = |entry: &ParameterSpec, tensor| loaded.contains(&entry.full_name(tensor, options.prefix));
    if !in_encoder.into_iter().any(|entry| entry.tensors.iter().any(|tensor| is_loaded(entry, tensor))) {
        let found = tensors.names().take(3).collect::<Vec<_>>().join(", ");
        return Err(CheckpointError::NothingMatches { model_type: options.model_type.clone(), found });
    }
    Ok((parameters::write(module, values), report))
}

/// Whether the two hold the same numbers; transformers ties no others, and trains each by itself then.
fn check_tied((name, ours): (&str, &[f32]), other: &str, tensors: &CheckpointTensors) -> Result<(), CheckpointError> {
    let is_same = tensors.shape(name) == tensors.shape(other)
        && ours.iter().zip(&tensors.read(other)?).all(|(a, b)| a.to_bits() == b.to_bits());
    let differ = || CheckpointError::Untied { tensor: other.to_owned(), of: name.to_owned() };
    is_same.then_some(()).ok_or_else(differ)
}

/// Whether the tensor has the wanted shape; an error where it must.
fn check_shape(
    name: &str,
    tensors: &CheckpointTensors,
    expected: &[usize],
    entry: &ParameterSpec,
    options: &LoadOptions,
) -> Result<bool, CheckpointError> {
    let found = tensors.shape(name).unwrap_or_default();
    if found == expected {
        return Ok(true);
    }
    if !entry.in_encoder && options.head.ignores_mismatched_sizes() {
        return Ok(false);
    }
    let hint = if entry.in_encoder {
        ""
    } else {
        "; the checkpoint's head was trained for another number of labels: --ignore_mismatched_sizes true draws a new one"
    };
    Err(CheckpointError::Shape { tensor: name.to_owned(), found, expected: expected.to_vec(), hint })
}

/// Makes the padding's rows of a table 0, those that it has.
fn empty_padding(table: &mut [f32], parameter: &str, shape: &[usize], options: &LoadOptions) {
    let columns = shape.iter().skip(1).product::<usize>().max(1);
    for (_, row) in options.padding_rows.iter().filter(|(name, _)| *name == parameter) {
        if let Some(row) = table.chunks_mut(columns).nth(*row) {
            row.fill(0.0);
        }
    }
}

fn initial_values(init: Init, count: usize, std: f64, rng: &mut TorchRng) -> Vec<f32> {
    match init {
        Init::Normal | Init::NormalAgain { .. } => rng.normal(count, std),
        Init::TruncatedNormal { std: own, cut } => {
            rng.normal(count, std);
            rng.truncated_normal(count, own, cut)
        }
        // What is given is never drawn.
        Init::Given | Init::Zeros => vec![0.0; count],
        Init::Ones => vec![1.0; count],
    }
}
