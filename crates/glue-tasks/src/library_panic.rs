//! Libraries that panic on damaged files: their panics become errors where the file is known.
//!
//! The panic hook is the process's, so it is put around the one that is there, once, and keeps still on a thread only while that thread is
//! within [`caught`].

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether the thread is within [`caught`].
    static IS_WITHIN: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic within it was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Does `work` on this thread; a panic of it is what comes back, in words.
///
/// # Errors
/// What was said when it panicked, and where.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if IS_WITHIN.get() {
                let place = panic.location().map_or_else(String::new, |place| format!(" ({place})"));
                PLACE.with_borrow_mut(|kept| *kept = place);
            } else {
                before(panic);
            }
        }));
    });
    let was_within = IS_WITHIN.replace(true);
    // What is half changed belongs to the work, and is not looked at again.
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_WITHIN.set(was_within);
    result.map_err(|panic| {
        let place = PLACE.with_borrow(|place| crate_in(place));
        format!("the reader stopped at it: {}{place}", words(panic.as_ref()))
    })
}

/// What a panic says, on one line.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it gave no reason").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A place without the folders before the crate's, which are those of the machine that compiled it.
fn crate_in(place: &str) -> String {
    let after = place.rsplit_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/'));
    after.map_or_else(|| place.to_owned(), |(_, rest)| format!(" ({rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_nested_ones_are_too() {
        assert_eq!(caught(|| 3), Ok(3));
        let said = caught(|| {
            let inner = caught(|| -> u8 { panic!("the inner\n one") }).unwrap_err();
            assert!(inner.contains("the inner one"));
            let ids = [1_u8, 2];
            *ids.get(inner.len()).expect("the outer one")
        });
        assert!(said.unwrap_err().contains("the outer one (crates/glue-tasks/src/library_panic.rs:"));
        assert!(!IS_WITHIN.get());
    }

    #[test]
    fn places_are_told_by_the_crate() {
        let place = " (/root/.cargo/registry/src/index-0a/parquet-60.1.0/src/file.rs:3:4)";
        assert_eq!(crate_in(place), " (parquet-60.1.0/src/file.rs:3:4)");
        assert_eq!(crate_in(" (src/a.rs:1:1)"), " (src/a.rs:1:1)");
    }
}
