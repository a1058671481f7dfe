//! What a run tells its caller.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use glue_tasks::find_task;

use crate::error::Error;
use crate::run::hooks::{CheckpointListener, RunHooks};
use crate::run::run_task;
use crate::settings::{BestSettings, IntervalStrategy, SaveStrategy, Settings, TrainingSettings};
use crate::training::progress::TrainingProgress;
use crate::training::totals::Totals;

type Events = Rc<RefCell<Vec<String>>>;

/// Writes down what it is told.
struct Recorder(Events);

impl CheckpointListener for Recorder {
    fn checkpoint(&mut self, folder: &Path, when: &str) {
        assert!(folder.join("model.safetensors").is_file());
        self.0.borrow_mut().push(format!("checkpoint of {when}"));
    }

    fn finished(self: Box<Self>, folder: &Path) -> Result<(), Error> {
        assert!(folder.join("README.md").is_file());
        self.0.borrow_mut().push("finished".to_owned());
        Err(Error::failure("no room"))
    }
}

impl TrainingProgress for Recorder {
    fn wants_update(&self) -> bool {
        true
    }

    fn live(&mut self, totals: &Totals, max_steps: usize, _: f64, _: f64) {
        self.0.borrow_mut().push(format!("step {} of {max_steps}", totals.steps));
    }

    fn logged(&mut self, totals: &Totals, max_steps: usize, _: f64, _: f64, _: f64) {
        self.0.borrow_mut().push(format!("row of step {} of {max_steps}", totals.steps));
    }

    fn note(&mut self, _: &str) {}

    fn finish(&mut self) {
        self.0.borrow_mut().push("trained".to_owned());
    }
}

/// Three steps of the demo with a checkpoint after the second, in `folder`.
fn settings(folder: &Path) -> Settings {
    let mut settings = Settings::of(find_task("rte").unwrap());
    settings.logging.steps = 2.0;
    settings.checkpoints.save_steps = 2.0;
    settings.places.results_dir = folder.join("results");
    settings.places.output_dir = Some(folder.join("out"));
    settings.training = TrainingSettings { max_steps: Some(3), ..TrainingSettings::default() };
    settings
}

fn hooks(events: &Events) -> RunHooks {
    let (steps, texts, listener) = (events.clone(), events.clone(), events.clone());
    RunHooks {
        progress: Box::new(move |_, _, _| Box::new(Recorder(steps.clone()))),
        print: Box::new(move |text| {
            let titles = text.lines().filter(|line| line.starts_with("*****"));
            texts.borrow_mut().extend(titles.map(str::to_owned));
            Ok(())
        }),
        listener: Box::new(move |_| Ok(Some(Box::new(Recorder(listener.clone()))))),
        ..RunHooks::default()
    }
}

#[test]
fn a_caller_hears_of_steps_checkpoints_and_the_end() {
    let _alone = super::alone();
    let folder = tempfile::tempdir().unwrap();
    let (settings, events) = (settings(folder.path()), Events::default());
    let done = run_task(&settings, &hooks(&events)).unwrap();
    // The run has succeeded, whatever became of its folder.
    assert_eq!(done.upload.unwrap_err().to_string(), "no room");
    let expected = [
        "step 1 of 3",
        "row of step 2 of 3",
        "checkpoint of step 2",
        "step 3 of 3",
        "checkpoint of step 3",
        "trained",
        "***** train metrics *****",
        "***** eval metrics *****",
        "finished",
    ];
    assert_eq!(*events.borrow(), expected);
}

#[test]
fn a_caller_can_stop_a_run_after_a_step() {
    let _alone = super::alone();
    let folder = tempfile::tempdir().unwrap();
    let (settings, events) = (settings(folder.path()), Events::default());
    let asked = Cell::new(0);
    let is_cancelled = move || asked.replace(asked.get() + 1) == 1;
    let stopped = run_task(&settings, &RunHooks { is_cancelled: Box::new(is_cancelled), ..hooks(&events) });
    let error = stopped.err().unwrap().to_string();
    assert!(error.starts_with("stopped after step 2 of 3; the same command goes on from "), "{error}");
    assert_eq!(*events.borrow(), ["step 1 of 3", "row of step 2 of 3"]);
    // It does.
    run_task(&settings, &hooks(&events)).unwrap();
    assert_eq!(events.borrow()[2..4], ["step 3 of 3", "checkpoint of step 3"]);
}

/// What must not depend on where a run was stopped: the weights, and the log without its times.
fn outcome(folder: &Path) -> (Vec<u8>, Vec<serde_json::Map<String, serde_json::Value>>) {
    let read = |name: &str| std::fs::read(folder.join("out").join(name)).unwrap();
    let state: serde_json::Value = serde_json::from_slice(&read("trainer_state.json")).unwrap();
    let mut rows: Vec<_> =
        state["log_history"].as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone()).collect();
    rows.iter_mut().for_each(|row| row.retain(|key, _| !key.contains("runtime") && !key.contains("per_second")));
    (read("model.safetensors"), rows)
}

#[test]
fn a_run_that_is_stopped_anywhere_ends_as_one_that_was_not() {
    let _alone = super::alone();
    let evaluated = |folder: &Path, save_strategy| {
        let mut settings = settings(folder);
        settings.evaluation.strategy = IntervalStrategy::Steps;
        settings.evaluation.steps = 1.0;
        settings.evaluation.best = Some(BestSettings { load_at_end: true, ..BestSettings::by("loss") });
        settings.checkpoints.save_strategy = save_strategy;
        settings.checkpoints.save_steps = 1.0;
        settings.checkpoints.save_total_limit = Some(1);
        settings
    };
    let whole = tempfile::tempdir().unwrap();
    run_task(&evaluated(whole.path(), SaveStrategy::Steps), &RunHooks::default()).unwrap();
    let expected = outcome(whole.path());
    let mut while_evaluating = 0;
    for at in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let settings = evaluated(folder.path(), SaveStrategy::Steps);
        let asked = Cell::new(0);
        let is_cancelled = move || asked.replace(asked.get() + 1) >= at;
        let stopped = run_task(&settings, &RunHooks { is_cancelled: Box::new(is_cancelled), ..RunHooks::default() });
        let Err(error) = stopped else { break };
        assert!(error.to_string().starts_with("stopped "), "{at}: {error}");
        while_evaluating +=
            usize::from(error.to_string().starts_with("stopped while evaluating; the same command goes on"));
        run_task(&settings, &RunHooks::default()).unwrap();
        assert_eq!(outcome(folder.path()).1, expected.1, "stopped when asked {at}");
        assert!(outcome(folder.path()).0 == expected.0, "stopped when asked {at}: other weights");
    }
    assert!(while_evaluating > 3, "{while_evaluating}");
}

#[test]
fn what_was_trained_is_saved_before_it_is_evaluated() {
    let _alone = super::alone();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    settings.checkpoints.save_strategy = SaveStrategy::No;
    // After the three steps.
    let asked = Cell::new(0);
    let is_cancelled = move || asked.replace(asked.get() + 1) >= 3;
    let stopped = run_task(&settings, &RunHooks { is_cancelled: Box::new(is_cancelled), ..RunHooks::default() });
    let error = stopped.err().unwrap().to_string();
    assert!(error.starts_with("stopped while evaluating; the trained model is in "), "{error}");
    assert!(folder.path().join("out/model.safetensors").is_file());
}
