//! The curves as text and as JSON.

use serde_json::{Value, json};

use super::curves::{Agreement, NUMBERS, Parity, Row};
use crate::columns::aligned;
use records::counted;

/// Rows of the table; of a longer log so many are shown, evenly.
const SHOWN: usize = 20;

impl Parity {
    /// For people: some rows side by side, the largest differences, and where the curves part.
    #[must_use]
    pub fn as_text(&self) -> String {
        let mut lines =
            vec![["step", "loss", "Trainer", "apart", "grad_norm", "Trainer", "apart"].map(str::to_owned).to_vec()];
        let every = self.rows.len().div_ceil(SHOWN);
        let (last, parting) = (self.rows.len() - 1, self.parting().map(|row| row.step));
        let is_shown = |(i, row): &(usize, &Row)| i % every == 0 || *i == last || Some(row.step) == parting;
        for (_, row) in self.rows.iter().enumerate().filter(is_shown) {
            let mut line = vec![row.step.to_string()];
            for number in 0..2 {
                line.extend(row.values[number].map(|value| format!("{value:.6}")));
                line.push(format!("{:.1e}", row.difference(number)));
            }
            lines.push(line);
        }
        let mut text = format!("{}: run-glue beside the Trainer\n\n{}\n", self.title, aligned(&lines, 1));
        let farthest = NUMBERS.iter().enumerate().map(|(number, name)| {
            let (row, difference) = self.farthest(number);
            format!("{} {difference:.1e} (step {})", name.replace('_', " "), row.step)
        });
        let farthest: Vec<String> = farthest.collect();
        text += &format!("{}; farthest apart: {}.\n", counted(self.rows.len(), "row"), farthest.join(", "));
        let tolerance = self.tolerance;
        text += &match (self.parting(), self.parting_evaluation(), self.agreement()) {
            (Some(row), ..) => {
                format!(
                    "The curves part at step {}: a number differs by more than {tolerance:e} of itself.\n",
                    row.step
                )
            }
            (None, Some((step, [ours, theirs])), _) => {
                let which = step.map_or_else(|| "at the end".to_owned(), |step| format!("of step {step}"));
                format!(
                    "The curves are one, and the evaluations {which} are not: their losses are {ours:.6} and {theirs:.6}.\n"
                )
            }
            (None, None, Agreement::Incomplete) => {
                format!(
                    "One curve as far as both logs go: no number there differs by more than {tolerance:e} of itself.\n"
                )
            }
            (None, None, _) => format!("One curve: no number differs by more than {tolerance:e} of itself.\n"),
        };
        text += &match self.alone {
            0 => String::new(),
            1 => "1 row has a step that the other log has not: nothing can be told of it.\n".to_owned(),
            rows => format!("{rows} rows have a step that the other log has not: nothing can be told of them.\n"),
        };
        if !self.same_masks {
            text += "The run drew masks of dropout of its own: only runs with --dropout_stream torch follow the Trainer step for step.\n";
        }
        if self.own_order {
            text += "The run ordered its rows by length in an order of its own: only runs with --dropout_stream torch follow the Trainer's.\n";
        }
        if self.agreement() == Agreement::Parts {
            text += &self.warnings.iter().map(|warning| format!("The run warned: {warning}\n")).collect::<String>();
        }
        if self.ends_with_best {
            text += "The run ended with the weights of its best evaluation, and the Trainer of the script with its last: their metrics are not compared.\n";
        }
        if !self.metrics.is_empty() {
            let mut lines = vec![["at the end", "run-glue", "Trainer"].map(str::to_owned).to_vec()];
            let line = |(name, ours, theirs): &(String, f64, f64)| {
                vec![name.clone(), format!("{ours:.6}"), format!("{theirs:.6}")]
            };
            lines.extend(self.metrics.iter().map(line));
            text += &format!("\n{}", aligned(&lines, 1));
        }
        text
    }

    /// For programs: every row.
    #[must_use]
    pub fn as_json(&self) -> String {
        let row = |row: &Row| {
            let numbers = NUMBERS
                .iter()
                .zip(row.values)
                .map(|(name, [ours, theirs])| ((*name).to_owned(), json!({"run_glue": ours, "trainer": theirs})));
            let mut fields: serde_json::Map<String, Value> = numbers.collect();
            fields.insert("step".to_owned(), json!(row.step));
            Value::Object(fields)
        };
        let farthest = NUMBERS.iter().enumerate().map(|(number, name)| {
            let (row, difference) = self.farthest(number);
            ((*name).to_owned(), json!({"step": row.step, "difference": difference}))
        });
        let metric =
            |(name, ours, theirs): &(String, f64, f64)| (name.clone(), json!({"run_glue": ours, "trainer": theirs}));
        let evaluation = |(step, [ours, theirs]): &(u64, [f64; 2])| json!({"step": step, "loss": {"run_glue": ours, "trainer": theirs}});
        let value = json!({
            "run": self.title,
            "verdict": self.agreement().name(),
            "rows_of_one_log_alone": self.alone,
            "same_masks": self.same_masks,
            "ends_with_best": self.ends_with_best,
            "tolerance": self.tolerance,
            "parts_at_step": self.parting().map(|row| row.step),
            "farthest": farthest.collect::<serde_json::Map<_, _>>(),
            "evaluations": self.evaluations.iter().map(evaluation).collect::<Vec<_>>(),
            "metrics": self.metrics.iter().map(metric).collect::<serde_json::Map<_, _>>(),
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        });
        format!("{value:#}\n")
    }

    /// The row where one of the numbers differs most, and by how much.
    fn farthest(&self, number: usize) -> (&Row, f64) {
        let differences = self.rows.iter().map(|row| (row, row.difference(number)));
        differences.fold((&self.rows[0], 0.0), |most, next| if next.1 > most.1 { next } else { most })
    }
}
