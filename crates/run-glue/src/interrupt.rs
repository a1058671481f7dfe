//! Ctrl-C and SIGTERM: the first asks the run to stop after its step, the second ends it at once.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// The exit code of a run that was stopped: 128 and the number of SIGINT, as shells have it.
pub const EXIT_CODE: u8 = 130;

/// Listens. Where no handler can be set, signals end the program as they always do.
pub fn listen() {
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(EXIT_CODE));
        }
        log::info!("stopping after this step; once more to stop at once");
    });
}

/// Asks the run to stop after its step, as the first signal does.
pub fn request() {
    REQUESTED.store(true, Ordering::SeqCst);
}

/// Whether the user asked the run to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
