//! Logits to labels and scores, as transformers' `text-classification` pipeline gives them.

use models::config::Config;
use records::shown;
use serde_json::json;

/// What a logit becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClassificationFunction {
    /// Classes exclude each other.
    Softmax,
    /// Each label on its own.
    Sigmoid,
    /// The logit itself: a regression's score.
    None,
}

/// Names and function of a checkpoint's logits.
pub(super) struct Labels {
    names: Vec<String>,
    function: ClassificationFunction,
}

impl Labels {
    /// What config.json says: `id2label`, and `problem_type`.
    pub(super) fn new(config: &Config, num_labels: usize) -> Self {
        let own = config.label_names().filter(|names| names.len() == num_labels);
        let function = match config.get("problem_type").and_then(serde_json::Value::as_str) {
            Some("regression") => ClassificationFunction::None,
            Some("multi_label_classification") => ClassificationFunction::Sigmoid,
            _ if num_labels == 1 => ClassificationFunction::Sigmoid,
            _ => ClassificationFunction::Softmax,
        };
        Self { names: own.unwrap_or_else(|| (0..num_labels).map(|i| format!("LABEL_{i}")).collect()), function }
    }

    /// Whether the names say anything: of a regression the only one is `LABEL_0`, unless somebody gave it another.
    fn is_named(&self) -> bool {
        self.function != ClassificationFunction::None || self.names != ["LABEL_0"]
    }

    /// The `top_k` best labels with their scores, best first; of equal ones the first.
    pub(super) fn best(&self, logits: &[f32], top_k: usize) -> Vec<(&str, f32)> {
        let scores = scores(logits, self.function);
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        order.into_iter().take(top_k).map(|i| (self.names[i].as_str(), scores[i] as f32)).collect()
    }
}

fn scores(logits: &[f32], function: ClassificationFunction) -> Vec<f64> {
    let logits = logits.iter().map(|&x| f64::from(x));
    match function {
        ClassificationFunction::None => logits.collect(),
        ClassificationFunction::Sigmoid => logits.map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
        ClassificationFunction::Softmax => {
            let highest = logits.clone().fold(f64::NEG_INFINITY, f64::max);
            let powers: Vec<f64> = logits.map(|x| (x - highest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            powers.iter().map(|p| p / sum).collect()
        }
    }
}

/// `label, tab, score`, the next best behind it; of a regression the score alone. Whatever a label holds, it is one word of one line.
pub(super) fn plain_line(best: &[(&str, f32)], labels: &Labels) -> String {
    let one = |(label, score): &(&str, f32)| match labels.is_named() {
        true => format!("{}\t{score:.6}", shown(label)),
        false => format!("{score:.6}"),
    };
    best.iter().map(one).collect::<Vec<_>>().join("\t")
}

/// The pipeline's value: an object, or with `top_k` above 1 a list of them.
pub(super) fn json_line(best: &[(&str, f32)], top_k: usize) -> String {
    let object = |(label, score): &(&str, f32)| json!({ "label": label, "score": f64::from(*score) });
    match best {
        [one] if top_k == 1 => object(one),
        all => all.iter().map(object).collect(),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(config: serde_json::Value, n: usize) -> Labels {
        Labels::new(&Config::from_fields(config.as_object().expect("an object").clone()), n)
    }

    #[test]
    fn functions_are_the_pipelines() {
        let two = labels(serde_json::json!({"id2label": {"0": "no", "1": "yes"}}), 2);
        let best = two.best(&[0.0, 3f32.ln()], 5);
        assert_eq!((best[0].0, best[1].0), ("yes", "no"));
        assert!((best[0].1 - 0.75).abs() < 1e-6 && (best[1].1 - 0.25).abs() < 1e-6);
        let score = labels(serde_json::json!({"problem_type": "regression"}), 1);
        assert_eq!(score.best(&[2.5], 1), [("LABEL_0", 2.5)]);
        assert_eq!(labels(serde_json::json!({}), 1).best(&[0.0], 1), [("LABEL_0", 0.5)]);
        let many = labels(serde_json::json!({"problem_type": "multi_label_classification"}), 3);
        assert_eq!(many.best(&[0.0, 0.0, 1.0], 2)[1], ("LABEL_0", 0.5));
        // Names that do not fit the head are not used.
        assert_eq!(
            labels(serde_json::json!({"id2label": {"0": "no", "1": "yes"}}), 3).best(&[1.0, 0.0, 0.0], 1)[0].0,
            "LABEL_0"
        );
    }

    #[test]
    fn lines_hold_label_and_score() {
        let two = labels(serde_json::json!({}), 2);
        assert_eq!(plain_line(&[("yes", 0.75), ("no", 0.25)], &two), "yes\t0.750000\tno\t0.250000");
        let regression = serde_json::json!({"problem_type": "regression"});
        assert_eq!(plain_line(&[("LABEL_0", 3.5)], &labels(regression, 1)), "3.500000");
        let named = serde_json::json!({"problem_type": "regression", "id2label": {"0": "similarity"}});
        assert_eq!(plain_line(&[("similarity", 3.5)], &labels(named, 1)), "similarity\t3.500000");
        assert_eq!(plain_line(&[("a\tb\n\u{1b}", 0.5)], &two), "a\\tb\\n\\u{1b}\t0.500000");
        assert_eq!(json_line(&[("a\tb", 0.5)], 1), r#"{"label":"a\tb","score":0.5}"#);
        assert_eq!(json_line(&[("yes", 0.75)], 1), r#"{"label":"yes","score":0.75}"#);
        assert_eq!(json_line(&[("yes", 0.75)], 2), r#"[{"label":"yes","score":0.75}]"#);
    }
}
