//! The rows that two logs have in common, and how far they lie apart.

use std::path::Path;

use records::files::trainer_state::TrainerState;
use records::metrics::Metrics;
use records::record::{EndWeights, RunRecord};

/// The numbers of a row that are compared.
pub(super) const NUMBERS: [&str; 3] = ["loss", "grad_norm", "learning_rate"];

/// A row of both logs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) step: u64,
    /// Of each of [`NUMBERS`] ours and theirs.
    pub(super) values: [[f64; 2]; NUMBERS.len()],
}

impl Row {
    /// |ours - theirs| / |theirs| of one of [`NUMBERS`]; infinite where one of them is no number.
    pub(super) fn difference(&self, number: usize) -> f64 {
        let [ours, theirs] = self.values[number];
        let difference = (ours - theirs).abs() / theirs.abs().max(f64::MIN_POSITIVE);
        match ours == theirs {
            true => 0.0,
            // A comparison with NaN is never true, and a maximum passes over it.
            false if difference.is_nan() => f64::INFINITY,
            false => difference,
        }
    }

    fn largest(&self) -> f64 {
        (0..NUMBERS.len()).map(|number| self.difference(number)).fold(0.0, f64::max)
    }
}

/// A run beside the Trainer's.
#[derive(Clone, Debug)]
pub struct Parity {
    /// What the run was.
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
    /// Rows of one log whose step the other has not.
    pub(super) alone: usize,
    pub(super) tolerance: f64,
    /// Whether the masks of dropout are PyTorch's, or there are none.
    pub(super) same_masks: bool,
    /// Whether the run ended with the weights of its best evaluation, and the script's with those of its last step.
    pub(super) ends_with_best: bool,
    /// The last evaluation's metrics, ours and theirs; none where they are of other weights.
    pub(super) metrics: Vec<(String, f64, f64)>,
}

impl Parity {
    /// The record beside the trainer_state.json `against`.
    pub(super) fn new(record: &RunRecord, against: &Path, tolerance: f64) -> Result<Self, String> {
        let state = TrainerState::read(against).map_err(|error| error.to_string())?;
        let log: Vec<&Metrics> = record.log_history.iter().flatten().collect();
        let (ours, theirs) = (losses(log.iter().copied()), losses(state.log_history.iter()));
        if ours.is_empty() {
            return Err(
                "its log has no row with a loss, a gradient's norm and a learning rate: run it with --logging_steps 1"
                    .to_owned(),
            );
        }
        if theirs.is_empty() {
            return Err(format!("{} has no such row of the log", against.display()));
        }
        let of_step = |step: u64| theirs.iter().find(|row| row.0 == step);
        let rows: Vec<Row> = ours
            .iter()
            .filter_map(|(step, ours)| {
                let (_, theirs) = of_step(*step)?;
                let values = std::array::from_fn(|number| [ours[number], theirs[number]]);
                Some(Row { step: *step, values })
            })
            .collect();
        if rows.is_empty() {
            return Err(format!("no row of its log has a step of {}: log as often there", against.display()));
        }
        let last = state.log_history.iter().rev().find(|row| row.contains_key("eval_loss"));
        let metric = |(name, ours): (&String, &Option<f64>)| {
            let theirs = last?.get(&format!("eval_{name}"))?.as_f64()?;
            Some((name.clone(), (*ours)?, theirs))
        };
        let ends_with_best = record.training.as_ref().is_some_and(|training| training.weights != EndWeights::Last);
        let of = |name: &str| record.hyper_parameters.get(name);
        let drops = ["hidden_dropout_prob", "attention_probs_dropout_prob"];
        let same_masks = of("dropout_stream").and_then(|value| value.as_str()) == Some("torch")
            || drops.iter().all(|name| of(name).and_then(|p| p.as_f64()) == Some(0.0));
        Ok(Self {
            title: format!("{}, {}, seed {}", record.task, record.model.id, record.seed),
            alone: ours.len() + theirs.len() - 2 * rows.len(),
            metrics: record.metrics.iter().filter(|_| !ends_with_best).filter_map(metric).collect(),
            ends_with_best,
            rows,
            tolerance,
            same_masks,
        })
    }

    /// Where the curves part: the first row of which a number lies further apart than the tolerance.
    pub(super) fn parting(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.largest() > self.tolerance)
    }

    /// Whether they are one curve.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.parting().is_none()
    }
}

/// Steps and numbers of the rows that have them; what is none (`null` in a record, `NaN` in Python's files) is NaN.
fn losses<'a>(log: impl Iterator<Item = &'a Metrics>) -> Vec<(u64, [f64; NUMBERS.len()])> {
    let row = |row: &Metrics| {
        let step = row.get("step")?.as_f64()? as u64;
        let [loss, norm, rate] = NUMBERS.map(|key| row.get(key).map(|value| value.as_f64().unwrap_or(f64::NAN)));
        Some((step, [loss?, norm?, rate?]))
    };
    log.filter_map(row).collect()
}
