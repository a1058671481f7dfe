//! The parameters of a model: for each its tensors in a Hugging Face checkpoint, how they are initialised where a checkpoint
//! lacks them, and whether they decay.

use std::ops::Range;

use crate::parameters::HostTensor;

/// A piece of a parameter along its first axis, in shares of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Shares before it.
    pub first: usize,
    /// Its own shares.
    pub count: usize,
    /// Shares of the whole.
    pub of: usize,
}

impl Piece {
    /// All of it.
    pub const WHOLE: Self = Self { first: 0, count: 1, of: 1 };

    /// Its rows, where the whole has `rows`.
    #[must_use]
    pub fn rows(self, rows: usize) -> Range<usize> {
        let share = rows / self.of;
        self.first * share..(self.first + self.count) * share
    }

    /// Whether it is the whole.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.count == self.of
    }

    /// Its values.
    #[must_use]
    pub fn read(self, whole: &HostTensor) -> HostTensor {
        let mut shape = whole.shape.clone();
        let (rows, columns) = (self.rows(shape[0]), shape[1..].iter().product::<usize>());
        shape[0] = rows.len();
        HostTensor { shape, values: whole.values[rows.start * columns..rows.end * columns].to_vec() }
    }
}

/// How a tensor that a checkpoint lacks is initialised, as transformers' `_init_weights` does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// N(0, initializer_range).
    Normal,
    /// N(0, std) cut at +-`cut`, after a draw of N(0, initializer_range) that is thrown away: transformers first treats
    /// the layer as any other, then as its family's.
    TruncatedNormal {
        /// Standard deviation before the cut.
        std: f64,
        /// Largest absolute value.
        cut: f64,
    },
    /// As [`Init::Normal`], and once more as N(0, std) when all others were drawn: transformers treats the head's layers as any other, and
    /// then the head as its family's.
    NormalAgain {
        /// Standard deviation of the second draw.
        std: f64,
    },
    /// It is not drawn: a checkpoint without it is refused.
    Given,
    /// Every element 0: biases.
    Zeros,
    /// Every element 1: scales of normalisations.
    Ones,
}

/// One parameter of a model, and what of a checkpoint it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    /// Path of the parameter in the module, such as `encoder.layers.0.qkv.weight`.
    pub parameter: String,
    /// Names in the checkpoint without the family's prefix; several are stacked along the first dimension.
    pub tensors: Vec<String>,
    /// The rows of each of them, as shares of the whole's.
    pub shares: Vec<usize>,
    /// What transformers calls them in files, where that is something else: one name for each, or one for all of them together.
    pub stored: Vec<String>,
    /// That one has the pieces in the opposite order.
    pub stored_backwards: bool,
    /// What may precede the names in files, before the family's prefix or in its place.
    pub other_prefix: Option<&'static str>,
    /// Other names of a tensor that transformers ties to it: a file may have the same numbers there too, or there alone.
    pub tied: Vec<String>,
    /// The checkpoint has the matrix as `[in, out]` (transformers' `Conv1D`).
    pub is_transposed: bool,
    /// For those that are missing.
    pub init: Init,
    /// Whether the tensor belongs to the encoder, and so may carry the family's prefix.
    pub in_encoder: bool,
    /// Whether AdamW's weight decay applies: not to biases and normalisation (transformers,
    /// `Trainer.get_decay_parameter_names`).
    pub decay: bool,
}

impl ParameterSpec {
    fn new(parameter: String, tensors: Vec<String>, init: Init) -> Self {
        // MPNet's `relative_attention_bias` is a table, and spared for its name.
        let decay = init == Init::Normal && !tensors.iter().any(|tensor| tensor.contains("bias"));
        let shares = vec![1; tensors.len()];
        Self {
            parameter,
            tensors,
            shares,
            stored: Vec::new(),
            stored_backwards: false,
            other_prefix: None,
            tied: Vec::new(),
            is_transposed: false,
            init,
            in_encoder: true,
            decay,
        }
    }

