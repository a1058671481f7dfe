//! Three of SuperGLUE's eight tasks, those that are one text or two and a label. Wang et al. 2019,
//! <https://arxiv.org/abs/1905.00537>.
//!
//! Columns, splits, label order and row counts are those of the Hub's dataset:
//! <https://huggingface.co/datasets/aps/super_glue>. Metrics are those of `evaluate.load("super_glue", task)`:
//! <https://huggingface.co/spaces/evaluate-metric/super_glue>.

use std::sync::LazyLock;

use super::shorthand::{classes, pair, split};
use crate::benchmark::{AverageSpec, Benchmark};
use crate::metrics::Metric;
use crate::task::TaskSpec;

/// BoolQ, CB and RTE. Their mean is not SuperGLUE's own number, and its name says so.
pub static SUPER_GLUE: LazyLock<Benchmark> = LazyLock::new(|| Benchmark {
    name: "super_glue".to_owned(),
    display_name: "SuperGLUE".to_owned(),
    repository: "aps/super_glue".to_owned(),
    language: "en".to_owned(),
    tasks: vec![boolq(), cb(), rte()],
    averages: vec![AverageSpec {
        key: "super_glue_boolq_cb_rte".to_owned(),
        display_name: "SuperGLUE (BoolQ, CB, RTE)".to_owned(),
        left_out: Vec::new(),
    }],
});

fn boolq() -> TaskSpec {
    TaskSpec {
        display_name: "BoolQ".to_owned(),
        config: "boolq".to_owned(),
        train_split: Some(split("train", 9427)),
        eval_splits: vec![split("validation", 3270)],
        test_splits: vec![split("test", 3245)],
        metrics: vec![Metric::Accuracy],
        averages_metrics: true,
        ..TaskSpec::new("super_glue/boolq", pair("question", "passage"), classes(&["False", "True"]))
    }
}

fn cb() -> TaskSpec {
    TaskSpec {
        display_name: "CB".to_owned(),
        config: "cb".to_owned(),
        train_split: Some(split("train", 250)),
        eval_splits: vec![split("validation", 56)],
        test_splits: vec![split("test", 250)],
        metrics: vec![Metric::Accuracy, Metric::F1Macro],
        averages_metrics: true,
        ..TaskSpec::new(
            "super_glue/cb",
            pair("premise", "hypothesis"),
            classes(&["entailment", "contradiction", "neutral"]),
        )
    }
}

fn rte() -> TaskSpec {
    TaskSpec {
        display_name: "SuperGLUE RTE".to_owned(),
        config: "rte".to_owned(),
        train_split: Some(split("train", 2490)),
        eval_splits: vec![split("validation", 277)],
        test_splits: vec![split("test", 3000)],
        metrics: vec![Metric::Accuracy],
        averages_metrics: true,
        ..TaskSpec::new("super_glue/rte", pair("premise", "hypothesis"), classes(&["entailment", "not_entailment"]))
    }
}
