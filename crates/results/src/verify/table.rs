//! What came of the numbers, for people and for programs.

use serde_json::{Value, json};

use super::checked::{Checked, Verdict};
use super::judge::{Further, SECOND_AND_THIRD};
use super::outcome::Outcome;
use super::same_class::OtherClass;
use super::same_rows::UnknownRows;
use crate::compare::start_in_words;
use crate::fitted::{Width, fitted, wrapped};
use crate::statistics::Summary;
use records::shown;

impl Verdict {
    fn margin(&self) -> Option<f64> {
        match self {
            Self::Judged(_, margin) => Some(*margin),
            _ => None,
        }
    }

    fn interval(&self) -> Option<(f64, f64)> {
        match self {
            Self::Judged(judgement, _) => judgement.interval,
            _ => None,
        }
    }

    fn further(&self) -> Option<Further> {
        match self {
            Self::Judged(judgement, _) => judgement.further,
            _ => None,
        }
    }
}

impl Checked {
    /// The number of ours that stands beside theirs: the mean, or where theirs is one the median.
    fn value(&self) -> Option<f64> {
        self.ours.map(|ours: Summary| if self.wanted.is_median() { ours.median } else { ours.mean })
    }

    fn difference(&self) -> Option<f64> {
        self.value().map(|value| value - self.wanted.theirs.value)
    }

