//! The curves as text and as JSON.

use serde_json::{Value, json};

use super::curves::{Agreement, NUMBERS, Parity, Row};
use super::evaluations::{Alone, Evaluation};
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
        let (last, parting) = (self.rows.len() - 1, self.parting().map(|(row, _)| row.step));
        let is_shown = |(i, row): &(usize, &Row)| i % every == 0 || *i == last || Some(row.step) == parting;
        for (_, row) in self.rows.iter().enumerate().filter(is_shown) {
            let mut line = vec![row.step.to_string()];
            for number in 0..2 {
                line.extend(row.values[number].map(|value| format!("{value:.6}")));
                line.push(format!("{:.1e}", row.difference(number)));
            }
            lines.push(line);
        }
        let title = records::shown(&self.title);
        let mut text = format!("{title}: run-glue beside the Trainer\n\n{}\n", aligned(&lines, 1));
        let farthest = NUMBERS.iter().enumerate().map(|(number, name)| {
            let (row, difference) = self.farthest(number);
            format!("{} {difference:.1e} (step {})", name.replace('_', " "), row.step)
        });
        let farthest: Vec<String> = farthest.collect();
        text += &format!("{}; farthest apart: {}.\n", counted(self.rows.len(), "row"), farthest.join(", "));
        let tolerance = self.tolerance;
        text += &match (self.parting(), self.parting_evaluation(), self.agreement()) {
            (Some((row, number)), ..) => {
                let (name, [ours, theirs]) = (NUMBERS[number].replace('_', " "), row.values[number]);
                format!(
                    "The curves part at step {}: the {name} is {} and {}, which is more than {tolerance:e} of itself apart.\n",
                    row.step,
                    shown(ours),
                    shown(theirs)
                )
            }
            (None, Some((step, name, [ours, theirs])), _) => {
                format!(
                    "The curves are one, and the evaluation {} is not: its {} is {} and {}.\n",
                    self.evaluations.which(step),
                    name.replace('_', " "),
                    shown(ours),
                    shown(theirs)
                )
            }
            (None, None, Agreement::Incomplete) => {
                format!(
                    "One curve as far as both logs go: no number there differs by more than {tolerance:e} of itself, and no score by more than \
                     that.\n"
                )
            }
            (None, None, _) => {
                format!(
                    "One curve: no number differs by more than {tolerance:e} of itself, and no score by more than that.\n"
                )
            }
        };
        text += &match self.alone {
            0 => String::new(),
            1 => "1 row has a step that the other log has not: nothing can be told of it.\n".to_owned(),
            rows => format!("{rows} rows have a step that the other log has not: nothing can be told of them.\n"),
        };
        for Alone { step, score, whose } in &self.evaluations.alone {
            let score = score.as_ref().map_or_else(String::new, |score| format!("{} of the ", score.replace('_', " ")));
            text += &format!(
                "The {score}evaluation {} is in {} log alone: nothing can be told of it.\n",
                self.evaluations.which(*step),
                whose.in_words()
            );
        }
        text += &self.draws.in_words().map(|line| format!("{line}\n")).collect::<String>();
        if self.agreement() == Agreement::Parts {
            let warned = |warning: &String| format!("The run warned: {}\n", records::shown(warning));
            text += &self.warnings.iter().map(warned).collect::<String>();
        }
        if self.ends_with_best {
            text += "The run ended with the weights of its best evaluation, and the Trainer of the script with its last: their metrics are not compared.\n";
        }
        let at_the_end = self.evaluations.at_the_end();
        if !at_the_end.is_empty() && !self.ends_with_best {
            let mut lines = vec![["at the end", "run-glue", "Trainer"].map(str::to_owned).to_vec()];
            let line = |(name, [ours, theirs]): &(String, [f64; 2])| {
                vec![name.clone(), format!("{ours:.6}"), format!("{theirs:.6}")]
            };
            lines.extend(at_the_end.iter().map(line));
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
        let both = |[ours, theirs]: &[f64; 2]| json!({"run_glue": ours, "trainer": theirs});
        let numbers = |numbers: &[(String, [f64; 2])]| -> serde_json::Map<String, Value> {
            numbers.iter().map(|(name, values)| (name.clone(), both(values))).collect()
        };
        let evaluation = |of: &Evaluation| {
            let mut fields = numbers(&of.numbers);
            fields.insert("step".to_owned(), json!(of.step));
            Value::Object(fields)
        };
        let at_the_end = if self.ends_with_best { &[] } else { self.evaluations.at_the_end() };
        let alone = |of: &Alone| json!({"step": of.step, "score": of.score, "log": of.whose.name()});
        let parting = self.parting_evaluation().map(|(step, number, _)| json!({"step": step, "number": number}));
        let value = json!({
            "run": self.title,
            "verdict": self.agreement().name(),
            "rows_of_one_log_alone": self.alone,
            "evaluations_of_one_log_alone": self.evaluations.alone.iter().map(alone).collect::<Vec<_>>(),
            "same_masks": !self.draws.masks,
            "same_order": !self.draws.order,
            "ends_with_best": self.ends_with_best,
            "tolerance": self.tolerance,
            "parts_at_step": self.parting().map(|(row, _)| row.step),
            "parts_at_evaluation": parting,
            "farthest": farthest.collect::<serde_json::Map<_, _>>(),
            "evaluations": self.evaluations.both.iter().map(evaluation).collect::<Vec<_>>(),
            "metrics": numbers(at_the_end),
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

/// A number with as many digits as tell two of them apart.
fn shown(number: f64) -> String {
    if number != 0.0 && number.abs() < 1e-3 { format!("{number:.6e}") } else { format!("{number:.6}") }
}
