//! Short training runs: every logged loss and gradient norm beside the Hugging Face Trainer's, and, with dropout, which
//! no other program draws alike, beside the CPU.

use std::path::Path;

use glue_tasks::find_task;
use models::ops::{EncoderOps, Precision};
use serde_json::{Value, json};

use super::cases::{Cases, Cpu, Part};
use super::comparison::Difference;
use super::fixtures::{self, unpack};
use super::limits::limits;
use crate::error::Error;
use crate::settings::{DatasetChoice, LoggingSettings, ModelChoice, SamplingStrategy, Settings, TrainingSettings};
use crate::task_run::rehearsal;

/// A training run.
struct Run {
    name: &'static str,
    /// The folder of its settings and its log.
    fixture: &'static str,
    /// Instead of none; the log then is the CPU's.
    dropout: Option<f64>,
    /// Instead of the fixture's 1e-3.
    learning_rate: f64,
    max_steps: Option<usize>,
    order: SamplingStrategy,
}

use SamplingStrategy::{Random, Sequential};

#[rustfmt::skip]
const RUNS: [Run; 4] = [
    Run { name: "BERT, 27 steps", fixture: "mrpc_sequential", dropout: None, learning_rate: 1e-3, max_steps: None, order: Sequential },
    Run { name: "DeBERTa, 20 steps", fixture: "family_deberta_v3", dropout: None, learning_rate: 1e-3, max_steps: Some(20), order: Random },
    Run { name: "ModernBERT, 20 steps", fixture: "family_modernbert", dropout: None, learning_rate: 1e-3, max_steps: Some(20), order: Random },
    Run { name: "BERT with dropout, 20 steps", fixture: "mrpc_sequential", dropout: Some(0.1), learning_rate: 2e-4, max_steps: Some(20), order: Sequential },
];

/// Losses of half precision start with this scale rather than torch's 65536: a step that is left out cannot be compared.
const FIRST_SCALE: f32 = 1024.0;

pub(super) fn compare<B: EncoderOps>(cases: &mut Cases, device: &B::Device) -> Result<(), Error> {
    cases.announce("training runs");
    let (precision, root) = (cases.precision, unpack()?);
    for run in &RUNS {
        let settings = run.settings(root.path(), precision)?;
        let reference = if run.dropout.is_some() { "the CPU in f32" } else { "the Hugging Face Trainer" };
        cases.case(
            "run",
            run.name,
            reference,
            || series::<B>(&settings, device),
            |computed| {
                let expected = match run.dropout {
                    None => rows(&fixtures::json(&root.path().join(run.fixture).join("log_history.json"))?),
                    Some(_) => series::<Cpu>(&run.settings(root.path(), Precision::F32)?, &Default::default())?,
                };
                let limits = limits(precision);
                let part =
                    |name, i: usize, limit| Part::new(name, Difference::of_series(&computed[i], &expected[i]), limit);
                Ok(vec![
                    part("loss of each step", 0, limits.losses),
                    part("gradient norm of each step", 1, limits.norms),
                ])
            },
        )?;
    }
    Ok(())
}

/// Losses and gradient norms of a run.
fn series<B: EncoderOps>(settings: &Settings, device: &B::Device) -> Result<[Vec<f64>; 2], Error> {
    let history = rehearsal::history::<B>(settings, device)?;
    Ok(rows(&json!(history)))
}

fn rows(history: &Value) -> [Vec<f64>; 2] {
    let rows: Vec<&Value> = history.as_array().into_iter().flatten().filter(|row| row.get("loss").is_some()).collect();
    ["loss", "grad_norm"].map(|key| rows.iter().map(|row| row[key].as_f64().unwrap_or(f64::NAN)).collect())
}

impl Run {
    /// The settings that the Trainer had.
    fn settings(&self, root: &Path, precision: Precision) -> Result<Settings, Error> {
        let described = fixtures::json(&root.join(self.fixture).join("settings.json"))?;
        let mut model = root.join("checkpoints").join(described["checkpoint"].as_str().unwrap_or_default());
        if let Some(dropout) = self.dropout {
            model = with_dropout(&model, dropout)?;
        }
        let name = described["task"].as_str().unwrap_or_default();
        let task = find_task(name).map_err(|error| Error::failure(error.to_string()))?;
        let mut settings = Settings::of(task);
        settings.do_eval = false;
        settings.model.choice = ModelChoice::Folder(model);
        settings.data.dataset = DatasetChoice::Folder(root.join("data/glue"));
        settings.logging = LoggingSettings { steps: 1.0, live_line: false, ..LoggingSettings::default() };
        settings.machine.precision = precision;
        // The fixtures' `arguments`.
        settings.training = TrainingSettings {
            per_device_train_batch_size: 8,
            num_train_epochs: 3.0,
            max_steps: self.max_steps,
            learning_rate: self.learning_rate,
            warmup_steps: 5.0,
            weight_decay: 0.01,
            train_sampling_strategy: self.order,
            first_loss_scale: (precision == Precision::Fp16).then_some(FIRST_SCALE),
            ..TrainingSettings::default()
        };
        settings.check()?;
        Ok(settings)
    }
}

/// A copy of a BERT checkpoint's folder whose configuration asks for dropout.
fn with_dropout(folder: &Path, dropout: f64) -> Result<std::path::PathBuf, Error> {
    let copy = folder.with_extension("dropout");
    let mut config = fixtures::json(&folder.join("config.json"))?;
    for key in ["hidden_dropout_prob", "attention_probs_dropout_prob"] {
        config[key] = json!(dropout);
    }
    std::fs::create_dir_all(&copy).map_err(Error::input)?;
    for name in ["model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(folder.join(name), copy.join(name)).map_err(Error::input)?;
    }
    std::fs::write(copy.join("config.json"), config.to_string()).map_err(Error::input)?;
    Ok(copy)
}
