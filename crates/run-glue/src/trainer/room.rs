//! Steps that the device's memory has no room for: `--auto_find_batch_size` makes them again in halves.
//!
//! CubeCL (0.10) reserves memory on the thread of the device: `initialize_memory` unwraps `IoError::BufferTooBig` there, the
//! panic is caught and the queue goes on without the buffer, and whoever reads next, or synchronises, gets an error of
//! the stream (which is healthy from then on) and panics itself. So the cause is seen by a panic hook, on whatever thread,
//! and an attempt ends with a synchronisation where it is to be repeated.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use burn::tensor::backend::Backend;
use models::ops::EncoderOps;

use crate::error::Error;
use crate::progress::{complain, warn};

/// What is said where memory could not be reserved: by CubeCL, by the CUDA driver, by others.
const SIGNS: [&str; 4] = ["BufferTooBig", "can't allocate buffer", "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"];

/// What was heard of panics while attempts were made.
struct Heard {
    attempts: usize,
    words: Vec<String>,
}

static HEARD: Mutex<Heard> = Mutex::new(Heard { attempts: 0, words: Vec::new() });

fn heard() -> MutexGuard<'static, Heard> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// During attempts panics are heard, not printed: those that are no lack of memory are printed when the attempt ends.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            let mut heard = heard();
            if heard.attempts > 0 {
                heard.words.push(panic.to_string());
            } else {
                drop(heard);
                before(panic);
            }
        }));
    });
    heard().attempts += 1;
}

/// The words since [`listen`].
fn stop_listening() -> Vec<String> {
    let mut heard = heard();
    heard.attempts -= 1;
    if heard.attempts > 0 { heard.words.clone() } else { std::mem::take(&mut heard.words) }
}

fn is_out_of_memory(words: &str) -> bool {
    SIGNS.iter().any(|sign| words.contains(sign))
}

/// The device had no room for it.
#[derive(Debug)]
pub(super) struct OutOfMemory;

/// Does `work`; a panic that is no lack of memory goes on. `then` is done after it, and may fail in the same way.
fn attempt<T>(work: impl FnOnce() -> T, then: impl FnOnce() -> Result<(), String>) -> Result<T, OutOfMemory> {
    listen();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let value = work();
        then().map(|()| value)
    }));
    let mut words = stop_listening();
    let panic: Box<dyn Any + Send> = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => {
            words.push(error.clone());
            Box::new(error)
        }
        Err(panic) => panic,
    };
    if words.iter().any(|words| is_out_of_memory(words)) {
        return Err(OutOfMemory);
    }
    words.iter().for_each(|words| complain(words));
    resume_unwind(panic)
}

/// How many rows are computed at once.
pub(super) struct Room {
    /// At most so many.
    most: usize,
    /// Halve them where they do not fit.
    finds: bool,
    /// Whether the backend says when its memory is full.
    reports: bool,
}

impl Room {
    /// For micro-batches of `rows`; `finds`: those that do not fit are halved.
    pub(super) fn new<B: EncoderOps>(rows: usize, finds: bool) -> Self {
        let reports = B::eo_properties().reports_out_of_memory;
        #[cfg(test)]
        let reports = reports || fault::is_set();
        if finds && !reports {
            warn(
                "--auto_find_batch_size has no effect on this backend: a system that runs out of main memory ends the program \
                 and does not tell it before",
            );
        }
        Self { most: rows, finds, reports }
    }

    /// The most rows that are computed at once.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Does `work` with at most so many rows as there is room for. Nothing that `work` reads may change by it.
    ///
    /// # Errors
    /// When there is no room, and no less can be tried.
    pub(super) fn fit<B: Backend, T>(&mut self, device: &B::Device, work: impl Fn(usize) -> T) -> Result<T, Error> {
        if !self.finds || !self.reports {
            return Ok(work(self.most));
        }
        loop {
            match attempt(|| work(self.most), || B::sync(device).map_err(|error| format!("{error:?}"))) {
                Ok(value) => return Ok(value),
                Err(OutOfMemory) if self.most == 1 => return Err(no_room(1, "give ")),
                Err(OutOfMemory) => {
                    let before = self.most;
                    self.most = before.div_ceil(2);
                    warn(&format!(
                        "the device has no room for {before} examples at once: from here on {} are computed at once, and \
                         the step is the same",
                        self.most
                    ));
                    // The pools keep pages of the sizes that were too large.
                    B::memory_cleanup(device);
                }
            }
        }
    }

