//! The table at the end of `run-glue demo` and of `--task all`.
//!
//! [`Table::text`] is aligned, in percent, as GLUE tables usually are. For programs, [`tsv`] gives the fractions of the JSON files.

mod narrow;
mod numbers;
mod row;
mod tsv;

use std::fmt::Write as _;

use glue_tasks::{Benchmark, benchmarks, task_order};

use self::numbers::{half, interval, mean, percent};
pub use self::row::TableRow;
pub use self::tsv::tsv;
use crate::clipped::around;
use crate::compare::start_of;
use crate::fitted::wrapped;
use crate::same_outcome::{distinct, without_predictions};
use crate::statistics::DEFAULT_LEVEL;
use records::record::RunRecord;
use records::shown;

/// Results over tasks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// One row a task, in the order they are shown.
    pub rows: Vec<TableRow>,
    /// The interval of the average, over the seeds that all tasks have.
    pub average_interval: Option<(f64, f64)>,
}

impl Table {
    /// One row for every task among the records, in the benchmarks' order, other tasks after them by name. The
    /// records should be of one model and one choice of settings; those of a task are taken as its seeds. Evaluations of a saved model,
    /// which no seed changes, count once, which is warned of (`log`).
    #[must_use]
    pub fn from_records<'a>(records: impl IntoIterator<Item = &'a RunRecord>) -> Self {
        let mut groups: Vec<((&str, String), Vec<&RunRecord>)> = Vec::new();
        for record in records {
            let key = (record.task.as_str(), start_of(record));
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, group)) => group.push(record),
                None => groups.push((key, vec![record])),
            }
        }
        groups.iter_mut().for_each(|((task, _), group)| leave_repeated_out(task, group));
        groups.sort_by_cached_key(|((task, start), _)| (task_order(task), *task, start.clone()));
        let rows = groups.iter().map(|((task, start), group)| TableRow::of(task, start, group)).collect();
        let mut table = Self { rows, average_interval: average_interval(&groups) };
        if !table.has_average() {
            table.average_interval = None;
        }
        table
    }

    /// Whether the rows belong together: tasks of one benchmark, whose trainings began with the model itself.
    fn has_average(&self) -> bool {
        self.benchmarks().len() <= 1 && self.rows.iter().all(|row| row.start.is_empty())
    }

    /// The unweighted mean of the tasks' scores, and of how many tasks: a benchmark's average where all of its tasks are
    /// there. `None` where a score is missing or an error, since a mean over fewer tasks would look like one over all, and where the
    /// tasks are of several benchmarks, or trainings began from others.
    #[must_use]
    pub fn average(&self) -> Option<(f64, usize)> {
        // An error and a share have no mean.
        let scores: Option<Vec<f64>> = self.rows.iter().map(|row| row.score.filter(|_| !row.is_error)).collect();
        let scores = scores.filter(|_| self.has_average())?;
        mean(&scores).map(|mean| (mean, scores.len()))
    }

    fn baseline_average(&self) -> Option<f64> {
        let scores: Option<Vec<f64>> = self.rows.iter().map(|row| row.baseline.filter(|_| !row.is_error)).collect();
        mean(&scores.filter(|_| self.has_average())?)
    }

    /// The benchmarks of the tasks, each once; tasks of one's own have none.
    fn benchmarks(&self) -> Vec<&'static Benchmark> {
        let has = |benchmark: &&Benchmark| self.rows.iter().any(|row| benchmark.task(&row.task).is_some());
        benchmarks().filter(has).collect()
    }

    /// The benchmark that the rows are all tasks of, no more and no fewer.
    fn whole_benchmark(&self) -> Option<&'static Benchmark> {
        let has = |task: &str| self.rows.iter().any(|row| row.task == task);
        let is_whole = |benchmark: &&Benchmark| {
            self.rows.len() == benchmark.tasks.len() && benchmark.tasks.iter().all(|task| has(&task.name))
        };
        benchmarks().find(is_whole)
    }

    /// The aligned table, every line ended. Scores are in percent; `-` stands for what is undefined or unknown.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_within(None)
    }

    /// The same on a terminal: where it is too narrow, metrics stand below their tasks, and sentences are broken between words.
    #[must_use]
    pub fn text_within(&self, width: Option<usize>) -> String {
        let several = self.rows.iter().any(|row| row.runs > 1);
        let mut header = vec!["task", "metrics", "score", "baseline", "seconds"];
        if several {
            header.push("runs");
        }
        let mut grid = vec![header.into_iter().map(str::to_owned).collect::<Vec<_>>()];
        grid.extend(self.rows.iter().map(|row| row.cells(several)));
        if self.rows.len() > 1 {
            let seconds: f64 = self.rows.iter().map(|row| row.seconds).sum();
            let count = self.rows.len();
            let average = self.average().map(|(mean, _)| mean);
            let range = around(self.rows.iter().map(|row| row.range));
            let usual =
                self.whole_benchmark().filter(|_| self.has_average()).and_then(|benchmark| benchmark.averages.first());
            let title = match usual {
                Some(average) => format!("{} average, {count} tasks", average.display_name),
                None if self.benchmarks().len() > 1 => format!("{count} tasks of several benchmarks"),
                None if !self.has_average() => format!("{count} tasks, of which some began from others"),
                None => format!("mean of {count} tasks"),
            };
            grid.push(vec![
                "all".to_owned(),
                title,
                percent(average) + &half(average, self.average_interval, range, false),
                percent(self.baseline_average()),
                format!("{seconds:.1}"),
            ]);
        }
        let mut text = String::new();
        if self.rows.iter().any(|row| row.interval.is_some()) {
            let _ = writeln!(
                text,
                "mean ± half of the {:.0} % interval over the runs (Student's t)",
                DEFAULT_LEVEL * 100.0
            );
        }
        for row in self.rows.iter().filter(|row| row.collapsed > 0) {
            // Writing to a String cannot fail.
            let _ = match row.runs {
                1 => writeln!(text, "* {}: all predictions are the same", shown(&row.task)),
                runs => {
                    let (task, collapsed) = (shown(&row.task), row.collapsed);
                    writeln!(text, "* {task}: all predictions are the same in {collapsed} of {runs} runs")
                }
            };
        }
        for row in self.rows.iter().filter(|row| row.undefined > 0 && row.runs > 1) {
            let _ = writeln!(
                text,
                "{}: the score is undefined in {} of {} runs, so there is no mean",
                shown(&row.task),
                row.undefined,
                row.runs
            );
        }
        for (row, split) in self.rows.iter().filter_map(|row| Some((row, row.chosen_on.as_ref()?))) {
            let _ = writeln!(
                text,
                "† {}: the setting was chosen by its score on {}, which is optimistic then",
                shown(&row.task),
                shown(split)
            );
        }
        narrow::laid_out(&grid, width) + &wrapped(&text, width)
    }
}

