//! Runs on a device with little memory.

use glue_tasks::find_task;

use crate::error::Error;
use crate::run::hooks::RunHooks;
use crate::run::run_task;
use crate::settings::{Settings, TrainingSettings};
use crate::training::memory_fault;
use records::record::RunRecord;

/// Six steps of the demo on a device with room for `most` examples at once.
fn run(most: Option<usize>, finds: bool, batch: usize, accumulated: usize) -> Result<RunRecord, Error> {
    let results = tempfile::tempdir().unwrap();
    let mut settings = Settings::of(find_task("mrpc").unwrap());
    settings.logging.steps = 1.0;
    settings.places.results_dir = results.path().to_owned();
    settings.training = TrainingSettings {
        max_steps: Some(6),
        per_device_train_batch_size: batch,
        gradient_accumulation_steps: accumulated,
        auto_find_batch_size: finds,
        ..TrainingSettings::default()
    };
    memory_fault::set(most);
    let done = run_task(&settings, &RunHooks::default());
    memory_fault::set(None);
    done.map(|done| done.record)
}

#[test]
fn batches_without_room_are_halved_and_the_steps_stay_the_same() {
    let _alone = super::alone();
    let found = run(Some(3), true, 8, 1).unwrap();
    assert_eq!(found.micro_batch_size, Some(2));
    let whole = run(None, true, 8, 1).unwrap();
    assert_eq!(whole.micro_batch_size, Some(8));
    let steps = |record: &RunRecord| -> Vec<[f64; 2]> {
        let rows = record.log_history.as_ref().unwrap().iter();
        rows.filter_map(|row| Some([row.get("loss")?.as_f64()?, row.get("grad_norm")?.as_f64()?])).collect()
    };
    // The same division asked for: the same bits.
    let divided = run(None, false, 2, 4).unwrap();
    assert_eq!(steps(&found), steps(&divided));
    assert_eq!(found.metrics, divided.metrics);
    let (a, b) = (steps(&found), steps(&whole));
    assert_eq!(a.len(), 6);
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-5 * b.abs();
    assert!(a.iter().zip(&b).all(|(a, b)| near(a[0], b[0]) && near(a[1], b[1])), "{a:?} {b:?}");
}

#[test]
fn what_cannot_be_made_smaller_says_what_to_do() {
    let _alone = super::alone();
    let without = run(Some(3), false, 8, 1).err().unwrap().to_string();
    assert!(without.contains("8 examples at once: give --auto_find_batch_size, or --gradient"), "{without}");
    let one = run(Some(0), true, 8, 1).err().unwrap().to_string();
    assert!(one.contains("one example: give --gradient_checkpointing"), "{one}");
}
