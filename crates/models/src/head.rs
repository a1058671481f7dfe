//! Sequence classification and regression: encoder, dropout, linear head, and the loss that the task decides.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::activation::log_softmax;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::batch::TokenBatch;
use crate::encoder::architecture::{Architecture, Pooling};
use crate::encoder::model::Encoder;
use crate::encoder::pooling::mean;
use crate::layers::{Linear, Norm, RowPass};
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

/// `…ForSequenceClassification` of any family: encoder, perhaps a dense layer, classifier.
#[derive(Module, Debug)]
pub struct SequenceClassifier<B: Backend> {
    /// Embeddings and layers; their output is `[rows, hidden]`.
    pub encoder: Encoder<B>,
    /// `[hidden, hidden]`: BERT's pooler, or the head's own.
    pub dense: Option<Linear<B>>,
    /// After the dense layer.
    pub dense_norm: Option<Norm<B>>,
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
            dense: a.head.dense.map(|dense| Linear::zeros(hidden, hidden, dense.bias, precision, device)),
            dense_norm: a
                .head
                .dense
                .is_some_and(|dense| dense.norm)
                .then(|| Norm::zeros(hidden, a.norm, a.layer_norm_eps, device)),
            classifier: Linear::zeros(hidden, num_labels, a.head.classifier_bias, precision, device),
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

    /// Logits of what the encoder's [`Encoder::pooled`] gives.
    pub(crate) fn classify(&self, mut x: Tensor<B, 2>, batch: &TokenBatch, plan: &mut DropoutPlan) -> Tensor<B, 2> {
        let head = self.encoder.architecture().head;
        let rows = Arc::new(batch.sequences.first_tokens());
        let pools_behind = head.pooling == Pooling::MeanOfDense;
        if let (Some(dense), Some(layer)) = (head.dense, &self.dense) {
            let rows = if pools_behind { &batch.sequences } else { &rows };
            if dense.dropout > 0.0 {
                x = ops::dropout(x, plan.next(Place::Pooled, dense.dropout), rows);
            }
            x = dense.activation.forward(layer, x, &mut RowPass { plan, sequences: rows });
            if let Some(norm) = &self.dense_norm {
                x = norm.forward(x);
            }
        }
        if pools_behind {
            // The classifier is linear: the mean of its logits is its logits of the mean.
            x = mean(x, &batch.sequences);
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
    /// What a teacher says of the same examples.
    pub soft_targets: Option<SoftTargets>,
}

/// What a teacher says of the examples of a batch, and how much it counts.
#[derive(Clone, Debug)]
pub struct SoftTargets {
    /// The teacher's logits, `[batch, num_labels]`, row-major, classes in the model's order.
    pub logits: Vec<f32>,
    /// Logits of both are divided by it, above 0.
    pub temperature: f64,
    /// Its share of the loss, 0 to 1; the labels have the rest.
    pub alpha_ce: f64,
    /// The sum over examples is divided by it: examples of the whole optimizer step.
    pub divisor: f64,
}

/// The loss of a batch, `[1]`.
#[must_use]
pub fn loss<B: EncoderOps>(logits: Tensor<B, 2>, targets: &Targets, options: LossOptions) -> Tensor<B, 1> {
    let Some(soft) = options.soft_targets.clone() else { return loss_of_labels(logits, targets, options) };
    let taught = loss_of_teacher(logits.clone(), targets, &soft) * soft.alpha_ce;
    taught + loss_of_labels(logits, targets, options) * (1.0 - soft.alpha_ce)
}

/// How far the logits are from the teacher's. Of classes the Kullback-Leibler divergence of the two softmaxes at a temperature, times its square,
/// so that its gradients are of the size of the others' (Hinton et al. 2015, <https://arxiv.org/abs/1503.02531>); of scores the squared error.
fn loss_of_teacher<B: EncoderOps>(logits: Tensor<B, 2>, targets: &Targets, soft: &SoftTargets) -> Tensor<B, 1> {
    let [batch, num_labels] = logits.dims();
    let (device, temperature) = (logits.device(), soft.temperature);
    let constant = |values: Vec<f32>| Tensor::<B, 2>::from_data(TensorData::new(values, [batch, num_labels]), &device);
    match targets {
        Targets::Classes(_) | Targets::MultiLabel(_) => {
            let rows = soft.logits.chunks_exact(num_labels.max(1));
            let probabilities: Vec<f64> = rows.flat_map(|row| softmax(row, temperature)).collect();
            // What depends on the teacher alone.
            let entropy: f64 = probabilities.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum();
            let log_probabilities = log_softmax(logits / temperature, 1);
            let cross = (constant(probabilities.iter().map(|&p| p as f32).collect()) * log_probabilities).sum();
            (cross.neg() + entropy) * (temperature * temperature / soft.divisor)
        }
        Targets::Scores(_) => {
            let error = logits - constant(soft.logits.clone());
            (error.clone() * error).sum() / soft.divisor
        }
    }
}

/// Shifted by the largest, so that it cannot overflow.
fn softmax(logits: &[f32], temperature: f64) -> Vec<f64> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|&x| (f64::from(x - highest) / temperature).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// The loss that the labels make.
fn loss_of_labels<B: EncoderOps>(logits: Tensor<B, 2>, targets: &Targets, options: LossOptions) -> Tensor<B, 1> {
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
