//! Verification of the committed records, and intervals beside scipy's (`scripts/fixtures/verify_goldens.py`).

use std::path::Path;

use results::verify::{self, Outcome, VerifyOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{fixture, results};

/// A folder with runs of a model on RTE, of format 1, and a reference.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    /// Runs with these values of a metric, on so many rows of the development set.
    pub(crate) fn new(metric: &str, values: &[f64], rows: u64) -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        for (seed, value) in values.iter().enumerate() {
            bench.add("results", seed, |record| {
                record["metrics"] = json!({metric: value});
                record["dataset"]["rows"]["validation"] = json!(rows);
            });
        }
        bench
    }

    /// One more run, a committed one that was changed.
    pub(crate) fn add(&self, folder: &str, seed: usize, change: impl Fn(&mut Value)) {
        let path = results("rte/all-MiniLM-L6-v2/seed-42-36d1f0340b9d.json");
        let mut record: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        record["seed"] = json!(seed);
        record["settings_hash"] = json!("0f".repeat(32));
        change(&mut record);
        self.write(&format!("{folder}/seed-{seed}.json"), &record);
    }

    pub(crate) fn write(&self, name: &str, json: &Value) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, json.to_string()).unwrap();
    }

    pub(crate) fn options(&self, against: &str) -> VerifyOptions {
        VerifyOptions {
            paths: vec![self.folder.path().join("results")],
            against: vec![self.folder.path().join(against)],
            ..VerifyOptions::default()
        }
    }

    /// The only number of a verification against a reference with this run of RTE.
    pub(crate) fn against(&self, run: &Value, change: impl Fn(&mut VerifyOptions)) -> Result<Value, String> {
        self.write("reference.json", &json!({"runs": {"rte": run}}));
        let mut options = self.options("reference.json");
        change(&mut options);
        let verified = verify::run(&options).map_err(|error| error.to_string())?;
        let all: Value = serde_json::from_str(&verified.as_json()).unwrap();
        Ok(all["numbers"][0].clone())
    }
}

fn verified(against: &Path, tasks: &[&str], reference_model: Option<&str>) -> (Outcome, Vec<Value>, String) {
    let options = VerifyOptions {
        paths: tasks.iter().map(|task| results(task)).collect(),
        against: vec![against.to_owned()],
        reference_model: reference_model.map(str::to_owned),
        ..VerifyOptions::default()
    };
    let verified = verify::run(&options).unwrap();
    let all: Value = serde_json::from_str(&verified.as_json()).unwrap();
    let text = verified.as_text();
    assert_eq!(text.lines().last(), Some(verified.summary()), "the last line sums up");
    (verified.outcome(), all["numbers"].as_array().unwrap().clone(), text)
}

const TASKS: [&str; 6] = ["cola", "mrpc", "rte", "sst2", "stsb", "wnli"];

#[test]
fn the_committed_runs_are_reproduced_or_cannot_be_told_beside_the_trainers() {
    let (outcome, numbers, text) = verified(&results("reference/minilm_l6.json"), &TASKS, None);
    let verdicts: Vec<(&str, &str)> =
        numbers.iter().map(|number| (number["task"].as_str().unwrap(), number["verdict"].as_str().unwrap())).collect();
    let expected = [("cola", "cannot tell"), ("rte", "cannot tell"), ("stsb", "reproduced"), ("wnli", "reproduced")];
    assert_eq!(verdicts, expected, "{text}");
    assert_eq!(outcome, Outcome::CannotTell);
    assert!(text.contains("which is") && text.contains("one run"), "{text}");
    // The first version of the file, which does not say that its numbers are of one run, is read the same way.
    let (before, same, _) = verified(&fixture("reference_1.json"), &TASKS, None);
    assert_eq!(before, outcome);
    let verdict = |numbers: &[Value]| numbers.iter().map(|number| number["interval"].clone()).collect::<Vec<_>>();
    assert_eq!(verdict(&numbers), verdict(&same));
}

#[test]
fn a_small_model_does_not_reproduce_bert() {
    let table = results("published/run_glue_readme.json");
    let (outcome, numbers, text) = verified(&table, &TASKS, Some("bert-base-cased"));
    assert_eq!(outcome, Outcome::NotReproduced);
    let run: Vec<&Value> = numbers.iter().filter(|number| number["runs"] != 0).collect();
    assert_eq!(run.len(), 8, "{text}");
    for number in run {
        let (difference, margin) = (number["difference"].as_f64().unwrap(), number["margin"].as_f64().unwrap());
        assert!(margin == 0.02 && difference < -margin, "{number}");
        assert_eq!(number["verdict"], "not reproduced", "{number}");
    }
    assert!(text.trim_end().ends_with("0 are reproduced, 8 are not, and 0 cannot be told."), "{text}");
}

#[test]
fn intervals_and_verdicts_are_those_of_scipy() {
    let goldens: Vec<Value> = serde_json::from_str(include_str!("../fixtures/verify_goldens.json")).unwrap();
    for golden in goldens {
        let numbers = |name: &str| -> Vec<f64> {
            golden[name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
        };
        let (ours, theirs) = (numbers("ours"), numbers("theirs"));
        let mean = theirs.iter().sum::<f64>() / theirs.len() as f64;
        let run = match golden["what"].as_str().unwrap() {
            "single" => json!({"metric": "accuracy", "value": mean, "statistic": "single"}),
            "mean" => json!({"metric": "accuracy", "value": mean, "statistic": "mean", "runs": theirs.len()}),
            _ => json!({"metric": "accuracy", "value": mean, "statistic": "mean", "values": theirs}),
        };
        let number = Bench::new("accuracy", &ours, 277).against(&run, |_| ()).unwrap();
        let of = |name: &str| golden[name].as_f64().unwrap();
        let near = |ours: &Value, theirs: f64, room: f64| {
            assert!((ours.as_f64().unwrap() - theirs).abs() < room, "{number} {golden}");
        };
        near(&number["difference"], of("difference"), 1e-12);
        if golden["what"] != "single" {
            assert_eq!(number["reference_statistic"], format!("mean of {}", theirs.len()), "{golden}");
        }
        // Half of the last digit of the reference, up to which it is rounded, is added on either side.
        for end in [0, 1] {
            near(&number["interval"][end], golden["interval"][end].as_f64().unwrap(), 1e-6);
        }
        assert_eq!(number["verdict"], golden["verdict"], "{number} {golden}");
    }
}
