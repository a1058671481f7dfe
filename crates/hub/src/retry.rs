//! How often something is tried again, and how long is waited between.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::cancel::Cancel;

/// Waits so long, or until the caller wants to stop; a test puts in one that only writes down what it was asked for.
pub type Sleep = Arc<dyn Fn(Duration, &Cancel) + Send + Sync>;

/// Bounds on trying again.
#[derive(Clone)]
pub struct RetryPolicy {
    /// Tries in all before an error is reported, at least 1.
    pub attempts: u32,
    /// Wait after the first failure; it doubles with each one that follows.
    pub first_wait: Duration,
    /// No wait is longer, whatever the server asks for.
    pub longest_wait: Duration,
    /// A request on which nothing moves for so long is noted, and again each time that the silence has doubled.
    pub say_silence_after: Duration,
    /// What does the waiting.
    pub sleep: Sleep,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_wait: Duration::from_millis(500),
            // The Hub counts requests in windows of minutes; a longer wait than this is better a message than silence.
            longest_wait: Duration::from_secs(120),
            say_silence_after: Duration::from_secs(5),
            sleep: Arc::new(|wait, cancel| cancel.sleep(wait)),
        }
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("attempts", &self.attempts)
            .field("first_wait", &self.first_wait)
            .field("longest_wait", &self.longest_wait)
            .field("say_silence_after", &self.say_silence_after)
            .finish_non_exhaustive()
    }
}

impl RetryPolicy {
    /// The wait after `failures` failures in a row, where the server may have asked for one itself.
    pub(crate) fn wait(&self, failures: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        asked.unwrap_or(doubled).min(self.longest_wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_follow_the_server_and_are_capped() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.wait(1, None), Duration::from_millis(500));
        assert_eq!(policy.wait(3, None), Duration::from_secs(2));
        assert_eq!(policy.wait(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(policy.wait(1, Some(Duration::from_secs(99_999))), policy.longest_wait);
        assert_eq!(policy.wait(99, None), policy.longest_wait);
    }
}
