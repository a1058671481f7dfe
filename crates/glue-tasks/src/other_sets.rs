//! Labelled sets on which a model of a task is tried beside the task's own rows: other texts with the same question, and such as were made
//! to mislead. What a class of the one is in the other is decided here, by names.

use std::sync::LazyLock;

use crate::benchmarks::GLUE;
use crate::dataset::LabelKind;
use crate::task::{SplitSpec, TaskSpec};

/// A set, in one part or several.
#[derive(Clone, Debug)]
pub struct OtherSet {
    /// As flags have it: `hans`.
    pub name: &'static str,
    /// As papers write it.
    pub display_name: &'static str,
    /// Its repository on the Hugging Face Hub.
    pub repository: &'static str,
    /// Who made it.
    pub source: &'static str,
    /// Its parts, each of one split.
    pub parts: Vec<OtherPart>,
}

/// A part of a set.
#[derive(Clone, Debug)]
pub struct OtherPart {
    /// Where its rows lie, and what is in them; its only evaluation split is the part.
    pub task: TaskSpec,
    /// The task whose models it is for; `None`: all that have its classes.
    pub of_task: Option<&'static str>,
}

impl OtherPart {
    /// The split that is scored.
    #[must_use]
    pub fn split(&self) -> &str {
        self.task.eval_splits.first().map_or("", |split| &split.name)
    }
}

const NLI: [&str; 3] = ["entailment", "neutral", "contradiction"];

fn part(name: &str, config: &str, split: &str, texts: (&str, Option<&str>), labels: &[&str]) -> OtherPart {
    let texts = (texts.0.to_owned(), texts.1.map(str::to_owned));
    let labels = LabelKind::Classes(labels.iter().map(|label| (*label).to_owned()).collect());
    let task = TaskSpec {
        config: config.to_owned(),
        train_split: None,
        eval_splits: vec![SplitSpec::new(split)],
        test_splits: Vec::new(),
        ..TaskSpec::new(name, texts, labels)
    };
    OtherPart { task, of_task: None }
}

/// All of them, in the order in which they are listed.
pub fn other_sets() -> &'static [OtherSet] {
    static SETS: LazyLock<Vec<OtherSet>> = LazyLock::new(all);
    &SETS
}

fn all() -> Vec<OtherSet> {
    let pair = ("premise", Some("hypothesis"));
    let adversarial = |name: &'static str, config: &str, texts, labels: &[&str]| OtherPart {
        of_task: Some(name),
        ..part(&format!("adv_glue/{config}"), config, "validation", texts, labels)
    };
    let binary = ["entailment", "not_entailment"];
    let of_mnli = |name: &'static str, split: &str| {
        let own = GLUE.task("mnli").cloned();
        let task = own.map(|own| TaskSpec { name: name.to_owned(), eval_splits: vec![SplitSpec::new(split)], ..own });
        task.map(|task| OtherPart { task, of_task: None }).into_iter().collect()
    };
    vec![
        OtherSet {
            name: "hans",
            display_name: "HANS",
            repository: "jhu-cogsci/hans",
            source: "McCoy et al. 2019, https://arxiv.org/abs/1902.01007",
            parts: vec![part("hans", "plain_text", "validation", pair, &["entailment", "non-entailment"])],
        },
        OtherSet {
            name: "snli",
            display_name: "SNLI",
            repository: "stanfordnlp/snli",
            source: "Bowman et al. 2015, https://arxiv.org/abs/1508.05326",
            parts: vec![part("snli", "plain_text", "test", pair, &NLI)],
        },
        OtherSet {
            name: "anli",
            display_name: "ANLI",
            repository: "facebook/anli",
            source: "Nie et al. 2020, https://arxiv.org/abs/1910.14599",
            parts: ["test_r1", "test_r2", "test_r3"]
                .map(|split| part(&format!("anli/{split}"), "plain_text", split, pair, &NLI))
                .to_vec(),
        },
        OtherSet {
            name: "mnli",
            display_name: "MNLI, matched",
            repository: "nyu-mll/glue",
            source: "Williams et al. 2018, https://arxiv.org/abs/1704.05426",
            parts: of_mnli("mnli", "validation_matched"),
        },
        OtherSet {
            name: "mnli_mm",
            display_name: "MNLI, mismatched",
            repository: "nyu-mll/glue",
            source: "Williams et al. 2018, https://arxiv.org/abs/1704.05426",
            parts: of_mnli("mnli_mm", "validation_mismatched"),
        },
        OtherSet {
            name: "adv_glue",
            display_name: "AdvGLUE",
            repository: "AI-Secure/adv_glue",
            source: "Wang et al. 2021, https://arxiv.org/abs/2111.02840",
            parts: vec![
                adversarial("sst2", "adv_sst2", ("sentence", None), &["negative", "positive"]),
                adversarial("qqp", "adv_qqp", ("question1", Some("question2")), &["not_duplicate", "duplicate"]),
                adversarial("mnli", "adv_mnli", pair, &NLI),
                adversarial("mnli", "adv_mnli_mismatched", pair, &NLI),
                adversarial("qnli", "adv_qnli", ("question", Some("sentence")), &binary),
                adversarial("rte", "adv_rte", ("sentence1", Some("sentence2")), &binary),
            ],
        },
    ]
}