    /// What else is to be said of it.
    fn note(&self) -> String {
        let why = match (&self.verdict, self.verdict.further()) {
            (Verdict::Undefined, _) => Some("undefined in a run".to_owned()),
            (Verdict::SameNumbers, _) => Some("the same seeds, done again: the same numbers".to_owned()),
            (Verdict::TheirsUndefined, _) => self.wanted.lacking.map(|of| of.in_words(&self.wanted.metric)),
            (Verdict::OtherClass, _) => self.other_class.as_ref().map(OtherClass::note),
            (Verdict::OtherSplit, _) => {
                Some(format!("published of {}", self.wanted.theirs.made.split.as_deref().unwrap_or_default()))
            }
            (_, Some(Further::Seeds(1))) => Some("one further seed would settle it".to_owned()),
            (_, Some(Further::Seeds(count))) => Some(format!("{count} further seeds would settle it")),
            (_, Some(Further::Nothing)) => Some("no number of further seeds would settle it".to_owned()),
            (_, Some(Further::Spread)) => {
                Some(format!("one run has no spread: {SECOND_AND_THIRD} further seeds at least"))
            }
            (_, Some(Further::Mean)) => Some("the best of several is no mean".to_owned()),
            _ => None,
        };
        let start = self.other_start.as_ref().map(|ours| {
            let words = |start: &str| match start {
                "" => "the model itself".to_owned(),
                start => start_in_words(start),
            };
            format!("ours began from {}, the reference from {}", words(ours), words(&self.wanted.start()))
        });
        let rows = self.other_rows.then(|| "not on the reference's rows".to_owned());
        let unknown_rows = self.unknown_rows.filter(|_| self.verdict.outcome().is_some() && !self.other_rows);
        let unknown_rows = unknown_rows.map(|of| match of {
            UnknownRows::OfReference => "the reference does not say of which rows it is".to_owned(),
            UnknownRows::OfRuns => {
                "unknown whether on the same rows: the records do not have the content that the reference names"
                    .to_owned()
            }
            UnknownRows::SeveralContents => {
                "runs of several contents have as many rows as the benchmark, and which are the benchmark's is not known".to_owned()
            }
        });
        let counts_as_one = self.wanted.uncounted_runs().filter(|_| self.verdict.outcome().is_some());
        let counts_as_one = counts_as_one.map(|runs| {
            format!("the reference does not say what it is of its {runs} runs (statistic), and counts as one run")
        });
        let trained_on =
            self.may_be_trained_on.then(|| "unknown whether trained on the rows that are scored".to_owned());
        why.into_iter()
            .chain(start)
            .chain(rows)
            .chain(unknown_rows)
            .chain(counts_as_one)
            .chain(trained_on)
            .chain(self.origin.notes())
            .chain(self.of_ours.notes(""))
            .chain(self.of_theirs.notes("of the reference "))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// Whether the rows are of several models or settings.
fn several(checked: &[Checked]) -> bool {
    checked.windows(2).any(|pair| pair[0].row != pair[1].row)
}

/// Four decimals of a number, `-` of none.
fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"))
}

fn signed(value: f64) -> String {
    if value.is_finite() { format!("{value:+.4}") } else { "any".to_owned() }
}

pub(super) fn as_text(checked: &[Checked], summary: &str, width: Width) -> String {
    let heads = [
        "model",
        "task",
        "metric",
        "runs",
        "ours",
        "reference",
        "which is",
        "started from",
        "difference",
        "interval",
        "margin",
        "verdict",
        "source",
        "note",
    ];
    let mut lines = vec![heads.map(str::to_owned)];
    lines.extend(checked.iter().map(|c| {
        let made = &c.wanted.theirs.made;
        [
            c.row.clone(),
            c.wanted.task.clone(),
            c.wanted.metric.clone(),
            c.runs.to_string(),
            number(c.value()),
            number(Some(c.wanted.theirs.value)),
            c.wanted.theirs.statistic_in_words().unwrap_or_else(|| "-".to_owned()),
            made.initialisation.clone().unwrap_or_else(|| "-".to_owned()),
            c.difference().map_or_else(|| "-".to_owned(), signed),
            c.verdict
                .interval()
                .map_or_else(|| "-".to_owned(), |(low, high)| format!("{} to {}", signed(low), signed(high))),
            number(c.verdict.margin()),
            c.verdict.words().to_owned(),
            c.wanted.source.clone(),
            c.note(),
        ]
    }));
    // Columns that say nothing are left out: one model, nothing stated of how the numbers were made.
    let kept: Vec<bool> = (0..heads.len())
        .map(|column| match heads[column] {
            "model" => several(checked),
            "which is" | "started from" => lines[1..].iter().any(|line| line[column] != "-"),
            _ => true,
        })
        .collect();
    let keep =
        |line: [String; 14]| line.into_iter().zip(&kept).filter(|(_, kept)| **kept).map(|(cell, _)| cell).collect();
    let lines: Vec<Vec<String>> = lines.into_iter().map(keep).collect();
    let names = if kept[0] { 3 } else { 2 };
    let table = fitted(&lines, usize::MAX, names, width);
    format!("{table}\n{}", wrapped(&format!("{}\n", shown(summary)), width))
}

pub(super) fn as_json(checked: &[Checked], outcome: Outcome, summary: &str, level: f64) -> String {
    let finite = |value: f64| value.is_finite().then_some(value);
    let numbers = checked.iter().map(|c| {
        let theirs = &c.wanted.theirs;
        let further = match c.verdict.further() {
            Some(Further::Seeds(count)) => Some(count),
            _ => None,
        };
        json!({
            "model": c.row, "task": c.wanted.task, "metric": c.wanted.metric, "runs": c.runs,
            "mean": c.ours.map(|ours| ours.mean), "median": c.ours.map(|ours| ours.median), "std": c.ours.and_then(|ours| ours.std),
            "reference": finite(theirs.value), "reference_statistic": theirs.statistic_in_words(), "reference_runs": theirs.run_count(),
            "reference_std": theirs.spread(), "reference_initialisation": theirs.made.initialisation,
            "difference": c.difference(),
            "interval": c.verdict.interval().map(|(low, high)| [finite(low), finite(high)]),
            "margin": c.verdict.margin(), "verdict": c.verdict.words(), "further_seeds": further,
            "same_rows": c.ours.filter(|_| c.unknown_rows.is_none() || c.other_rows).map(|_| !c.other_rows), "same_weights": c.origin.same_weights,
            "same_training_rows": c.origin.same_training, "other_settings": c.origin.settings,
            "collapsed_runs": c.of_ours.collapsed, "chosen_on": c.of_ours.chosen_on, "reference_collapsed_runs": c.of_theirs.collapsed,
            "reference_chosen_on": c.of_theirs.chosen_on, "note": c.note(), "source": c.wanted.source,
        })
    });
    let numbers: Vec<Value> = numbers.collect();
    format!("{:#}\n", json!({"verdict": outcome.words(), "summary": summary, "level": level, "numbers": numbers}))
}
