//! The rows that two logs have in common, and how far they lie apart.

use std::collections::BTreeMap;
use std::path::Path;

use super::apart::apart;
use super::draws::Draws;
use super::evaluations::Evaluations;
use super::run_of::RunOf;
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
        apart(self.values[number])
    }

    /// The first of [`NUMBERS`] that lies further apart than that: its place.
    pub(super) fn parting(&self, tolerance: f64) -> Option<usize> {
        (0..NUMBERS.len()).find(|number| self.difference(*number) > tolerance)
    }
}

/// Whether two curves are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// In every row, and in every evaluation.
    Same,
    /// In all that both logs have, which is not all.
    Incomplete,
    /// They part.
    Parts,
}

impl Agreement {
    /// As JSON has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Incomplete => "incomplete",
            Self::Parts => "parts",
        }
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
    /// What it drew otherwise than the Trainer does.
    pub(super) draws: Draws,
    /// Whether the run ended with the weights of its best evaluation, and the script's with those of its last step.
    pub(super) ends_with_best: bool,
    /// What was evaluated on the way and at the end.
    pub(super) evaluations: Evaluations,
    /// What the run warned of.
    pub(super) warnings: Vec<String>,
}

impl Parity {
    /// The record beside the state that the trainer_state.json `against` holds.
    pub(super) fn new(
        record: &RunRecord,
        against: &Path,
        state: &TrainerState,
        tolerance: f64,
    ) -> Result<Self, String> {
        if RunOf::of_log(against).is_some_and(|run| run != RunOf::of(record)) {
            return Err(format!(
                "{} is of another run: the script that made it was written for other settings",
                against.display()
            ));
        }
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
        let rows = common_rows(&ours, &theirs);
        if rows.is_empty() {
            return Err(format!("no row of its log has a step of {}: log as often there", against.display()));
        }
        if theirs.iter().any(|(_, [_, norm, _])| is_of_run_glue(*norm)) {
            return Err(format!(
                "{} is a log of run-glue's: give the trainer_state.json of the Trainer, whose gradient norms are numbers of f32",
                against.display()
            ));
        }
        let training = record.training.as_ref();
        let ends_with_best = training.is_some_and(|training| training.weights != EndWeights::Last);
        // Of the weights after the last step, as the record has them.
        let last_row = ours.last().map_or(0, |(step, _)| *step);
        let end = training.map_or(last_row, |training| training.step);
        Ok(Self {
            title: format!("{}, {}, seed {}", record.task, record.model.id, record.seed),
            alone: (ours.len() + theirs.len()).saturating_sub(2 * rows.len()),
            evaluations: Evaluations::of(record, &state.log_history, end, ends_with_best),
            ends_with_best,
            rows,
            tolerance,
            draws: Draws::of(record),
            warnings: record.warnings.clone(),
        })
    }

    /// Where the curves part: the first row of which a number lies further apart than the tolerance, and which of [`NUMBERS`].
    pub(super) fn parting(&self) -> Option<(&Row, usize)> {
        self.rows.iter().find_map(|row| Some((row, row.parting(self.tolerance)?)))
    }

    /// The first evaluation of which a number lies further apart than that: its step, the number's name, ours and theirs.
    pub(super) fn parting_evaluation(&self) -> Option<(u64, &str, [f64; 2])> {
        self.evaluations.parting(self.tolerance)
    }

    /// Whether they are one curve.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        match () {
            () if self.parting().is_some() || self.parting_evaluation().is_some() => Agreement::Parts,
            () if self.alone > 0 || !self.evaluations.alone.is_empty() => Agreement::Incomplete,
            () => Agreement::Same,
        }
    }
}

/// Whether a gradient's norm is one that the Trainer cannot give: PyTorch has it in f32, and run-glue adds it up in f64.
fn is_of_run_glue(norm: f64) -> bool {
    norm.is_finite() && f64::from(norm as f32) != norm
}

/// The steps that both logs have. A loss is the mean over the steps since the row before, so where one log has more rows, its losses since
/// the last common step are put together.
fn common_rows(ours: &[LogRow], theirs: &[LogRow]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut from = 0;
    for (step, numbers) in ours {
        let Some((_, other)) = theirs.iter().find(|row| row.0 == *step) else { continue };
        let mut values: [[f64; 2]; NUMBERS.len()] = std::array::from_fn(|number| [numbers[number], other[number]]);
        values[0] = [mean_loss(ours, from, *step), mean_loss(theirs, from, *step)];
        rows.push(Row { step: *step, values });
        from = *step;
    }
    rows
}

/// The mean loss of the steps behind `from` up to `to`.
fn mean_loss(log: &[LogRow], from: u64, to: u64) -> f64 {
    let mut before = from;
    let mut parts = Vec::new();
    for (step, numbers) in log.iter().filter(|(step, _)| from < *step && *step <= to) {
        parts.push((numbers[0], (step - before) as f64));
        before = *step;
    }
    match parts.as_slice() {
        [(loss, _)] => *loss,
        parts => parts.iter().map(|(loss, steps)| loss * steps).sum::<f64>() / (to - from) as f64,
    }
}

/// A step, and each of [`NUMBERS`].
type LogRow = (u64, [f64; NUMBERS.len()]);

/// The rows that have these numbers, by their steps; what is none (`null` in a record, `NaN` in Python's files) is NaN. Of a step that a log has
/// twice, as after it went on from a checkpoint, the last one counts.
fn losses<'a>(log: impl Iterator<Item = &'a Metrics>) -> Vec<LogRow> {
    let row = |row: &Metrics| {
        let step = row.get("step")?.as_f64()? as u64;
        let [loss, norm, rate] = NUMBERS.map(|key| row.get(key).map(|value| value.as_f64().unwrap_or(f64::NAN)));
        Some((step, [loss?, norm?, rate?]))
    };
    log.filter_map(row).collect::<BTreeMap<_, _>>().into_iter().collect()
}