/// Classes that a model and a set have in common: each class of the one and of the other belongs to one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedClasses {
    /// Their names.
    pub names: Vec<String>,
    /// Of each class of the model its place among them.
    pub of_model: Vec<usize>,
    /// Of each class of the set.
    pub of_set: Vec<usize>,
}

/// What classes have in common whose names are the same in both, in whatever order; or where all are of inference (`entailment`, `neutral`,
/// `contradiction`, `not_entailment`), whether a text follows: neutral and contradiction are no entailment, as in HANS. `None` where neither holds.
#[must_use]
pub fn shared_classes(model: &[String], set: &[String]) -> Option<SharedClasses> {
    let (model_names, set_names) = (plain_all(model), plain_all(set));
    // Of two classes of one name nobody knows which is which.
    if (1..model_names.len()).any(|at| model_names[..at].contains(&model_names[at])) {
        return None;
    }
    let place = |name: &String| set_names.iter().position(|own| own == name);
    let same: Option<Vec<usize>> = model_names.iter().map(place).collect();
    if let Some(of_model) = same.filter(|places| places.len() == set.len() && has_all(places)) {
        return Some(SharedClasses { names: set.to_vec(), of_model, of_set: (0..set.len()).collect() });
    }
    let follows = |names: &[String]| names.iter().map(|name| entails(name)).collect::<Option<Vec<usize>>>();
    let (of_model, of_set) = (follows(&model_names)?, follows(&set_names)?);
    let names = ["entailment", "not_entailment"].map(str::to_owned).to_vec();
    let has_both = |places: &[usize]| [0, 1].iter().all(|place| places.contains(place));
    Some(SharedClasses { names, of_model, of_set })
        .filter(|shared| has_both(&shared.of_model) && has_both(&shared.of_set))
}

/// Whether each place up to the largest is there.
fn has_all(places: &[usize]) -> bool {
    places.iter().max().is_some_and(|most| (0..=*most).all(|place| places.contains(&place)))
}

/// 0 of entailment, 1 of what is none.
fn entails(name: &str) -> Option<usize> {
    match name {
        "entailment" => Some(0),
        "neutral" | "contradiction" | "notentailment" | "nonentailment" => Some(1),
        _ => None,
    }
}

/// Names without case and what stands between their words.
fn plain_all(names: &[String]) -> Vec<String> {
    let plain = |name: &String| name.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect();
    names.iter().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(model: &[&str], set: &[&str]) -> Option<(Vec<usize>, Vec<usize>)> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        shared_classes(&names(model), &names(set)).map(|shared| (shared.of_model, shared.of_set))
    }

    #[test]
    fn classes_are_the_same_by_name_or_by_what_follows() {
        assert_eq!(shared(&["CONTRADICTION", "NEUTRAL", "ENTAILMENT"], &NLI), Some((vec![2, 1, 0], vec![0, 1, 2])));
        assert_eq!(shared(&NLI, &["entailment", "non-entailment"]), Some((vec![0, 1, 1], vec![0, 1])));
        assert_eq!(
            shared(&["entailment", "not_entailment"], &["entailment", "non-entailment"]),
            Some((vec![0, 1], vec![0, 1]))
        );
        assert_eq!(shared(&["not_entailment", "entailment"], &NLI), Some((vec![1, 0], vec![0, 1, 1])));
        for (model, set) in [
            (&["negative", "positive"][..], &NLI[..]),
            (&["LABEL_0", "LABEL_1", "LABEL_2"], &NLI),
            (&["negative", "positive"], &["not_duplicate", "duplicate"]),
            (&["entailment"], &NLI),
            (&["entailment", "neutral", "neutral"], &NLI),
            (&[], &NLI),
        ] {
            assert_eq!(shared(model, set), None, "{model:?} {set:?}");
        }
    }

    #[test]
    fn every_part_has_a_split_and_a_name_of_its_own() {
        let mut names = Vec::new();
        for set in other_sets() {
            assert!(!set.parts.is_empty(), "{}", set.name);
            for part in &set.parts {
                assert!(!part.split().is_empty() && !names.contains(&part.task.name), "{}", part.task.name);
                names.push(part.task.name.clone());
            }
        }
    }
}
