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
struct PanicLog {
    attempts: usize,
    words: Vec<String>,
}

static HEARD: Mutex<PanicLog> = Mutex::new(PanicLog { attempts: 0, words: Vec::new() });

fn heard() -> MutexGuard<'static, PanicLog> {
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

/// Finds how many rows can be computed at once.
pub(super) struct BatchSizeFinder {
    /// At most so many.
    most: usize,
    /// Halve them where they do not fit.
    finds: bool,
    /// Whether the backend says when its memory is full.
    reports: bool,
}

impl BatchSizeFinder {
    /// Computes micro-batches as they are, whatever becomes of it.
    pub(super) fn off() -> Self {
        Self { most: usize::MAX, finds: false, reports: false }
    }

    /// For micro-batches of `rows`; `finds`: those that do not fit are halved.
    pub(super) fn new<B: EncoderOps>(rows: usize, finds: bool) -> Self {
        let reports = B::capabilities().reports_out_of_memory;
        #[cfg(test)]
        let reports = reports || super::memory_fault::is_set();
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

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::*;

    #[test]
    fn lack_of_memory_is_told_from_other_failures() {
        let fine = || Ok(());
        assert!(matches!(attempt(|| 7, fine), Ok(7)));
        assert!(attempt(|| panic!("CUDA_ERROR_OUT_OF_MEMORY"), fine).is_err());
        assert!(attempt(|| (), || Err("stream: can't allocate buffer of size: 5".to_owned())).is_err());
        let other = catch_unwind(AssertUnwindSafe(|| attempt(|| panic_any("another"), fine)));
        assert_eq!(other.unwrap_err().downcast_ref::<&str>(), Some(&"another"));
    }
}
