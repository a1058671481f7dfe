//! The weights at the end of a run on each part of the data that `--final_eval` names.

use models::head::SequenceClassifier;
use models::ops::EncoderOps;
use records::record::parts::{Scores, finite};
use records::record::{FinalEvaluation, SplitRows};

use super::context::RunContext;
use super::final_rows::RowsOf;
use super::predictions::Prediction;
use super::score::Evaluation;
use super::stopped::stopped;
use super::warnings::Warnings;
use crate::data::Split;
use crate::error::Error;

/// Evaluates each part; what the run has evaluated or predicted already is taken from there.
///
/// # Errors
/// A metric that is not defined for the rows.
pub(super) fn evaluate_parts<B: EncoderOps>(
    context: &RunContext,
    model: &SequenceClassifier<B>,
    evaluations: &[Evaluation],
    predictions: &[Prediction],
    warnings: &mut Warnings,
) -> Result<Vec<FinalEvaluation>, Error> {
    let fresh = |split: &Split| {
        log::info!("{}: evaluates {} rows of {}", context.prepared.task.name, split.len(), split.name);
        let logits = context.predict(model, split).ok_or_else(stopped)?;
        Evaluation::new(context, split, "", logits)
    };
    let mut all = Vec::new();
    for (part, rows) in &context.prepared.last {
        let known = match &part.rows {
            RowsOf::Eval(at) => evaluations.get(*at),
            RowsOf::Test(at) => predictions.get(*at).and_then(|prediction| prediction.evaluation.as_ref()),
            RowsOf::Train | RowsOf::Own(_) => None,
        };
        let of_own = match &part.rows {
            RowsOf::Train => context.prepared.train.as_ref(),
            RowsOf::Own(split) => Some(split),
            RowsOf::Eval(_) | RowsOf::Test(_) => None,
        };
        let made = of_own.map(fresh).transpose()?;
        let Some(evaluation) = made.as_ref().or(known) else { continue };
        if let Some(loss) = made.as_ref().and_then(|own| own.loss).filter(|loss| !loss.is_finite()) {
            warnings.add(format!("the loss on {} is {loss}: the scores mean nothing", evaluation.split));
        }
        all.push(entry(&part.name, rows, evaluation));
    }
    Ok(all)
}

fn entry(name: &str, rows: &SplitRows, evaluation: &Evaluation) -> FinalEvaluation {
    let plain = |key: &str| key.strip_suffix(&evaluation.suffix).unwrap_or(key).to_owned();
    let mut metrics: Scores = evaluation.scores.iter().map(|(key, score)| (plain(key), finite(*score))).collect();
    metrics.insert("loss".to_owned(), evaluation.loss.and_then(finite));
    FinalEvaluation { name: name.to_owned(), data: rows.clone(), metrics }
}
