//! Fine-tunes a model on two tasks, without a command line.
//!
//! ```sh
//! cargo run --release -p run-glue-trainer --example fine_tune_two_tasks
//! cargo run --release -p run-glue-trainer --example fine_tune_two_tasks -- path/to/bert path/to/glue
//! ```
//!
//! The first uses the tiny encoder and the miniature tasks inside the crate; the second a checkpoint, and a folder laid out
//! as the Hub's `nyu-mll/glue`.

use std::error::Error;

use trainer::run::{hooks::RunHooks, run_task};
use trainer::settings::{DatasetChoice, ModelChoice, Settings, TrainingSettings};

fn main() -> Result<(), Box<dyn Error>> {
    let mut folders = std::env::args_os().skip(1);
    let (model, data) = (folders.next(), folders.next());
    // One record a run lies there; without `places.output_dir`, models are not kept.
    let results = tempfile::tempdir()?;
    for name in ["rte", "stsb"] {
        let mut settings = Settings::of(glue_tasks::find_task(name)?);
        if let (Some(model), Some(data)) = (&model, &data) {
            settings.model.choice = ModelChoice::Folder(model.into());
            settings.data.dataset = DatasetChoice::Folder(data.into());
        }
        settings.training = TrainingSettings {
            num_train_epochs: 1.0,
            per_device_train_batch_size: 32,
            learning_rate: if model.is_some() { 2e-5 } else { 1e-3 },
            ..TrainingSettings::default()
        };
        settings.places.results_dir = results.path().to_owned();
        // What is wrong is said by the name of the setting, before any work.
        settings.check()?;
        let record = run_task(&settings, &RunHooks::default())?.record;
        println!("{name}: {} rows, {:.1} s", record.dataset.splits[0].rows, record.timings.total_seconds);
        for (metric, value) in &record.metrics {
            println!("  {metric} {}", value.map_or("undefined".to_owned(), |value| format!("{value:.4}")));
        }
    }
    Ok(())
}
