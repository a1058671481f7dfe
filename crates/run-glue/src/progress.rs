//! What is said on standard error, and the live lines: bars on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::settings::LogLevel;
use crate::trainer::log::Totals;

/// How much is said, see [`set_level`].
static LEVEL: AtomicU8 = AtomicU8::new(LogLevel::Info as u8);

/// Says no more than `level` asks for from here on (`--log_level`).
pub fn set_level(level: LogLevel) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

fn is_said(level: LogLevel) -> bool {
    level as u8 >= LEVEL.load(Ordering::Relaxed)
}

/// The bars of the process, which share the end of the screen.
#[must_use]
pub fn bars() -> &'static MultiProgress {
    static BARS: OnceLock<MultiProgress> = OnceLock::new();
    BARS.get_or_init(MultiProgress::new)
}

/// A bar among them; `None` where there is no terminal, or no live line is wanted.
#[must_use]
pub fn live_bar(length: u64, live_line: bool) -> Option<ProgressBar> {
    let is_shown = live_line && is_said(LogLevel::Info) && std::io::stderr().is_terminal();
    is_shown.then(|| bars().add(ProgressBar::new(length)))
}

/// A line on standard error. Where nobody reads it, or the disk under a log is full, the run goes on without.
fn line_to_stderr(line: &str) {
    use std::io::Write;
    bars().suspend(|| {
        let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    });
}

/// Standard output, between the bars; a reader that went away is no failure of the run.
pub fn print(text: &str) {
    use std::io::Write;
    bars().suspend(|| {
        let _ = std::io::stdout().write_all(text.as_bytes());
    });
}

/// Says how the run gets on.
pub fn say(line: &str) {
    if is_said(LogLevel::Info) {
        line_to_stderr(line);
    }
}

/// Says what is odd.
pub fn warn(what: &str) {
    if is_said(LogLevel::Warning) {
        line_to_stderr(&format!("warning: {what}"));
    }
}

/// Says what is wrong; this is always said.
pub fn complain(what: &str) {
    line_to_stderr(&format!("error: {what}"));
}

/// How often a line is written where there is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(15);

/// How often the bar's text is renewed.
const LIVE_INTERVAL: Duration = Duration::from_millis(200);

/// Shows how far training is.
pub struct Progress {
    bar: Option<ProgressBar>,
    name: String,
    last: Instant,
    is_silent: bool,
}

impl Progress {
    /// For a run of `steps`, named `name`; the bar only on a terminal, and where `live_line` asks for it.
    #[must_use]
    pub fn new(name: &str, steps: usize, live_line: bool) -> Self {
        let bar = live_bar(steps as u64, live_line);
        if let Some(bar) = &bar {
            let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(name.to_owned());
        }
        Self { bar, name: name.to_owned(), last: Instant::now(), is_silent: false }
    }

    /// Says nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self { is_silent: true, ..Self::new("", 0, false) }
    }

    /// Whether enough time has passed for [`Self::live`]; reading a loss from a device takes time.
    #[must_use]
    pub fn wants_update(&self) -> bool {
        !self.is_silent && self.last.elapsed() >= if self.bar.is_some() { LIVE_INTERVAL } else { PLAIN_INTERVAL }
    }

    /// Renews the line.
    pub fn live(&mut self, totals: &Totals, max_steps: usize, loss: f64, learning_rate: f64) {
        self.last = Instant::now();
        let text = line(totals, max_steps, loss, learning_rate);
        match &self.bar {
            Some(bar) => {
                bar.set_position(totals.steps as u64);
                bar.set_message(text);
            }
            None => say(&format!("{}: step {}/{max_steps} {text}", self.name, totals.steps)),
        }
    }

    /// A row went to the log: it stays on the screen.
    pub fn logged(&mut self, totals: &Totals, max_steps: usize, loss: f64, grad_norm: f64, learning_rate: f64) {
        self.last = Instant::now();
        let text = format!("{} grad_norm {grad_norm:.4}", line(totals, max_steps, loss, learning_rate));
        self.say(&format!("{}: step {}/{max_steps} {text}", self.name, totals.steps));
    }

    /// A line that stays on the screen.
    pub fn say(&self, text: &str) {
        if !self.is_silent {
            say(text);
        }
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            bars().remove(bar);
        }
    }
}

fn line(totals: &Totals, max_steps: usize, loss: f64, learning_rate: f64) -> String {
    let seconds = totals.seconds.max(1e-9);
    let remaining = seconds / totals.steps.max(1) as f64 * max_steps.saturating_sub(totals.steps) as f64;
    format!(
        "epoch {:.2} loss {loss:.4} lr {learning_rate:.3e} {:.1} samples/s {:.0} tokens/s ETA {}",
        totals.epoch,
        totals.examples as f64 / seconds,
        totals.tokens as f64 / seconds,
        clock(remaining),
    )
}

/// Seconds as m:ss or h:mm:ss.
fn clock(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks() {
        assert_eq!(clock(0.4), "0:00");
        assert_eq!(clock(75.0), "1:15");
        assert_eq!(clock(3675.0), "1:01:15");
    }
}
