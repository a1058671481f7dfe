//! Runs on several replicas beside runs on one, in a program of their own: a step that waits for ever would end no other test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use glue_tasks::find_task;

use records::record::RunRecord;
use trainer::run::hooks::RunHooks;
use trainer::run::run_task;
use trainer::settings::{Settings, TrainingSettings};

/// Six steps of the demo, each of 7 examples in batches of 5 and 2, on so many replicas.
fn run(replicas: usize, checkpointing: bool) -> RunRecord {
    let results = tempfile::tempdir().unwrap();
    let mut settings = Settings::of(find_task("cola").unwrap());
    settings.data.max_train_samples = Some(7);
    settings.logging.steps = 1.0;
    settings.places.results_dir = results.path().to_owned();
    settings.training = TrainingSettings {
        max_steps: Some(6),
        per_device_train_batch_size: 5,
        gradient_accumulation_steps: 2,
        data_parallel: replicas,
        gradient_checkpointing: checkpointing,
        ..TrainingSettings::default()
    };
    run_task(&settings, &RunHooks::default()).map(|done| done.record).unwrap()
}

fn steps(record: &RunRecord) -> Vec<[f64; 2]> {
    let rows = record.log_history.as_ref().unwrap().iter();
    rows.filter_map(|row| Some([row.get("loss")?.as_f64()?, row.get("grad_norm")?.as_f64()?])).collect()
}

#[test]
fn any_number_of_replicas_has_the_numbers_of_one() {
    let alone = run(1, false);
    assert_eq!(steps(&alone), steps(&run(1, true)), "layers computed again: the same bits");
    for replicas in [2, 3, 9] {
        let several = run(replicas, replicas == 3);
        assert_eq!(steps(&several).len(), 6);
        let near = |a: f64, b: f64| (a - b).abs() <= 2e-5 * b.abs();
        let pairs = steps(&several).into_iter().zip(steps(&alone));
        for (step, (a, b)) in pairs.enumerate() {
            assert!(near(a[0], b[0]) && near(a[1], b[1]), "{replicas} replicas, step {step}: {a:?} and {b:?}");
        }
        // The same again, bit for bit: the order of the sums does not depend on which thread was first.
        assert_eq!(steps(&several), steps(&run(replicas, replicas == 3)));
    }
}