    /// Which rows of the parameter each of the tensors is.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        let of = self.shares.iter().sum();
        let piece = |(part, &count): (usize, &usize)| Piece { first: self.shares[..part].iter().sum(), count, of };
        self.shares.iter().enumerate().map(piece).collect()
    }

    /// The one tensor that files have of all that are stacked, where they have one.
    #[must_use]
    pub fn stored_as_one(&self) -> Option<&String> {
        self.stored.first().filter(|_| self.stored.len() < self.tensors.len())
    }

    /// Values of [`Self::stored_as_one`] from the file's order of its pieces, which are of one size, to the model's, and the other way.
    #[must_use]
    pub fn in_order(&self, values: Vec<f32>) -> Vec<f32> {
        match self.stored_backwards {
            true => values.chunks((values.len() / self.tensors.len()).max(1)).rev().flatten().copied().collect(),
            false => values,
        }
    }

    /// Values between the checkpoint's order and the model's, either way: `shape` is that of `values`.
    #[must_use]
    pub fn turned(&self, values: Vec<f32>, shape: &[usize]) -> Vec<f32> {
        match shape {
            &[rows, columns] if self.is_transposed => {
                (0..rows * columns).map(|i| values[i % rows * columns + i / rows]).collect()
            }
            _ => values,
        }
    }

    /// The shape in the checkpoint of a tensor of this shape in the model, and the other way.
    #[must_use]
    pub fn turned_shape(&self, shape: &[usize]) -> Vec<usize> {
        match shape {
            &[rows, columns] if self.is_transposed => vec![columns, rows],
            _ => shape.to_vec(),
        }
    }

    /// The name that transformers gives one of the tensors in a classifier's checkpoint: with the family's prefix
    /// where it belongs to the encoder.
    #[must_use]
    pub fn full_name(&self, tensor: &str, prefix: &str) -> String {
        if self.in_encoder { format!("{prefix}{tensor}") } else { tensor.to_owned() }
    }
}

/// A family's names of the parts of a layer; `{}` is the layer. Weights and biases get their endings.
pub struct LayerNames {
    /// Queries, keys and values: three layers, or one.
    pub qkv: &'static [&'static str],
    /// The linear layer after attention.
    pub attention_output: &'static str,
    /// The first normalisation.
    pub attention_norm: &'static str,
    /// First feed-forward layer.
    pub intermediate: &'static str,
    /// Second feed-forward layer.
    pub output: &'static str,
    /// The second normalisation.
    pub output_norm: &'static str,
}

/// Collects the parameters of a model, in the order in which transformers initialises them.
#[derive(Default)]
pub struct ParameterSpecs {
    rows: Vec<ParameterSpec>,
}

impl ParameterSpecs {
    /// An embedding table.
    pub fn table(&mut self, parameter: &str, tensor: &str) -> &mut Self {
        let tensors = vec![format!("{tensor}.weight")];
        self.rows.push(ParameterSpec::new(format!("encoder.{parameter}"), tensors, Init::Normal));
        self
    }

    /// A linear layer, made of one or several of the checkpoint's.
    pub fn linear(&mut self, parameter: &str, tensors: &[&str], bias: bool) -> &mut Self {
        let mut row = |ending: &str, init| {
            let tensors = tensors.iter().map(|tensor| format!("{tensor}.{ending}")).collect();
            self.rows.push(ParameterSpec::new(format!("{parameter}.{ending}"), tensors, init));
        };
        row("weight", Init::Normal);
        if bias {
            row("bias", Init::Zeros);
        }
        self
    }

    /// A normalisation.
    pub fn norm(&mut self, parameter: &str, tensor: &str, bias: bool) -> &mut Self {
        let mut row = |ending: &str, init| {
            let tensors = vec![format!("{tensor}.{ending}")];
            self.rows.push(ParameterSpec::new(format!("{parameter}.{ending}"), tensors, init));
        };
        row("weight", Init::Ones);
        if bias {
            row("bias", Init::Zeros);
        }
        self
    }

    /// A vector that is zeros at first: a bias that belongs to no linear layer.
    pub fn vector(&mut self, parameter: &str, tensor: &str) -> &mut Self {
        self.rows.push(ParameterSpec::new(parameter.to_owned(), vec![tensor.to_owned()], Init::Zeros));
        self
    }

    /// A convolution.
    pub fn convolution(&mut self, parameter: &str, tensor: &str) -> &mut Self {
        let tensors = vec![format!("{tensor}.weight")];
        self.rows.push(ParameterSpec::new(format!("{parameter}.kernel"), tensors, Init::Normal));
        self.vector(&format!("{parameter}.bias"), &format!("{tensor}.bias"))
    }

