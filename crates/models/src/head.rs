//! Sequence classification and regression: encoder, dropout, linear head, and the loss that the task decides.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::batch::TokenBatch;
use crate::encoder::architecture::Architecture;
use crate::encoder::model::Encoder;
use crate::layers::{LayerNorm, Linear, RowPass};
use crate::ops::{self, ClassTargets, DropoutPlan, EncoderOps, Place, Precision};

/// What the model is asked to predict for a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Class indices, `[batch]`: cross-entropy.
    Classes(Vec<usize>),
    /// Scores, `[batch]`: mean squared error of the one logit.
    Scores(Vec<f32>),
    /// Any number of classes each, `[batch, num_labels]` of 0 and 1: binary cross-entropy, one logit a class.
    MultiLabel(Vec<Vec<f32>>),
}

impl Targets {
    /// Number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Scores(scores) => scores.len(),
            Self::MultiLabel(rows) => rows.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `…ForSequenceClassification` of any family: encoder, dense layer, classifier.
#[derive(Module, Debug)]
pub struct SequenceClassifier<B: Backend> {
    /// Embeddings and layers; their output is `[rows, hidden]`.
    pub encoder: Encoder<B>,
    /// `[hidden, hidden]`: BERT's pooler, or the head's own.
    pub dense: Linear<B>,
    /// After the dense layer.
    pub dense_norm: Option<LayerNorm<B>>,
    /// `[num_labels, hidden]`; one label is a regression.
    pub classifier: Linear<B>,
}

impl<B: Backend> SequenceClassifier<B> {
    /// All parameters zero, to be loaded or initialised.
    #[must_use]
    pub fn zeros(architecture: Architecture, num_labels: usize, precision: Precision, device: &B::Device) -> Self {
        let a = Arc::new(architecture);
        let hidden = a.hidden_size;
        Self {
            dense: Linear::zeros(hidden, hidden, a.head.dense_bias, precision, device),
            dense_norm: a.head.norm.then(|| LayerNorm::zeros(hidden, a.layer_norm_eps, a.norm_bias, device)),
            classifier: Linear::zeros(hidden, num_labels, true, precision, device),
            encoder: Encoder::zeros(a, precision, device),
        }
    }
}

impl<B: EncoderOps> SequenceClassifier<B> {
    /// Logits, `[batch, num_labels]`.
    #[must_use]
    pub fn forward(&self, batch: &TokenBatch, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        let pooled = self.encoder.pooled(batch, plan);
        self.classify(pooled, batch, plan)
    }

    /// Logits of what the encoder says of each example, `[batch, hidden]`.
    pub(crate) fn classify(&self, mut x: Tensor<B, 2>, batch: &TokenBatch, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        let head = self.encoder.architecture().head;
        let rows = Arc::new(batch.sequences.first_tokens());
        if head.dense_dropout > 0.0 {
            x = ops::dropout(x, plan.next(Place::Pooled, head.dense_dropout), &rows);
        }
        x = head.activation.forward(&self.dense, x, &mut RowPass { plan, sequences: &rows });
        if let Some(norm) = &self.dense_norm {
            x = norm.forward(x);
        }
        x = ops::dropout(x, plan.next(Place::Classifier, head.dropout), &rows);
        self.classifier.forward(x, &mut RowPass { plan, sequences: &rows })
    }
}

/// How examples' losses become one number.
#[derive(Clone, Debug)]
pub struct LossOptions {
    /// The sum is divided by it. With the number of examples of the whole optimizer step (or the sum of their weights),
    /// micro-batches add up to the large batch's mean exactly.
    pub divisor: f64,
    /// transformers' `label_smoothing_factor`, for classes.
    pub label_smoothing_factor: f64,
    /// `torch.nn.CrossEntropyLoss`'s `weight`.
    pub class_weights: Option<Arc<[f64]>>,
}

/// The loss of a batch, `[1]`.
#[must_use]
pub fn loss<B: EncoderOps>(logits: Tensor<B, 2>, targets: &Targets, options: LossOptions) -> Tensor<B, 1> {
    let divisor = options.divisor;
    match targets {
        Targets::Classes(classes) => {
            let classes = classes.iter().map(|&class| class as u32).collect();
            let label_smoothing = options.label_smoothing_factor;
            let class_weights = options.class_weights;
            ops::cross_entropy(logits, &ClassTargets { classes, divisor, label_smoothing, class_weights })
        }
        Targets::Scores(scores) => {
            let scores = TensorData::new(scores.clone(), [targets.len(), 1]);
            let error = logits.clone() - Tensor::from_data(scores, &logits.device());
            (error.clone() * error).sum() / divisor
        }
        // `torch.nn.BCEWithLogitsLoss`: max(x, 0) - x y + log(1 + exp(-|x|)), the mean over all logits.
        Targets::MultiLabel(rows) => {
            let num_labels = logits.dims()[1];
            let y = TensorData::new(rows.concat(), [rows.len(), num_labels]);
            let y = Tensor::from_data(y, &logits.device());
            let tail = (logits.clone().abs().neg().exp() + 1.0).log();
            (logits.clone().clamp_min(0.0) - logits * y + tail).sum() / (divisor * num_labels as f64)
        }
    }
}
