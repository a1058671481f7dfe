//! The view of many runs at once: on a terminal a live line above that of the run that goes on.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::grid::duration::in_words;
use crate::progress::live_bar;

/// How often what is left is counted down.
const TICK: Duration = Duration::from_secs(1);

/// How runs stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) done: usize,
    pub(super) failed: usize,
    /// Those of other workers are among them.
    pub(super) left: usize,
}

/// When it was estimated, and how many seconds were left then.
type Left = Arc<Mutex<Option<(Instant, f64)>>>;

/// The live line; nothing where there is no terminal.
pub(super) struct LiveView {
    bar: Option<ProgressBar>,
    left: Left,
}

impl LiveView {
    /// `live_line`: whether one is wanted.
    pub(super) fn new(live_line: bool) -> Self {
        let left = Left::default();
        let bar = live_bar(0, live_line);
        if let Some(bar) = &bar {
            let shared = Arc::clone(&left);
            let time = move |_: &ProgressState, text: &mut dyn Write| {
                let left = *shared.lock().unwrap_or_else(PoisonError::into_inner);
                // A line that cannot be shown is no failure.
                let _ = text.write_str(&time_left(left));
            };
            let style = ProgressStyle::with_template("runs {bar:24} {msg}{time}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("time", time));
            bar.enable_steady_tick(TICK);
        }
        Self { bar, left }
    }

    /// Shows how runs stand; `seconds`: of all that is left.
    pub(super) fn update(&self, counts: Counts, seconds: Option<f64>) {
        let Some(bar) = &self.bar else { return };
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = seconds.map(|seconds| (Instant::now(), seconds));
        bar.set_length((counts.done + counts.failed + counts.left) as u64);
        bar.set_position((counts.done + counts.failed) as u64);
        bar.set_message(in_short(counts));
    }

    /// Whether it can be seen, with the time that is left.
    pub(super) fn is_seen(&self) -> bool {
        self.bar.is_some()
    }

    /// Takes the line off the screen.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn in_short(counts: Counts) -> String {
    let Counts { done, failed, left } = counts;
    let failures = if failed > 0 { format!("{failed} failed, ") } else { String::new() };
    format!("{done} of {} done, {failures}{left} left", done + failed + left)
}

fn time_left(left: Option<(Instant, f64)>) -> String {
    let Some((when, seconds)) = left else { return String::new() };
    let seconds = (seconds - when.elapsed().as_secs_f64()).max(0.0);
    if seconds < 1.0 { String::new() } else { format!(", about {}", in_words(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_runs_stand() {
        assert_eq!(in_short(Counts { done: 3, failed: 0, left: 5 }), "3 of 8 done, 5 left");
        assert_eq!(in_short(Counts { done: 3, failed: 1, left: 4 }), "3 of 8 done, 1 failed, 4 left");
        assert_eq!(time_left(None), "");
        let now = Instant::now();
        assert_eq!(time_left(Some((now, 7200.5))), ", about 2 hours");
        assert_eq!(time_left(now.checked_sub(Duration::from_secs(60)).map(|then| (then, 30.0))), "");
    }
}