    /// A layer with biases everywhere, called `name` in the checkpoint.
    pub fn layer(&mut self, index: usize, name: &str, names: &LayerNames) -> &mut Self {
        let path = |part: &str| format!("encoder.layers.{index}.{part}");
        let fill = |pattern: &str| pattern.replace("{}", name);
        let qkv: Vec<String> = names.qkv.iter().map(|part| fill(part)).collect();
        self.linear(&path("qkv"), &qkv.iter().map(String::as_str).collect::<Vec<_>>(), true)
            .linear(&path("attention_output"), &[&fill(names.attention_output)], true)
            .norm(&path("attention_norm"), &fill(names.attention_norm), true)
            .linear(&path("intermediate"), &[&fill(names.intermediate)], true)
            .linear(&path("output"), &[&fill(names.output)], true)
            .norm(&path("output_norm"), &fill(names.output_norm), true)
    }

    /// The last linear layer's matrix is stored as `[in, out]`.
    pub fn transposed(&mut self) -> &mut Self {
        if let Some(row) = self.rows.iter_mut().rfind(|row| row.parameter.ends_with(".weight")) {
            row.is_transposed = true;
        }
        self
    }

    /// What transformers calls the last layer's tensors in files: one name for each, or one for all of them together.
    pub fn stored(&mut self, tensors: &[&str]) -> &mut Self {
        let layer = |parameter: &str| parameter.rsplit_once('.').map(|(layer, _)| layer.to_owned());
        let last = self.rows.last().and_then(|row| layer(&row.parameter));
        for row in self.rows.iter_mut().rev().take(2).filter(|row| layer(&row.parameter) == last) {
            let ending = row.parameter.rsplit('.').next().unwrap_or_default();
            row.stored = tensors.iter().map(|tensor| format!("{tensor}.{ending}")).collect();
        }
        self
    }

    /// What files call the last layer's tensors is one of all, with the last of them first.
    pub fn stored_backwards(&mut self, tensor: &str) -> &mut Self {
        self.stored(&[tensor]);
        let stored = |row: &&mut ParameterSpec| row.stored.iter().any(|name| name.starts_with(tensor));
        self.rows.iter_mut().rev().take(2).filter(stored).for_each(|row| row.stored_backwards = true);
        self
    }

    /// The head of a decoder: a classifier without bias.
    pub fn score(&mut self) -> Vec<ParameterSpec> {
        let from = self.rows.len();
        self.linear("classifier", &["score"], false).outside_encoder(from);
        std::mem::take(&mut self.rows)
    }

    /// The last row's tensors, and its bias's where it has one, are stacked in these shares of rows.
    pub fn in_shares(&mut self, shares: &[usize]) -> &mut Self {
        let stacked = self.rows.iter_mut().rev().take(2).filter(|row| row.tensors.len() == shares.len());
        stacked.for_each(|row| row.shares = shares.to_vec());
        self
    }

    /// What was added since there were `from` rows does not carry the family's prefix.
    pub fn outside_encoder(&mut self, from: usize) -> &mut Self {
        self.rows[from..].iter_mut().for_each(|row| row.in_encoder = false);
        self
    }

    /// The head: a dense layer, `in_encoder` where it is the encoder's pooler, and the classifier.
    pub fn head(&mut self, dense: &str, in_encoder: bool, classifier: &str) -> Vec<ParameterSpec> {
        let from = self.rows.len();
        self.linear("dense", &[dense], true);
        let pooler = self.rows.len();
        self.linear("classifier", &[classifier], true);
        self.outside_encoder(if in_encoder { pooler } else { from });
        std::mem::take(&mut self.rows)
    }

    /// The parameters so far.
    pub fn rows(&mut self) -> &mut Vec<ParameterSpec> {
        &mut self.rows
    }
}

/// Spellings of older checkpoints: TensorFlow's names for LayerNorm.
#[must_use]
pub fn old_spelling(name: &str) -> Option<String> {
    let stem = name.strip_suffix("LayerNorm.weight").map(|s| format!("{s}LayerNorm.gamma"));
    stem.or_else(|| name.strip_suffix("LayerNorm.bias").map(|s| format!("{s}LayerNorm.beta")))
}
