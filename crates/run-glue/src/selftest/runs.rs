//! Short training runs: every logged loss and gradient norm beside the Hugging Face Trainer's, and, with dropout, which
//! no other program draws alike, beside the CPU.

use std::path::Path;

use clap::{CommandFactory, FromArgMatches};
use models::ops::{EncoderOps, Precision};
use serde_json::{Value, json};

use super::cases::{Cases, Cpu, Part};
use super::comparison::Difference;
use super::fixtures::{self, unpack};
use super::limits::limits;
use crate::cli::args::Cli;
use crate::cli::settings::Settings;
use crate::error::Error;
use crate::task_run::rehearsal;

/// A training run.
struct Run {
    name: &'static str,
    /// The folder of its settings and its log.
    fixture: &'static str,
    /// Instead of none; the log then is the CPU's.
    dropout: Option<f64>,
    /// Flags behind those of its settings.
    flags: &'static [&'static str],
}

const RUNS: [Run; 4] = [
    Run { name: "BERT, 27 steps", fixture: "mrpc_sequential", dropout: None, flags: &[] },
    Run { name: "DeBERTa, 20 steps", fixture: "family_deberta_v3", dropout: None, flags: &[] },
    Run { name: "ModernBERT, 20 steps", fixture: "family_modernbert", dropout: None, flags: &[] },
    Run {
        name: "BERT with dropout, 20 steps",
        fixture: "mrpc_sequential",
        dropout: Some(0.1),
        flags: &["--max_steps", "20", "--learning_rate", "2e-4"],
    },
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
        let mut words: Vec<String> =
            ["run-glue", "--do_train", "true", "--disable_tqdm", "true"].map(str::to_owned).to_vec();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let places = [
            ("task", text(&described["task"])),
            ("model", model.display().to_string()),
            ("dataset_dir", root.join("data/glue").display().to_string()),
        ];
        words.extend(places.into_iter().flat_map(|(name, value)| [format!("--{name}"), value]));
        let arguments = described["arguments"].as_object().into_iter().flatten();
        words.extend(arguments.flat_map(|(name, value)| [format!("--{name}"), text(value)]));
        words.extend(self.flags.iter().map(|&flag| flag.to_owned()));
        let cli = Cli::command().try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
        let mut settings = Settings::new(cli.map_err(Error::failure)?.run, false)?;
        settings.precision = precision;
        settings.training.first_loss_scale = (precision == Precision::Fp16).then_some(FIRST_SCALE);
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
