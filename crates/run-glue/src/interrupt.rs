//! What a signal does (`signals.rs` hears them). Where a run has something to lose, the first asks it to stop once that is saved, and the
//! second ends it at once; elsewhere the first ends it at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::signals::{self, Signal};

static REQUESTED: AtomicBool = AtomicBool::new(false);
/// How many runs have something to lose.
static KEEPING: AtomicUsize = AtomicUsize::new(0);
/// When the first signal came.
static FIRST: Mutex<Option<Instant>> = Mutex::new(None);

/// The exit code of a run that was stopped: 128 and the number of SIGINT, as shells have it.
pub const EXIT_CODE: u8 = 130;

/// Signals of this time are one: GNU `timeout` sends its signal to the program and to its group, which the program is of.
const SAME: Duration = Duration::from_secs(1);

/// How long the program may take to end by itself where nothing would be lost.
const PATIENCE: Duration = Duration::from_millis(400);

/// Listens. Where no handler can be set, signals end the program as they always do.
pub fn listen() {
    signals::listen(|signal| {
        let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *first;
        match before {
            // The system repeats it every second, and ends the program at the hard limit.
            Some(_) if signal == Signal::ProcessorTime => {}
            Some(at) if at.elapsed() < SAME => {}
            Some(_) => end(),
            None => {
                *first = Some(Instant::now());
                drop(first);
                // By another thread: whoever reads standard error may read no more, and a line would wait for that.
                std::thread::spawn(move || {
                    let when = if is_keeping() { " when what was computed is saved" } else { "" };
                    match signal {
                        Signal::End => log::info!("stopping{when}; once more to stop at once"),
                        Signal::ProcessorTime => {
                            log::warn!(
                                "the limit of processor time is reached (SIGXCPU, `ulimit -S -t`): stopping{when}"
                            );
                        }
                    }
                });
                request();
            }
        }
    });
}

fn end() -> ! {
    std::process::exit(i32::from(EXIT_CODE));
}

fn is_keeping() -> bool {
    KEEPING.load(Ordering::SeqCst) > 0
}

/// What the first signal does: asks the run to stop after its step. Where nothing would be lost the program is ended, unless it ends by itself
/// first, as it does where it waits for the Hub, and says what it was at.
pub fn request() {
    REQUESTED.store(true, Ordering::SeqCst);
    if !is_keeping() {
        std::thread::sleep(PATIENCE);
        if !is_keeping() {
            end();
        }
    }
}

/// Whether the user asked the run to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Something that a signal is not to end at once, as long as this is held.
#[must_use]
pub struct Keeping(());

/// See [`Keeping`].
pub fn keep() -> Keeping {
    KEEPING.fetch_add(1, Ordering::SeqCst);
    Keeping(())
}

impl Drop for Keeping {
    fn drop(&mut self) {
        KEEPING.fetch_sub(1, Ordering::SeqCst);
    }
}