    /// Where batches are not halved, what a lack of memory during the training comes to.
    pub(super) fn explanation(&self) -> Option<Explanation> {
        (self.reports && !self.finds).then_some(Explanation { rows: self.most })
    }

    /// Does `step`, which changes the weights and cannot be made again.
    ///
    /// # Errors
    /// When there is no room for it.
    pub(super) fn change<B: Backend, T>(&self, device: &B::Device, step: impl FnOnce() -> T) -> Result<T, Error> {
        if !self.finds || !self.reports {
            return Ok(step());
        }
        attempt(step, || B::sync(device).map_err(|error| format!("{error:?}"))).map_err(|OutOfMemory| {
            Error::failure(
                "the device has no room for what the optimizer keeps of every parameter: give --optim adafactor or sgd, \
                 --freeze_layers, or a smaller model",
            )
        })
    }
}

/// Says what to do about a lack of memory, wherever it is seen.
pub(super) struct Explanation {
    rows: usize,
}

impl Explanation {
    /// Does `training`.
    ///
    /// # Errors
    /// Its own, and a lack of memory.
    pub(super) fn of<T>(self, training: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let result = attempt(training, || Ok(()));
        result.unwrap_or_else(|OutOfMemory| Err(no_room(self.rows, "give --auto_find_batch_size, or ")))
    }
}

fn no_room(rows: usize, first: &str) -> Error {
    let examples = if rows == 1 { "one example".to_owned() } else { format!("{rows} examples at once") };
    Error::failure(format!(
        "the device has no room for {examples}: {first}--gradient_checkpointing, --bf16, a smaller --max_seq_length, or a \
         smaller model"
    ))
}

/// Stands in for a device with little memory.
#[cfg(test)]
pub(crate) mod fault {
    use std::cell::Cell;

    thread_local! {
        static MOST: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// From here on this thread has room for `most` rows at once.
    pub(crate) fn set(most: Option<usize>) {
        MOST.set(most);
    }

    pub(super) fn is_set() -> bool {
        MOST.get().is_some()
    }

    /// Fails as CubeCL does on its own thread where `rows` are too many, and then on the one that waits.
    pub(crate) fn check(rows: usize) {
        if MOST.get().is_some_and(|most| rows > most) {
            let device = std::thread::spawn(|| {
                panic!("called `Result::unwrap()` on an `Err` value: BufferTooBig {{ size: 9 }}")
            });
            let _ = device.join();
            panic!("couldn't find resource for that handle");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "these functions only serve tests")]
mod tests {
    use std::panic::panic_any;

    use glue_tasks::task::find_task;

    use super::*;
    use crate::report::record::RunRecord;
    use crate::settings::{Settings, TrainingSettings};
    use crate::task_run::run_task;

    #[test]
    fn lack_of_memory_is_told_from_other_failures() {
        let fine = || Ok(());
        assert!(matches!(attempt(|| 7, fine), Ok(7)));
        assert!(attempt(|| panic!("CUDA_ERROR_OUT_OF_MEMORY"), fine).is_err());
        assert!(attempt(|| (), || Err("stream: can't allocate buffer of size: 5".to_owned())).is_err());
        let other = catch_unwind(AssertUnwindSafe(|| attempt(|| panic_any("another"), fine)));
        assert_eq!(other.unwrap_err().downcast_ref::<&str>(), Some(&"another"));
    }

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
        fault::set(most);
        let done = run_task(&settings, settings.task);
        fault::set(None);
        done.map(|done| done.record)
    }

    #[test]
    fn batches_without_room_are_halved_and_the_steps_stay_the_same() {
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
        let without = run(Some(3), false, 8, 1).err().unwrap().to_string();
        assert!(without.contains("8 examples at once: give --auto_find_batch_size, or --gradient"), "{without}");
        let one = run(Some(0), true, 8, 1).err().unwrap().to_string();
        assert!(one.contains("one example: give --gradient_checkpointing"), "{one}");
    }
}
