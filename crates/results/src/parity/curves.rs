//! The rows that two logs have in common, and how far they lie apart.

use std::collections::BTreeMap;
use std::path::Path;

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

/// |ours - theirs| / |theirs|; infinite where one of them is no number, or theirs is 0.
fn apart([ours, theirs]: [f64; 2]) -> f64 {
    let difference = (ours - theirs).abs() / theirs.abs();
    match ours == theirs {
        true => 0.0,
        // A comparison with NaN is never true, and a maximum passes over it.
        false if difference.is_nan() => f64::INFINITY,
        false => difference,
    }
}

impl Row {
    /// |ours - theirs| / |theirs| of one of [`NUMBERS`]; infinite where one of them is no number.
    pub(super) fn difference(&self, number: usize) -> f64 {
        apart(self.values[number])
    }

    fn largest(&self) -> f64 {
        (0..NUMBERS.len()).map(|number| self.difference(number)).fold(0.0, f64::max)
    }
}

/// Whether two curves are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// In every row, and at the end.
    Same,
    /// In every row that both logs have, which are not all.
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
    /// Whether the masks of dropout are PyTorch's, or there are none.
    pub(super) same_masks: bool,
    /// Whether rows are ordered by length, which the Trainer's generator decides too.
    pub(super) own_order: bool,
    /// Whether the run ended with the weights of its best evaluation, and the script's with those of its last step.
    pub(super) ends_with_best: bool,
    /// Losses of evaluations of one step, ours and theirs.
    pub(super) evaluations: Vec<(u64, [f64; 2])>,
    /// The last evaluation's metrics, ours and theirs; none where they are of other weights.
    pub(super) metrics: Vec<(String, f64, f64)>,
    /// What the run warned of.
    pub(super) warnings: Vec<String>,
}

impl Parity {
    /// The record beside the trainer_state.json `against`.
    pub(super) fn new(record: &RunRecord, against: &Path, tolerance: f64) -> Result<Self, String> {
        if RunOf::of_log(against).is_some_and(|run| run != RunOf::of(record)) {
            return Err(format!(
                "{} is of another run: the script that made it was written for other settings",
                against.display()
            ));
        }
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
        let rows = common_rows(&ours, &theirs);
        if rows.is_empty() {
            return Err(format!("no row of its log has a step of {}: log as often there", against.display()));
        }
        let is_evaluation = |row: &&Metrics| row.contains_key("eval_loss");
        let evaluated = |row: &Metrics| Some((row.get("step")?.as_f64()? as u64, row.get("eval_loss")?.as_f64()?));
        let ends_with_best = record.training.as_ref().is_some_and(|training| training.weights != EndWeights::Last);
        // Of the weights after the last step, as the record has them.
        let end = record.training.as_ref().map(|training| training.step);
        let last = state.log_history.iter().rfind(is_evaluation).filter(|_| !ends_with_best);
        let last = last.filter(|row| end.is_none() || evaluated(row).map(|(step, _)| step) == end);
        let metric = |(name, ours): (&String, &Option<f64>)| {
            let theirs = last?.get(&format!("eval_{name}"))?.as_f64()?;
            Some((name.clone(), (*ours)?, theirs))
        };
        let their_evaluations: BTreeMap<u64, f64> =
            state.log_history.iter().filter(is_evaluation).filter_map(evaluated).collect();
        let our_evaluations: BTreeMap<u64, f64> =
            log.iter().copied().filter(is_evaluation).filter_map(evaluated).collect();
        let both =
            our_evaluations.into_iter().filter_map(|(step, ours)| Some((step, [ours, *their_evaluations.get(&step)?])));
        let of = |name: &str| record.hyper_parameters.get(name);
        let drops = ["hidden_dropout_prob", "attention_probs_dropout_prob"];
        let drops_units = record.training.as_ref().and_then(|training| training.drops_units);
        let drops_units =
            drops_units.unwrap_or_else(|| drops.iter().any(|name| of(name).and_then(|p| p.as_f64()) != Some(0.0)));
        let follows = of("dropout_stream").and_then(|value| value.as_str()) == Some("torch");
        let by_length = of("train_sampling_strategy").and_then(|value| value.as_str()) == Some("group_by_length");
        Ok(Self {
            title: format!("{}, {}, seed {}", record.task, record.model.id, record.seed),
            alone: (ours.len() + theirs.len()).saturating_sub(2 * rows.len()),
            metrics: record.metrics.iter().filter_map(metric).collect(),
            evaluations: both.collect(),
            ends_with_best,
            rows,
            tolerance,
            same_masks: follows || !drops_units,
            own_order: by_length && !follows,
            warnings: record.warnings.clone(),
        })
    }

    /// Where the curves part: the first row of which a number lies further apart than the tolerance.
    pub(super) fn parting(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.largest() > self.tolerance)
    }

    /// The first evaluation whose loss lies further apart than that; the step is none of the one at the end.
    pub(super) fn parting_evaluation(&self) -> Option<(Option<u64>, [f64; 2])> {
        let on_the_way = self.evaluations.iter().map(|(step, losses)| (Some(*step), *losses));
        let at_the_end = self.metrics.iter().filter(|(name, ..)| glue_tasks::plain_key(name) == "loss");
        let at_the_end = at_the_end.map(|(_, ours, theirs)| (None, [*ours, *theirs]));
        on_the_way.chain(at_the_end).find(|(_, losses)| apart(*losses) > self.tolerance)
    }

    /// Whether they are one curve.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        match () {
            () if self.parting().is_some() || self.parting_evaluation().is_some() => Agreement::Parts,
            () if self.alone > 0 => Agreement::Incomplete,
            () => Agreement::Same,
        }
    }
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
