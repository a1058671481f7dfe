//! The caller's wish to stop.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a wait goes on before it is looked again whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A question that transfers and waits ask again and again: does the caller want to stop? Then the call ends with
/// [`HubError::Cancelled`](crate::HubError::Cancelled): before the next request, between two pieces of a file, or a tenth
/// of a second into a wait. Only a server that sends nothing delays that, by a minute at most.
#[derive(Clone)]
pub struct Cancel {
    is_requested: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Cancel {
    /// Nothing is stopped.
    #[must_use]
    pub fn never() -> Self {
        Self::when(|| false)
    }

    /// Stops once `is_requested` says `true`, which is called often and from any thread.
    #[must_use]
    pub fn when(is_requested: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { is_requested: Arc::new(is_requested) }
    }

    /// Whether the caller wants to stop now.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        (self.is_requested)()
    }

    /// Sleeps for `time`, or until the caller wants to stop.
    pub fn sleep(&self, time: Duration) {
        let began = Instant::now();
        while !self.is_requested() {
            let left = time.saturating_sub(began.elapsed());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(LOOK_EVERY));
        }
    }

    /// Sleeps a tenth of a second, between two looks at whatever is waited for.
    pub(crate) fn nap(&self) {
        self.sleep(LOOK_EVERY);
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").field("is_requested", &self.is_requested()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_sleep_ends_with_the_wish_to_stop() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let began = Instant::now();
        Cancel::when(move || count.fetch_add(1, Ordering::Relaxed) == 2).sleep(Duration::from_secs(3600));
        assert!(began.elapsed() < Duration::from_secs(60));
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        Cancel::never().sleep(Duration::from_millis(1));
    }
}
