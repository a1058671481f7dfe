//! `final_eval.json`, `.csv` and `.md`: the weights at the end of a run on each part of the data that was asked for, a row a part.

use std::path::Path;

use glue_tasks::metrics::COMBINED_SCORE;
use glue_tasks::task::TaskSpec;
use serde_json::{Map, Value, json};

use crate::atomic::{WriteError, write_whole};
use crate::markdown::plain;
use crate::record::FinalEvaluation;
use crate::shown;
use crate::spreadsheet::csv_field;

/// The table of a run.
#[derive(Clone, Debug)]
pub struct FinalTable<'a> {
    rows: &'a [FinalEvaluation],
    /// The scores by their names, in the order of their columns.
    metrics: Vec<&'a str>,
}

impl<'a> FinalTable<'a> {
    /// The files of a table.
    pub const FILES: [&'static str; 3] = ["final_eval.json", "final_eval.csv", "final_eval.md"];

    /// The table of a run of this task; `None` where nothing was asked for.
    #[must_use]
    pub fn of(task: &'a TaskSpec, rows: &'a [FinalEvaluation]) -> Option<Self> {
        let is_there = |name: &&str| rows.iter().any(|row| row.metrics.contains_key(*name));
        let own = task.metrics.iter().map(|metric| metric.key());
        let metrics = own.chain([COMBINED_SCORE, "loss"]).filter(is_there).collect();
        (!rows.is_empty()).then_some(Self { rows, metrics })
    }

    /// Writes the files into a folder, each whole or not at all.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), WriteError> {
        let texts = [self.json(), self.csv(), self.markdown()];
        Self::FILES.iter().zip(texts).try_for_each(|(name, text)| write_whole(dir.join(name), text.as_bytes()))
    }

    /// Columns of text, the numbers with four decimals.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.lines(|name| shown(name).into_owned(), rounded);
        let names = self.names();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let aligned = |line: &Vec<String>| {
            let cell = |(column, cell): (usize, &String)| {
                let width = width(column);
                if column < names { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            };
            line.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        lines.iter().map(aligned).collect()
    }

    /// A table for GitHub and model cards.
    #[must_use]
    pub fn markdown(&self) -> String {
        let lines = self.lines(plain, rounded);
        let names = self.names();
        let mut text = String::new();
        for (at, line) in lines.iter().enumerate() {
            text += &format!("| {} |\n", line.join(" | "));
            if at == 0 {
                text += &format!("|{}{}\n", "---|".repeat(names), "---:|".repeat(line.len() - names));
            }
        }
        text
    }

    /// Numbers with all digits; what is undefined is an empty cell.
    fn csv(&self) -> String {
        let lines = self.lines(csv_field, |score| score.map_or_else(String::new, |score| score.to_string()));
        lines.into_iter().map(|line| line.join(",") + "\n").collect()
    }

    /// A list of objects with all digits; what is undefined is `null`.
    fn json(&self) -> String {
        let object = |row: &FinalEvaluation| -> Value {
            let mut object = Map::from_iter([
                ("name".to_owned(), json!(row.name)),
                ("split".to_owned(), json!(row.data.split)),
                ("rows".to_owned(), json!(row.data.rows)),
            ]);
            object.extend(self.metrics.iter().map(|name| ((*name).to_owned(), json!(self.score(row, name)))));
            Value::Object(object)
        };
        let rows: Value = self.rows.iter().map(object).collect();
        format!("{rows:#}\n")
    }

    /// How many cells of a line are no numbers.
    fn names(&self) -> usize {
        if self.is_said_twice() { 2 } else { 1 }
    }

    /// Whether a name says less than its rows do: `train` of `train[:2000]`.
    fn is_said_twice(&self) -> bool {
        self.rows.iter().any(|row| row.name != row.data.split)
    }

    fn score(&self, row: &FinalEvaluation, name: &str) -> Option<f64> {
        row.metrics.get(name).copied().flatten()
    }

    /// A header and a line a part. `text`: a name, which is whatever somebody called it, in the form of the file.
    fn lines(&self, text: impl Fn(&str) -> String, number: impl Fn(Option<f64>) -> String) -> Vec<Vec<String>> {
        let split = |split: &str| self.is_said_twice().then(|| text(split));
        let header = ["rows"].iter().chain(&self.metrics).map(|name| (*name).to_owned());
        let mut lines = vec![["split".to_owned()].into_iter().chain(split("rows of")).chain(header).collect()];
        for row in self.rows {
            let numbers = self.metrics.iter().map(|name| number(self.score(row, name)));
            let names = [text(&row.name)].into_iter().chain(split(&row.data.split));
            lines.push(names.chain([row.data.rows.to_string()]).chain(numbers).collect());
        }
        lines
    }
}

/// A score as people read it.
fn rounded(score: Option<f64>) -> String {
    score.map_or_else(|| "-".to_owned(), |score| format!("{score:.4}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Scores, SplitRows};

    fn row(name: &str, split: &str, accuracy: Option<f64>) -> FinalEvaluation {
        let data = json!({"split": split, "used_for": "evaluation", "rows": 40, "rows_of_split": 80, "sha256": null});
        FinalEvaluation {
            name: name.to_owned(),
            data: serde_json::from_value::<SplitRows>(data).unwrap(),
            metrics: Scores::from([("accuracy".to_owned(), accuracy), ("loss".to_owned(), Some(0.123_456))]),
        }
    }

    #[test]
    fn a_row_a_part_and_a_column_a_metric() {
        let rows = [row("train", "train", Some(1.0)), row("test[:5]", "test[:5]", None)];
        let table = FinalTable { rows: &rows, metrics: vec!["accuracy", "loss"] };
        let text =
            "split     rows  accuracy    loss\ntrain       40    1.0000  0.1235\ntest[:5]    40         -  0.1235\n";
        assert_eq!(table.text(), text);
        assert_eq!(table.csv(), "split,rows,accuracy,loss\ntrain,40,1,0.123456\ntest[:5],40,,0.123456\n");
        assert!(
            table.markdown().starts_with("| split | rows | accuracy | loss |\n|---|---:|---:|---:|\n| train | 40 |")
        );
        let json: Value = serde_json::from_str(&table.json()).unwrap();
        assert_eq!(
            json[1],
            json!({"name": "test[:5]", "split": "test[:5]", "rows": 40, "accuracy": null, "loss": 0.123_456})
        );
    }

    #[test]
    fn a_name_is_a_text_in_every_form() {
        let rows = [row("=a|<b>,\u{1b}", "=a|<b>,\u{1b}", Some(-0.5))];
        let table = FinalTable { rows: &rows, metrics: vec!["accuracy"] };
        assert_eq!(table.text().lines().nth(1), Some("=a|<b>,\\u{1b}    40   -0.5000"));
        assert_eq!(table.markdown().lines().nth(2), Some(r"| =a\|&lt;b&gt;,\\u{1b} | 40 | -0.5000 |"));
        assert_eq!(table.csv(), "split,rows,accuracy\n\"'=a|<b>,\u{1b}\",40,-0.5\n");
    }

    #[test]
    fn rows_that_a_name_does_not_say_stand_beside_it() {
        let rows = [row("train", "train[:20]+train[-20:]", Some(0.5))];
        let table = FinalTable::of(glue_tasks::task_named("rte").unwrap(), &rows).unwrap();
        assert_eq!(table.csv(), "split,rows of,rows,accuracy,loss\ntrain,train[:20]+train[-20:],40,0.5,0.123456\n");
    }
}