/// Of records that no seed changes the last one stays, of others with the same numbers to the last digit the first one. Predictions alone
/// are no evaluations.
fn leave_repeated_out(task: &str, group: &mut Vec<&RunRecord>) {
    let (others, predicted) = without_predictions(group, |record| record);
    *group = others;
    let last = group.iter().rposition(|record| record.seed_that_counts().is_none());
    let (all, mut at) = (group.len(), 0..);
    group.retain(|record| at.next() == last || record.seed_that_counts().is_some());
    let repeated = all - group.len();
    if repeated > 0 {
        log::warn!("{task}: {} evaluations of one model, which no seed changes, count once", repeated + 1);
    }
    let (counted, said) = distinct(group, |record| record);
    if let Some(said) = said {
        log::warn!("{task}: {said}");
    }
    *group = counted;
    group.extend(predicted);
}

/// The interval of the mean over the tasks, of the seeds that all of them have.
fn average_interval<K>(groups: &[(K, Vec<&RunRecord>)]) -> Option<(f64, f64)> {
    let (_, first) = groups.first()?;
    let of_seed = |seed: u64| -> Option<Vec<f64>> {
        groups.iter().map(|(_, records)| records.iter().find(|record| record.seed == seed)?.score).collect()
    };
    let averages: Vec<f64> = first.iter().filter_map(|record| of_seed(record.seed).as_deref().and_then(mean)).collect();
    interval(&averages)
}

#[cfg(test)]
mod tests {
    use glue_tasks::GLUE;

    use super::*;

    fn row(task: &str, metrics: &[(&str, f64)], score: Option<f64>, seconds: f64) -> TableRow {
        TableRow {
            task: task.to_owned(),
            metrics: metrics.iter().map(|(name, value)| ((*name).to_owned(), Some(*value))).collect(),
            score,
            baseline: Some(0.5),
            seconds,
            runs: 1,
            ..TableRow::default()
        }
    }

