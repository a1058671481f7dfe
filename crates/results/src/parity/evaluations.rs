//! The evaluations of the two logs, and how far they lie apart.

use std::collections::{BTreeMap, BTreeSet};

use glue_tasks::find_task;
use records::metrics::Metrics;
use records::record::RunRecord;

use super::apart::{apart, difference};

/// What a log's row of an evaluation holds beside scores.
const NO_SCORES: [&str; 4] = ["model_preparation_time", "runtime", "samples_per_second", "steps_per_second"];

/// The number that is compared as the losses of steps are; all others are scores.
const LOSS: &str = "loss";

/// An evaluation that both logs have: by name ours and theirs. What is none is NaN.
#[derive(Clone, Debug)]
pub(super) struct Evaluation {
    pub(super) step: u64,
    pub(super) numbers: Vec<(String, [f64; 2])>,
}

/// Whose log an evaluation is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Ours,
    Theirs,
}

impl Whose {
    /// As JSON has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "run_glue",
            Self::Theirs => "trainer",
        }
    }

    /// In words that precede `log`.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Ours => "the run's",
            Self::Theirs => "the Trainer's",
        }
    }
}

/// What only one log has.
#[derive(Clone, Debug)]
pub(super) struct Alone {
    pub(super) step: u64,
    /// A score of an evaluation that both have; `None`: the evaluation.
    pub(super) score: Option<String>,
    pub(super) whose: Whose,
}

/// The evaluations of both logs.
#[derive(Clone, Debug)]
pub(super) struct Evaluations {
    /// By their steps.
    pub(super) both: Vec<Evaluation>,
    /// What only one of them has.
    pub(super) alone: Vec<Alone>,
    /// The last step of the training.
    pub(super) end: u64,
}

/// Numbers by their names, without `eval_`.
type Numbers = BTreeMap<String, f64>;

impl Evaluations {
    /// Those of a record, whose training ended after the step `end`, and of the Trainer's log. Where the run ended with the weights of its
    /// best evaluation, what was measured with these is none of the last step's.
    pub(super) fn of(record: &RunRecord, theirs: &[Metrics], end: u64, ends_with_best: bool) -> Self {
        let mut ours = by_step(record.log_history.iter().flatten());
        if !ends_with_best && record.metrics.contains_key(LOSS) {
            let number = |(name, value): (&String, &Option<f64>)| (name.clone(), value.unwrap_or(f64::NAN));
            ours.entry(end).or_default().extend(record.metrics.iter().map(number));
        }
        let mut theirs = by_step(theirs.iter());
        if ends_with_best && !ours.contains_key(&end) {
            theirs.remove(&end);
        }
        // Those of the task, which the script measures too.
        let task = find_task(&record.task).ok();
        let measured: Vec<&str> = task.iter().flat_map(|task| &task.metrics).map(|metric| metric.key()).collect();
        let (mut both, mut alone) = (Vec::new(), Vec::new());
        for step in ours.keys().chain(theirs.keys()).copied().collect::<BTreeSet<u64>>() {
            match (ours.get(&step), theirs.get(&step)) {
                (Some(ours), Some(theirs)) => {
                    for &name in &measured {
                        let whose = match (ours.contains_key(name), theirs.contains_key(name)) {
                            (true, false) => Whose::Ours,
                            (false, true) => Whose::Theirs,
                            _ => continue,
                        };
                        alone.push(Alone { step, score: Some(name.to_owned()), whose });
                    }
                    let pair = |(name, ours): (&String, &f64)| Some((name.clone(), [*ours, *theirs.get(name)?]));
                    both.push(Evaluation { step, numbers: ours.iter().filter_map(pair).collect() });
                }
                (ours, _) => {
                    let whose = if ours.is_some() { Whose::Ours } else { Whose::Theirs };
                    alone.push(Alone { step, score: None, whose });
                }
            }
        }
        Self { both, alone, end }
    }

    /// The first number that lies further apart than that, with its step and its name: a loss as a share of itself, and a score, which may be
    /// 0, as it is.
    pub(super) fn parting(&self, tolerance: f64) -> Option<(u64, &str, [f64; 2])> {
        let parts = |(name, values): &&(String, [f64; 2])| match name.as_str() {
            LOSS => apart(*values) > tolerance,
            _ => difference(*values) > tolerance,
        };
        self.both.iter().find_map(|of| {
            let (name, values) = of.numbers.iter().find(parts)?;
            Some((of.step, name.as_str(), *values))
        })
    }

    /// The numbers of the one at the end.
    pub(super) fn at_the_end(&self) -> &[(String, [f64; 2])] {
        self.both.iter().find(|of| of.step == self.end).map_or(&[], |of| &of.numbers)
    }

    /// A step's evaluation, in words that follow `the evaluation`.
    pub(super) fn which(&self, step: u64) -> String {
        if step == self.end { "at the end".to_owned() } else { format!("of step {step}") }
    }
}

/// The evaluations of a log by their steps; of several of one step the last counts.
fn by_step<'a>(log: impl Iterator<Item = &'a Metrics>) -> BTreeMap<u64, Numbers> {
    let row = |row: &Metrics| {
        let number = |(name, value): (&String, &records::python_json::Value)| {
            let name = name.strip_prefix("eval_").filter(|name| !NO_SCORES.contains(name))?;
            Some((name.to_owned(), value.as_f64().unwrap_or(f64::NAN)))
        };
        let numbers: Numbers = row.iter().filter_map(number).collect();
        let step = row.get("step")?.as_f64()? as u64;
        numbers.contains_key(LOSS).then_some((step, numbers))
    };
    log.filter_map(row).collect()
}
