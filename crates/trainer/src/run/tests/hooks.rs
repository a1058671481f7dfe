//! What a run tells its caller.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use glue_tasks::find_task;

use crate::error::Error;
use crate::run::hooks::{CheckpointListener, RunHooks};
use crate::run::run_task;
use crate::settings::{Settings, TrainingSettings};
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
