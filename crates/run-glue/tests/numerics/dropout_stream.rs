//! Training runs with dropout beside the Hugging Face Trainer's, on PyTorch's own masks (`scripts/fixtures/dropout_stream.py`): every loss and
//! gradient norm, and the state of the generator to the last bit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use models::config::Config;
use models::encoder::family;
use models::ops::Place;
use models::torch_rng::TorchRng;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A hundred times what rounding does. Masks in another order or layout move a loss by far more. One wrong unit may move it by less: how many
/// numbers are drawn is seen from the generator's state, and in which order and shapes from `draws.json`.
const TOLERANCE: f64 = 1e-4;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A run of the fixtures, with the model that it starts from in a folder of its own.
struct Run {
    name: String,
    settings: Value,
    folder: tempfile::TempDir,
}

impl Run {
    fn new(name: &str) -> Self {
        Self::of(name, true)
    }

    /// `in_config`: whether the probabilities of dropout stand in config.json.
    fn of(name: &str, in_config: bool) -> Self {
        let settings = json(&fixtures().join("dropout_stream").join(name).join("settings.json"));
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        std::fs::create_dir(&model).unwrap();
        let checkpoint = fixtures().join("trajectory/checkpoints").join(settings["checkpoint"].as_str().unwrap());
        for entry in std::fs::read_dir(checkpoint).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), model.join(entry.file_name())).unwrap();
        }
        let mut config = json(&model.join("config.json"));
        for (field, value) in settings["config_overrides"].as_object().unwrap().iter().filter(|_| in_config) {
            config[field] = value.clone();
        }
        std::fs::write(model.join("config.json"), config.to_string()).unwrap();
        Self { name: name.to_owned(), settings, folder }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Trains; `extra` flags take the place of the settings'.
    fn train(&self, extra: &[&str]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_run-glue"));
        command
            .args(["--dropout_stream", "torch", "--task"])
            .arg(self.settings["task"].as_str().unwrap())
            .arg("--model")
            .arg(self.folder.path().join("model"))
            .arg("--dataset_dir")
            .arg(fixtures().join("trajectory/data/glue"))
            .arg("--output_dir")
            .arg(self.out())
            .arg("--results_dir")
            .arg(self.folder.path().join("results"));
        if self.settings["padding"] != "longest" {
            command.args(["--pad_to_max_length", "true"]);
        }
        let mut arguments: BTreeMap<&str, String> =
            [("save_strategy", "steps"), ("save_steps", "1")].map(|(name, value)| (name, value.to_owned())).into();
        for (name, value) in self.settings["arguments"].as_object().unwrap() {
            arguments.insert(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        for (name, value) in arguments {
            if !extra.contains(&format!("--{name}").as_str()) {
                command.arg(format!("--{name}")).arg(value);
            }
        }
        let output = command.args(extra).output().unwrap();
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
    }

    /// Holds loss and norm of every row against the Trainer's.
    fn compare(&self) {
        let steps = |history: &Value| -> Vec<[f64; 3]> {
            let rows = history.as_array().unwrap().iter().filter(|row| row.get("loss").is_some());
            rows.map(|row| ["step", "loss", "grad_norm"].map(|key| row[key].as_f64().unwrap())).collect()
        };
        let ours = steps(&json(&self.out().join("trainer_state.json"))["log_history"]);
        let theirs = steps(&json(&fixtures().join("dropout_stream").join(&self.name).join("log_history.json")));
        assert_eq!(ours.len(), theirs.len(), "{}: rows of the log", self.name);
        for (a, b) in ours.iter().zip(&theirs) {
            let is_near = |i: usize| (a[i] - b[i]).abs() <= TOLERANCE * b[i].abs();
            assert!(a[0] == b[0] && is_near(1) && is_near(2), "{}: {a:?}, expected {b:?}", self.name);
        }
    }

    /// Holds the generator of each checkpoint against torch's after the step. Ours is that after the step's evaluation, which draws two
    /// words more.
    fn compare_states(&self) -> usize {
        let mut compared = 0;
        for (step, expected) in self.settings["rng_state_after"].as_object().unwrap() {
            let file = self.out().join(format!("checkpoint-{step}/rng_state.safetensors"));
            if !file.is_file() {
                continue;
            }
            let ours = models::checkpoint::read_bytes(&file).unwrap()["cpu"].clone();
            let mut torch = TorchRng::new(self.settings["arguments"]["seed"].as_u64().unwrap());
            for _ in 0..expected["words"].as_u64().unwrap() {
                torch.next_u32();
            }
            let hash: String = Sha256::digest(torch.to_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, expected["sha256"].as_str().unwrap(), "{}: step {step}", self.name);
            if self.is_evaluated(step.parse().unwrap()) {
                torch.next_u64();
            }
            assert!(ours == torch.to_bytes(), "{}: the generator after step {step} is another", self.name);
            compared += 1;
        }
        compared
    }

    fn is_evaluated(&self, step: u64) -> bool {
        let arguments = &self.settings["arguments"];
        match arguments["eval_strategy"].as_str() {
            Some("steps") => step.is_multiple_of(arguments["eval_steps"].as_u64().unwrap()) || step == self.last(),
            Some("epoch") => step.is_multiple_of(9) || step == self.last(),
            _ => false,
        }
    }

    fn last(&self) -> u64 {
        self.settings["steps"].as_u64().unwrap()
    }
}

/// The runs whose names `wanted` takes.
fn names(wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(fixtures().join("dropout_stream")).unwrap();
    let folders = entries.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.retain(|name| wanted(name));
    names.sort();
    names
}

fn check(names: &[String]) {
    for name in names {
        let run = Run::new(name);
        run.train(&[]);
        run.compare();
        assert!(run.compare_states() > 0, "{name}: no state was compared");
    }
}

#[test]
fn runs_with_dropout_follow_the_trainer_in_every_family() {
    let families = names(|name| !name.starts_with("bert_"));
    assert!(families.len() >= 22, "{families:?}");
    check(&families);
}

#[test]
fn runs_with_dropout_follow_the_trainer_whatever_is_asked_for() {
    let asked = names(|name| name.starts_with("bert_"));
    assert!(asked.len() >= 17, "{asked:?}");
    check(&asked);
}

#[test]
fn a_run_that_goes_on_draws_the_same_masks() {
    for name in names(|name| name.starts_with("bert_saved") || name == "bert_group_by_length") {
        let run = Run::new(&name);
        run.train(&[]);
        // In the midst of the second epoch, and where the fixture was resumed.
        for step in [run.settings["resume_at"].as_u64().unwrap_or(13), 9, 18] {
            let from = run.out().join(format!("checkpoint-{step}"));
            if !from.is_dir() {
                continue;
            }
            let again = Run::new(&name);
            std::fs::create_dir(again.out()).unwrap();
            let to = again.out().join(from.file_name().unwrap());
            std::fs::create_dir(&to).unwrap();
            for entry in std::fs::read_dir(&from).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
            again.train(&["--resume_from_checkpoint", to.to_str().unwrap()]);
            again.compare();
            again.compare_states();
        }
    }
}

#[test]
fn layouts_and_layers_computed_again_draw_the_same_masks() {
    for (name, flags) in [
        ("bert", &["--gradient_checkpointing", "true"] as &[&str]),
        ("deberta_v3", &["--gradient_checkpointing", "true"]),
        ("t5", &["--gradient_checkpointing", "true"]),
        ("bert_padded", &["--backend", "ndarray"]),
    ] {
        if flags.contains(&"ndarray") && !cfg!(feature = "ndarray") {
            continue;
        }
        let run = Run::new(name);
        run.train(flags);
        run.compare();
    }
}

/// Whatever a family calls them, flags take the place of config.json's fields.
#[test]
fn probabilities_of_flags_are_those_of_the_config() {
    for (name, fields) in [
        ("bert_distinct", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"]),
        ("distilbert_distinct", ["dropout", "attention_dropout", "seq_classif_dropout"]),
        ("albert_distinct", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob"]),
    ] {
        let run = Run::of(name, false);
        let value = |field: &str| run.settings["config_overrides"][field].to_string();
        let [hidden, attention, classifier] = fields.map(value);
        run.train(&[
            "--hidden_dropout_prob",
            &hidden,
            "--attention_probs_dropout_prob",
            &attention,
            "--classifier_dropout",
            &classifier,
        ]);
        run.compare();
        let saved = json(&run.out().join("config.json"));
        assert_eq!(fields.map(|field| saved[field].to_string()), [hidden, attention, classifier], "{name}");
    }
}

/// What a forward pass draws, of each variant of a family, as `scripts/fixtures/dropout_stream.py` traced it.
#[test]
fn the_masks_of_a_forward_pass_are_those_of_transformers() {
    let draws = json(&fixtures().join("dropout_stream/draws.json"));
    let (batch, len) = (draws["batch"].as_u64().unwrap() as usize, draws["length"].as_u64().unwrap() as usize);
    let variants = draws["variants"].as_object().unwrap();
    assert!(variants.len() >= 10);
    for (name, variant) in variants {
        let mut config = variant["config"].clone();
        config["model_type"] = variant["model_type"].clone();
        let config = Config::from_fields(config.as_object().unwrap().clone());
        let architecture = (family(&config).unwrap().architecture)(&config).unwrap_or_else(|e| panic!("{name}: {e}"));
        let masks = architecture.masks(batch, len);
        let expected: Vec<Vec<usize>> = variant["draws"]
            .as_array()
            .unwrap()
            .iter()
            .map(|draw| draw.as_array().unwrap()[1..].iter().map(|n| n.as_u64().unwrap() as usize).collect())
            .collect();
        assert_eq!(masks.len(), expected.len(), "{name}: number of masks");
        for (mask, shape) in masks.iter().zip(&expected) {
            let ours = match mask.place {
                Place::RelativeTable => vec![mask.len, mask.columns],
                Place::Attention => vec![mask.batch, mask.heads, mask.len, mask.columns],
                Place::Pooled | Place::Classifier => vec![mask.batch, mask.columns],
                _ => vec![mask.batch, mask.len, mask.columns],
            };
            assert_eq!(&ours, shape, "{name}: {mask:?}");
        }
    }
}

/// Single masks, bit by bit.
#[test]
fn masks_are_torchs() {
    let draws = json(&fixtures().join("dropout_stream/draws.json"));
    for mask in draws["masks"].as_array().unwrap() {
        let (count, p) = (mask["count"].as_u64().unwrap() as usize, mask["p"].as_f64().unwrap());
        let mut rng = TorchRng::new(mask["seed"].as_u64().unwrap());
        let mut words = vec![u32::MAX; count.div_ceil(32)];
        rng.bernoulli(1.0 - p, count, &mut words);
        let dropped: Vec<u64> = (0..count).filter(|i| words[i / 32] >> (i % 32) & 1 == 0).map(|i| i as u64).collect();
        if let Some(expected) = mask["dropped"].as_array() {
            let expected: Vec<u64> = expected.iter().map(|i| i.as_u64().unwrap()).collect();
            assert_eq!(dropped, expected, "{count} of probability {p}");
        }
        let bytes = rng.to_bytes();
        let at = |place: usize| i64::from(i32::from_le_bytes(*bytes[place..].first_chunk().unwrap()));
        assert_eq!([at(8), at(16)], [&mask["left"], &mask["next"]].map(|value| value.as_i64().unwrap()));
    }
}
