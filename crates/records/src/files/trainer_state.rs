//! `trainer_state.json`: where a run stands, and its log, as transformers' `TrainerState` writes and reads it.
//!
//! Indent 2, sorted keys, a newline at the end. A file that Python wrote can be read here and the other way round.

use crate::atomic::{WriteError, write_whole};
use crate::metrics::Metrics;
use crate::python_json::{ConvertError, Object, ParseError, Value, dumps, from_value, parse};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The file's name, in the output folder and in every checkpoint.
pub const FILE_NAME: &str = "trainer_state.json";

/// Where a run stands. Fields that a file lacks (older versions wrote fewer) take their defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainerState {
    /// The step of the best evaluation so far.
    pub best_global_step: Option<u64>,
    /// The best value so far of the metric that chooses the best model.
    pub best_metric: Option<f64>,
    /// Folder of the checkpoint with the best model.
    pub best_model_checkpoint: Option<String>,
    /// Epochs done, with the fraction.
    pub epoch: f64,
    /// Evaluate every so many steps.
    pub eval_steps: u64,
    /// Optimizer updates done.
    pub global_step: u64,
    /// Always false here; kept for readers of the file.
    pub is_hyper_param_search: bool,
    /// Always true here; kept for readers of the file.
    pub is_local_process_zero: bool,
    /// Always true here; kept for readers of the file.
    pub is_world_process_zero: bool,
    /// The log: training rows, evaluation rows and one last row, see [`train_row`], [`eval_row`] and [`last_row`].
    pub log_history: Vec<Metrics>,
    /// Log every so many steps.
    pub logging_steps: u64,
    /// Updates of the whole run.
    pub max_steps: u64,
    /// Tokens seen in training, where they are counted, else 0.
    pub num_input_tokens_seen: u64,
    /// Epochs of the whole run, rounded up.
    pub num_train_epochs: u64,
    /// Save a checkpoint every so many steps.
    pub save_steps: u64,
    /// State of callbacks by their name.
    pub stateful_callbacks: Object,
    /// Floating-point operations so far.
    pub total_flos: f64,
    /// Rows in a training batch on one device.
    pub train_batch_size: Option<u64>,
    /// Name of a hyper-parameter trial.
    pub trial_name: Option<String>,
    /// Parameters of a hyper-parameter trial.
    pub trial_params: Option<Object>,
}

impl Default for TrainerState {
    fn default() -> Self {
        Self {
            best_global_step: None,
            best_metric: None,
            best_model_checkpoint: None,
            epoch: 0.0,
            eval_steps: 500,
            global_step: 0,
            is_hyper_param_search: false,
            is_local_process_zero: true,
            is_world_process_zero: true,
            log_history: Vec::new(),
            logging_steps: 500,
            max_steps: 0,
            num_input_tokens_seen: 0,
            num_train_epochs: 0,
            save_steps: 500,
            stateful_callbacks: Object::new(),
            total_flos: 0.0,
            train_batch_size: None,
            trial_name: None,
            trial_params: None,
        }
    }
}

/// A `trainer_state.json` could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TrainerStateError {
    /// The file cannot be opened.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is no JSON.
    #[error("{} is no JSON: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: ParseError,
    },
    /// The file is JSON of another shape.
    #[error("{} is no trainer state: {source}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: ConvertError,
    },
}

impl TrainerState {
    /// Write the state into `folder`, whole or not at all.
    ///
    /// # Errors
    /// [`WriteError`], naming the path and the reason.
    pub fn save(&self, folder: &Path) -> Result<(), WriteError> {
        write_whole(folder.join(FILE_NAME), self.to_json().as_bytes())
    }

    /// Read the state from `folder`, whoever wrote it.
    ///
    /// # Errors
    /// [`TrainerStateError`], naming the path and the reason.
    pub fn load(folder: &Path) -> Result<Self, TrainerStateError> {
        Self::read(&folder.join(FILE_NAME))
    }

