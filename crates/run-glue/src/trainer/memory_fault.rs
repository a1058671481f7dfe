//! Stands in for a device with little memory, in tests.

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
pub(super) fn check(rows: usize) {
    if MOST.get().is_some_and(|most| rows > most) {
        let device =
            std::thread::spawn(|| panic!("called `Result::unwrap()` on an `Err` value: BufferTooBig {{ size: 9 }}"));
        let _ = device.join();
        panic!("couldn't find resource for that handle");
    }
}
