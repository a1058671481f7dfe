//! GLUE: nine tasks, and a diagnostic set that goes with MNLI. Wang et al. 2018, <https://arxiv.org/abs/1804.07461>.
//!
//! Columns, splits, label order and row counts are those of the Hub's dataset:
//! <https://huggingface.co/datasets/nyu-mll/glue>. Metrics are those of `evaluate.load("glue", task)`:
//! <https://huggingface.co/spaces/evaluate-metric/glue>. Files are those that <https://gluebenchmark.com> asks for.

use std::sync::LazyLock;

use super::shorthand::{classes, pair, single, split, suffixed};
use crate::benchmark::{AverageSpec, Benchmark};
use crate::dataset::{DelimitedFormat, LabelKind};
use crate::metrics::Metric;
use crate::task::LeaderboardValues::{LabelIds, LabelNames, Scores};
use crate::task::TaskSpec;

/// The General Language Understanding Evaluation benchmark.
pub static GLUE: LazyLock<Benchmark> = LazyLock::new(|| Benchmark {
    name: "glue".to_owned(),
    display_name: "GLUE".to_owned(),
    repository: "nyu-mll/glue".to_owned(),
    language: "en".to_owned(),
    tasks: vec![cola(), sst2(), mrpc(), stsb(), qqp(), mnli(), qnli(), rte(), wnli()],
    averages: vec![
        AverageSpec { key: "glue".to_owned(), display_name: "GLUE".to_owned(), left_out: Vec::new() },
        // As many papers have it, since WNLI's validation rows contradict its training rows.
        AverageSpec {
            key: "glue_without_wnli".to_owned(),
            display_name: "GLUE without WNLI".to_owned(),
            left_out: vec!["wnli".to_owned()],
        },
    ],
});

/// What most of its tasks share: the mean of the metrics is the task's number.
fn task(name: &str, display_name: &str, text_columns: (String, Option<String>), labels: LabelKind) -> TaskSpec {
    TaskSpec {
        display_name: display_name.to_owned(),
        averages_metrics: true,
        metrics: vec![Metric::Accuracy],
        // Its own files are written without quotes, which are a part of the texts.
        format: DelimitedFormat { unquoted_tsv: true, ..DelimitedFormat::default() },
        ..TaskSpec::new(name, text_columns, labels)
    }
}

fn cola() -> TaskSpec {
    TaskSpec {
        train_split: Some(split("train", 8551)),
        eval_splits: vec![split("validation", 1043)],
        test_splits: vec![split("test", 1063).in_file("CoLA.tsv", LabelIds)],
        metrics: vec![Metric::Matthews],
        ..task("cola", "CoLA", single("sentence"), classes(&["unacceptable", "acceptable"]))
    }
}

fn sst2() -> TaskSpec {
    TaskSpec {
        train_split: Some(split("train", 67349)),
        eval_splits: vec![split("validation", 872)],
        test_splits: vec![split("test", 1821).in_file("SST-2.tsv", LabelIds)],
        ..task("sst2", "SST-2", single("sentence"), classes(&["negative", "positive"]))
    }
}

fn mrpc() -> TaskSpec {
    TaskSpec {
        train_split: Some(split("train", 3668)),
        eval_splits: vec![split("validation", 408)],
        test_splits: vec![split("test", 1725).in_file("MRPC.tsv", LabelIds)],
        metrics: vec![Metric::Accuracy, Metric::F1],
        ..task("mrpc", "MRPC", pair("sentence1", "sentence2"), classes(&["not_equivalent", "equivalent"]))
    }
}

fn stsb() -> TaskSpec {
    TaskSpec {
        train_split: Some(split("train", 5749)),
        eval_splits: vec![split("validation", 1500)],
        test_splits: vec![split("test", 1379).in_file("STS-B.tsv", Scores)],
        metrics: vec![Metric::Pearson, Metric::Spearman],
        ..task("stsb", "STS-B", pair("sentence1", "sentence2"), LabelKind::Score)
    }
}