    /// Read the state from a file, whatever its name.
    ///
    /// # Errors
    /// [`TrainerStateError`], naming the path and the reason.
    pub fn read(path: &Path) -> Result<Self, TrainerStateError> {
        let path = path.to_owned();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(TrainerStateError::Read { path, source }),
        };
        let value = match parse(&text) {
            Ok(value) => value,
            Err(source) => return Err(TrainerStateError::Json { path, source }),
        };
        from_value(value).map_err(|source| TrainerStateError::Shape { path, source })
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = dumps(&Value::Object(self.entries()), 2);
        text.push('\n');
        text
    }

    /// Field by field rather than through serde, which has no words for `NaN`. The destructuring makes the compiler
    /// point here when a field is added.
    fn entries(&self) -> Object {
        let Self {
            best_global_step,
            best_metric,
            best_model_checkpoint,
            epoch,
            eval_steps,
            global_step,
            is_hyper_param_search,
            is_local_process_zero,
            is_world_process_zero,
            log_history,
            logging_steps,
            max_steps,
            num_input_tokens_seen,
            num_train_epochs,
            save_steps,
            stateful_callbacks,
            total_flos,
            train_batch_size,
            trial_name,
            trial_params,
        } = self.clone();
        [
            ("best_global_step", best_global_step.into()),
            ("best_metric", best_metric.into()),
            ("best_model_checkpoint", best_model_checkpoint.into()),
            ("epoch", epoch.into()),
            ("eval_steps", eval_steps.into()),
            ("global_step", global_step.into()),
            ("is_hyper_param_search", is_hyper_param_search.into()),
            ("is_local_process_zero", is_local_process_zero.into()),
            ("is_world_process_zero", is_world_process_zero.into()),
            ("log_history", log_history.into()),
            ("logging_steps", logging_steps.into()),
            ("max_steps", max_steps.into()),
            ("num_input_tokens_seen", num_input_tokens_seen.into()),
            ("num_train_epochs", num_train_epochs.into()),
            ("save_steps", save_steps.into()),
            ("stateful_callbacks", stateful_callbacks.into()),
            ("total_flos", total_flos.into()),
            ("train_batch_size", train_batch_size.into()),
            ("trial_name", trial_name.into()),
            ("trial_params", trial_params.into()),
        ]
        .into_iter()
        .map(|(key, value): (&str, Value)| (key.to_owned(), value))
        .collect()
    }

    /// Add the entry of transformers' `EarlyStoppingCallback`.
    pub fn set_early_stopping(&mut self, patience: usize, threshold: f64, patience_counter: usize) {
        let args = Object::from([
            ("early_stopping_patience".to_owned(), patience.into()),
            ("early_stopping_threshold".to_owned(), threshold.into()),
        ]);
        let counter = ("early_stopping_patience_counter".to_owned(), patience_counter.into());
        let entry = [("args".to_owned(), args.into()), ("attributes".to_owned(), Object::from([counter]).into())];
        self.stateful_callbacks.insert("EarlyStoppingCallback".to_owned(), Object::from(entry).into());
    }

    /// Add the `TrainerControl` entry that every checkpoint of the Trainer holds. `stop` is true in the last one.
    pub fn set_control(&mut self, save: bool, stop: bool) {
        let args = [
            ("should_epoch_stop", false),
            ("should_evaluate", false),
            ("should_log", false),
            ("should_save", save),
            ("should_training_stop", stop),
        ];
        let args: Object = args.into_iter().map(|(key, flag)| (key.to_owned(), flag.into())).collect();
        let control = Object::from([("args".to_owned(), args.into()), ("attributes".to_owned(), Object::new().into())]);
        self.stateful_callbacks.insert("TrainerControl".to_owned(), control.into());
    }
}

/// A training row of the log: `loss` is the mean of the step losses since the last row, `grad_norm` the norm before
/// clipping, `learning_rate` the one this step used.
#[must_use]
pub fn train_row(epoch: f64, step: u64, loss: f64, grad_norm: Option<f64>, learning_rate: f64) -> Metrics {
    let mut row = Metrics::from([
        ("epoch".to_owned(), epoch.into()),
        ("learning_rate".to_owned(), learning_rate.into()),
        ("loss".to_owned(), loss.into()),
        ("step".to_owned(), step.into()),
    ]);
    if let Some(norm) = grad_norm {
        row.insert("grad_norm".to_owned(), norm.into());
    }
    row
}

/// An evaluation row of the log: the `eval_` numbers, without `eval_samples`, which the Trainer's log does not have.
#[must_use]
pub fn eval_row(epoch: f64, step: u64, metrics: &Metrics) -> Metrics {
    let mut row: Metrics = metrics
        .iter()
        .filter(|(key, _)| key.starts_with("eval_") && *key != "eval_samples")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    row.insert("epoch".to_owned(), epoch.into());
    row.insert("step".to_owned(), step.into());
    row
}

