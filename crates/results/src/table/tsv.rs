//! Tables for programs: tab-separated, with a header, and fractions with all their digits.

use super::numbers::exact;
use super::{Table, TableRow};
use records::shown;

/// What stands before the metrics.
const COLUMNS: [&str; 11] = [
    "model",
    "task",
    "score",
    "score_low",
    "score_high",
    "baseline",
    "seconds",
    "runs",
    "collapsed",
    "chosen_on",
    "init_from",
];

/// One table of all, in which `model` is the title of each: a row a task, and a row `average` behind those of a title that has several.
/// Metrics of all rows have columns; a cell is empty where a row lacks the value or it is undefined.
#[must_use]
pub fn tsv<'a>(tables: impl IntoIterator<Item = (&'a str, &'a Table)>) -> String {
    let mut rows: Vec<(&str, TableRow)> = Vec::new();
    for (title, table) in tables {
        rows.extend(table.rows.iter().map(|row| (title, row.clone())));
        if table.rows.len() > 1 {
            rows.push((title, table.average_row()));
        }
    }
    let mut metrics: Vec<&str> = Vec::new();
    for name in rows.iter().flat_map(|(_, row)| &row.metrics).map(|(name, _)| name.as_str()) {
        if !metrics.contains(&name) {
            metrics.push(name);
        }
    }
    let header = COLUMNS.into_iter().chain(metrics.iter().copied()).map(str::to_owned).collect();
    let lines = rows.iter().map(|(title, row)| {
        let ends = row.interval.unzip();
        let is_average = row.runs == 0;
        let count = |count: usize| if is_average { String::new() } else { count.to_string() };
        let own = [
            (*title).to_owned(),
            row.task.clone(),
            exact(row.score),
            exact(ends.0),
            exact(ends.1),
            exact(row.baseline),
            format!("{:.3}", row.seconds),
            count(row.runs),
            count(row.collapsed),
            row.chosen_on.clone().unwrap_or_default(),
            row.start.clone(),
        ];
        let value = |name: &&str| row.metrics.iter().find(|(own, _)| own == name).and_then(|(_, value)| *value);
        own.into_iter().chain(metrics.iter().map(|name| exact(value(name)))).collect()
    });
    let line = |cells: Vec<String>| cells.iter().map(|cell| shown(cell)).collect::<Vec<_>>().join("\t") + "\n";
    std::iter::once(header).chain(lines).map(line).collect()
}

impl Table {
    /// What the tasks come to, as a row without runs of its own.
    fn average_row(&self) -> TableRow {
        TableRow {
            task: "average".to_owned(),
            score: self.average().map(|(mean, _)| mean),
            interval: self.average_interval,
            baseline: self.baseline_average(),
            seconds: self.rows.iter().map(|row| row.seconds).sum(),
            ..TableRow::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(task: &str, metrics: &[(&str, f64)], score: Option<f64>) -> TableRow {
        TableRow {
            task: task.to_owned(),
            metrics: metrics.iter().map(|(name, value)| ((*name).to_owned(), Some(*value))).collect(),
            score,
            baseline: Some(0.5),
            seconds: 3.25,
            runs: 1,
            ..TableRow::default()
        }
    }

    fn table() -> Table {
        let mrpc = row("mrpc", &[("accuracy", 0.840_69), ("f1", 0.888_5)], Some(0.875));
        let rte = TableRow { collapsed: 1, ..row("rte", &[("accuracy", 0.5)], Some(0.5)) };
        Table { rows: vec![mrpc, rte], average_interval: None }
    }

    #[test]
    fn every_row_has_the_columns_of_the_header() {
        let one =
            Table { rows: vec![row("cola", &[("matthews_correlation", 0.25)], Some(0.25))], average_interval: None };
        let wanted = "\
model	task	score	score_low	score_high	baseline	seconds	runs	collapsed	chosen_on	init_from	accuracy	f1	matthews_correlation
a	mrpc	0.875			0.5	3.250	1	0			0.84069	0.8885	
a	rte	0.5			0.5	3.250	1	1			0.5		
a	average	0.6875			0.5	6.500							
b	cola	0.25			0.5	3.250	1	0					0.25
";
        assert_eq!(tsv([("a", &table()), ("b", &one)]), wanted);
        assert_eq!(tsv([]).lines().count(), 1);
    }

    #[test]
    fn what_a_row_says_besides_has_a_column_of_its_own() {
        let mut table = table();
        table.rows[0].interval = Some((0.7159, 1.2241));
        table.rows[1].chosen_on = Some("validation".to_owned());
        table.rows[1].start = "mnli".to_owned();
        table.rows[1].task = "r\tte\n\u{1b}".to_owned();
        let text = tsv([("a\tb", &table)]);
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(rows[1][..5], ["a\\tb", "mrpc", "0.875", "0.7159", "1.2241"], "not clipped, as it was computed");
        assert_eq!((rows[2][1], rows[2][9], rows[2][10]), ("r\\tte\\n\\u{1b}", "validation", "mnli"));
        assert_eq!(rows[3][1..6], ["average", "", "", "", ""], "no mean of what does not belong together");
        assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
    }
}
