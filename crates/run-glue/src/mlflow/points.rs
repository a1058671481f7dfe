//! A row of the log as MLflow has it: a point of each metric.

use serde_json::{Value, json};

use records::metrics::Metrics;

/// A number of a metric at a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) key: String,
    value: f64,
    /// Milliseconds since 1970.
    timestamp: u64,
    pub(super) step: u64,
}

impl Point {
    /// As the server reads it: what JSON has no number for is a word of protobuf's.
    pub(super) fn to_json(&self) -> Value {
        let value = match self.value {
            value if value.is_nan() => json!("NaN"),
            f64::INFINITY => json!("Infinity"),
            f64::NEG_INFINITY => json!("-Infinity"),
            value => json!(value),
        };
        json!({"key": self.key, "value": value, "timestamp": self.timestamp, "step": self.step})
    }
}

/// The points of a row, by the names that transformers' callback gives them.
pub(super) fn points(row: &Metrics, timestamp: u64) -> Vec<Point> {
    let step = row.get("step").and_then(|step| step.as_f64()).unwrap_or(0.0) as u64;
    let numbers = row.iter().filter(|(name, _)| *name != "step");
    numbers
        .filter_map(|(name, value)| Some(Point { key: key(name), value: value.as_f64()?, timestamp, step }))
        .collect()
}

/// A name with what MLflow takes in one.
pub(super) fn key(name: &str) -> String {
    let is_taken = |letter: char| letter.is_ascii_alphanumeric() || "_-. :/".contains(letter);
    name.chars().map(|letter| if is_taken(letter) { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_point_of_each_number_at_its_step() {
        let row = Metrics::from([
            ("eval_f1(macro)".to_owned(), 0.5.into()),
            ("loss".to_owned(), f64::NAN.into()),
            ("grad_norm".to_owned(), f64::INFINITY.into()),
            ("step".to_owned(), 7u64.into()),
        ]);
        let sent: Vec<Value> = points(&row, 9).iter().map(Point::to_json).collect();
        let point = |key: &str, value: Value| json!({"key": key, "value": value, "timestamp": 9, "step": 7});
        for expected in
            [point("eval_f1_macro_", json!(0.5)), point("loss", json!("NaN")), point("grad_norm", json!("Infinity"))]
        {
            assert!(sent.contains(&expected), "{sent:?}");
        }
        assert_eq!(sent.len(), 3);
    }
}