/// The last row of the log: the numbers of `train_results.json` without `train_samples`, and the step.
#[must_use]
pub fn last_row(step: u64, metrics: &Metrics) -> Metrics {
    let mut row = metrics.clone();
    row.remove("train_samples");
    row.insert("step".to_owned(), step.into());
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{EvalSummary, TrainSummary};

    fn state() -> TrainerState {
        let mut state = TrainerState {
            epoch: 3.0,
            global_step: 345,
            max_steps: 345,
            train_batch_size: Some(32),
            num_train_epochs: 3,
            total_flos: 723_818_513_295_360.0,
            log_history: vec![train_row(1.0, 115, 0.5, Some(f64::NAN), 2e-5)],
            best_metric: Some(0.88),
            best_global_step: Some(230),
            best_model_checkpoint: Some("out/checkpoint-230".to_owned()),
            ..TrainerState::default()
        };
        state.set_control(false, true);
        state
    }

    /// Written by `TrainerState.save_to_json` of transformers 5.23 for the same state.
    const WRITTEN: &str = r#"{
  "best_global_step": 230,
  "best_metric": 0.88,
  "best_model_checkpoint": "out/checkpoint-230",
  "epoch": 3.0,
  "eval_steps": 500,
  "global_step": 345,
  "is_hyper_param_search": false,
  "is_local_process_zero": true,
  "is_world_process_zero": true,
  "log_history": [
    {
      "epoch": 1.0,
      "grad_norm": NaN,
      "learning_rate": 2e-05,
      "loss": 0.5,
      "step": 115
    }
  ],
  "logging_steps": 500,
  "max_steps": 345,
  "num_input_tokens_seen": 0,
  "num_train_epochs": 3,
  "save_steps": 500,
  "stateful_callbacks": {
    "TrainerControl": {
      "args": {
        "should_epoch_stop": false,
        "should_evaluate": false,
        "should_log": false,
        "should_save": false,
        "should_training_stop": true
      },
      "attributes": {}
    }
  },
  "total_flos": 723818513295360.0,
  "train_batch_size": 32,
  "trial_name": null,
  "trial_params": null
}
"#;

    #[test]
    fn writes_and_reads_the_trainers_file() {
        let folder = tempfile::tempdir().unwrap();
        state().save(folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap(), WRITTEN);
        let back = TrainerState::load(folder.path()).unwrap();
        // Compared as text, since NaN does not equal itself.
        assert_eq!(back.to_json(), WRITTEN);
        assert_eq!(back.best_global_step, Some(230));
    }

    #[test]
    fn reads_an_older_file_with_fewer_fields_and_float_steps() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(FILE_NAME),
            "{\"epoch\": 1, \"eval_steps\": 115.0, \"global_step\": 115, \"something_new\": [1]}",
        )
        .unwrap();
        let state = TrainerState::load(folder.path()).unwrap();
        assert_eq!((state.epoch, state.eval_steps, state.global_step, state.save_steps), (1.0, 115, 115, 500));
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(TrainerState::load(folder.path()), Err(TrainerStateError::Read { .. })));
        std::fs::write(folder.path().join(FILE_NAME), "{").unwrap();
        assert!(matches!(TrainerState::load(folder.path()), Err(TrainerStateError::Json { .. })));
        std::fs::write(folder.path().join(FILE_NAME), "{\"epoch\": \"three\"}").unwrap();
        let error = TrainerState::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains(FILE_NAME) && error.contains("three"), "{error}");
    }

    #[test]
    fn log_rows_have_the_trainers_keys() {
        let keys = |row: &Metrics| row.keys().cloned().collect::<Vec<_>>().join(" ");
        let eval = EvalSummary {
            epoch: Some(1.0),
            loss: Some(0.5),
            scores: &[("accuracy", 0.5)],
            seconds: 1.0,
            samples: 4,
            steps: 1,
        };
        assert_eq!(
            keys(&eval_row(1.0, 2, &eval.metrics())),
            "epoch eval_accuracy eval_loss eval_runtime eval_samples_per_second eval_steps_per_second step"
        );
        let train = TrainSummary {
            epoch: 1.0,
            total_flos: Some(1.0),
            train_loss: 0.5,
            seconds: 1.0,
            train_samples: 4,
            samples_seen: 4,
            steps: 2,
        };
        assert_eq!(
            keys(&last_row(2, &train.metrics())),
            "epoch step total_flos train_loss train_runtime train_samples_per_second train_steps_per_second"
        );
    }
}