    fn two() -> Table {
        let mut rte = row("rte", &[("accuracy", 0.5)], Some(0.5), 3.25);
        rte.collapsed = 1;
        let mrpc = row("mrpc", &[("accuracy", 0.840_69), ("f1", 0.888_5)], Some(0.875), 12.04);
        Table { rows: vec![mrpc, rte], average_interval: None }
    }

    #[test]
    fn aligns_its_columns() {
        let wanted = "\
task  metrics                   score  baseline  seconds
mrpc  accuracy 84.07  f1 88.85  87.50     50.00     12.0
rte*  accuracy 50.00            50.00     50.00      3.2
all   mean of 2 tasks           68.75     50.00     15.3
* rte: all predictions are the same
";
        assert_eq!(two().text(), wanted);
        assert_eq!(two().text(), wanted);
    }

    #[test]
    fn a_setting_that_was_chosen_on_the_scored_split_is_marked() {
        let mut table = two();
        table.rows[1].chosen_on = Some("validation".to_owned());
        assert!(
            table.text().contains("rte*†")
                && table.text().contains("† rte: the setting was chosen by its score on validation")
        );
    }

    #[test]
    fn a_task_of_any_name_has_one_line() {
        let mut table = two();
        table.rows[1].task = "r\tte\n\u{1b}".to_owned();
        assert_eq!(table.text().lines().count(), 5);
    }

    #[test]
    fn names_the_glue_average_only_for_all_nine() {
        let rows = GLUE.tasks.iter().map(|task| row(&task.name, &[("accuracy", 0.5)], Some(0.5), 1.0)).collect();
        let mut table = Table { rows, average_interval: None };
        assert!(table.text().contains("GLUE average, 9 tasks  50.00"), "{}", table.text());
        table.rows.truncate(8);
        assert!(table.text().contains("mean of 8 tasks"));
    }

    #[test]
    fn each_benchmark_has_its_own_average_and_several_have_none() {
        let table = |tasks: &[&str]| Table {
            rows: tasks.iter().map(|task| row(task, &[("accuracy", 0.5)], Some(0.5), 1.0)).collect(),
            average_interval: None,
        };
        let text = table(&["super_glue/boolq", "super_glue/cb", "super_glue/rte"]).text();
        assert!(text.contains("SuperGLUE (BoolQ, CB, RTE) average, 3 tasks  50.00"), "{text}");
        let mixed = table(&["rte", "super_glue/rte"]);
        assert_eq!(mixed.average(), None);
        assert!(mixed.text().contains("2 tasks of several benchmarks"), "{}", mixed.text());
    }

    #[test]
    fn a_training_that_began_from_another_task_is_named_and_counts_in_no_average() {
        let mut table = two();
        table.rows[1].start = "mnli".to_owned();
        assert_eq!(table.average(), None);
        let text = table.text();
        assert!(
            text.contains("rte*, from mnli") && text.contains("2 tasks, of which some began from others"),
            "{text}"
        );
    }

    #[test]
    fn an_undefined_score_leaves_no_average() {
        let mut table = two();
        table.rows[1].score = None;
        assert_eq!(table.average(), None);
        assert!(table.text().contains("mean of 2 tasks               -"), "{}", table.text());
    }

    #[test]
    fn shows_spread_and_errors() {
        let mut table = two();
        table.rows[0].runs = 5;
        table.rows[0].interval = Some((0.8627, 0.8873));
        table.average_interval = Some((0.68, 0.6950));
        table.rows[1].metrics = vec![("mse".to_owned(), Some(1.25))];
        let text = table.text();
        assert!(text.contains("87.50 ±1.23") && text.contains("mse 1.2500") && text.contains("runs"), "{text}");
        assert!(text.contains("68.75 ±0.75") && text.contains("95 % interval"), "{text}");
    }

    /// For people as far as a score can be.
    #[test]
    fn intervals_end_where_scores_do() {
        let interval = Some((0.7159, 1.2241));
        let range = Some((0.0, 1.0));
        let row =
            TableRow { task: "rte".to_owned(), score: Some(0.97), interval, range, runs: 2, ..TableRow::default() };
        let table = Table { rows: vec![row], average_interval: None };
        assert!(table.text().contains("97.00 +3.00/-25.41"), "{}", table.text());
    }
}