fn qqp() -> TaskSpec {
    TaskSpec {
        train_split: Some(split("train", 363_846)),
        eval_splits: vec![split("validation", 40430)],
        test_splits: vec![split("test", 390_965).in_file("QQP.tsv", LabelIds)],
        metrics: vec![Metric::Accuracy, Metric::F1],
        ..task("qqp", "QQP", pair("question1", "question2"), classes(&["not_duplicate", "duplicate"]))
    }
}

fn mnli() -> TaskSpec {
    TaskSpec {
        train_split: Some(split("train", 392_702)),
        eval_splits: vec![split("validation_matched", 9815), suffixed("validation_mismatched", 9832, "_mm")],
        test_splits: vec![
            split("test_matched", 9796).in_file("MNLI-m.tsv", LabelNames),
            suffixed("test_mismatched", 9847, "_mm").in_file("MNLI-mm.tsv", LabelNames),
        ],
        diagnostic: Some(Box::new(ax())),
        ..task("mnli", "MNLI", pair("premise", "hypothesis"), three_way())
    }
}

fn qnli() -> TaskSpec {
    TaskSpec {
        train_split: Some(split("train", 104_743)),
        eval_splits: vec![split("validation", 5463)],
        test_splits: vec![split("test", 5463).in_file("QNLI.tsv", LabelNames)],
        ..task("qnli", "QNLI", pair("question", "sentence"), classes(&["entailment", "not_entailment"]))
    }
}

fn rte() -> TaskSpec {
    TaskSpec {
        train_split: Some(split("train", 2490)),
        eval_splits: vec![split("validation", 277)],
        test_splits: vec![split("test", 3000).in_file("RTE.tsv", LabelNames)],
        ..task("rte", "RTE", pair("sentence1", "sentence2"), classes(&["entailment", "not_entailment"]))
    }
}

fn wnli() -> TaskSpec {
    TaskSpec {
        train_split: Some(split("train", 635)),
        eval_splits: vec![split("validation", 71)],
        test_splits: vec![split("test", 146).in_file("WNLI.tsv", LabelIds)],
        // The reverse of RTE's and QNLI's order: here 1 is entailment.
        ..task("wnli", "WNLI", pair("sentence1", "sentence2"), classes(&["not_entailment", "entailment"]))
    }
}

/// The diagnostic set: a test split only, predicted with a model that was trained on MNLI. It counts in no average.
fn ax() -> TaskSpec {
    TaskSpec {
        train_split: None,
        eval_splits: Vec::new(),
        test_splits: vec![suffixed("test", 1104, "_ax").in_file("AX.tsv", LabelNames)],
        metrics: vec![Metric::Matthews],
        ..task("ax", "AX", pair("premise", "hypothesis"), three_way())
    }
}

/// MNLI's order, which the diagnostic set shares.
fn three_way() -> LabelKind {
    classes(&["entailment", "neutral", "contradiction"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_row_counts() {
        let widths: Vec<usize> = GLUE.tasks.iter().map(TaskSpec::num_labels).collect();
        assert_eq!(widths, [2, 2, 2, 1, 2, 3, 2, 2, 2]);
        let mnli = GLUE.task("mnli").expect("a task");
        let rows: Vec<_> = mnli.splits().map(|split| (split.name.as_str(), split.rows.unwrap_or_default())).collect();
        let expected = [
            ("train", 392_702),
            ("validation_matched", 9815),
            ("validation_mismatched", 9832),
            ("test_matched", 9796),
            ("test_mismatched", 9847),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn the_diagnostic_set_has_a_metric_and_a_suffix_of_its_own() {
        let mnli = GLUE.task("mnli").expect("a task");
        assert_eq!(mnli.of_suffix("_ax").metrics, [Metric::Matthews]);
        assert_eq!(mnli.of_suffix("_mm").metrics, [Metric::Accuracy]);
        assert_eq!((mnli.diagnostic_suffix(), rte().diagnostic_suffix()), (Some("_ax"), None));
    }
}
