//! What is said on standard error, and the live lines: bars on a terminal, plain lines elsewhere.

use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{FormattedDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use log::{Level, LevelFilter, Log, Metadata, Record};
use records::{shown, shown_lines};

use crate::lasting_terminal::LastingTerminal;
use trainer::error::Error;
use trainer::settings::LogLevel;
use trainer::training::progress::TrainingProgress;
use trainer::training::totals::Totals;

/// Crates whose messages are said; those of libraries are about their own affairs.
const OWN_CRATES: [&str; 7] = ["run_glue", "trainer", "results", "records", "hub", "models", "glue_tasks"];

/// Writes messages on standard error, between the bars.
struct Console;

impl Log for Console {
    fn enabled(&self, metadata: &Metadata) -> bool {
        let name = metadata.target().split("::").next().unwrap_or_default();
        OWN_CRATES.contains(&name) && metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            line_to_stderr(&message(record));
        }
    }

    fn flush(&self) {}
}

/// The run that goes on, where it is one of several.
static CURRENT: Mutex<Option<String>> = Mutex::new(None);

/// Warnings are of this run from here on, and of the program where there is none.
pub fn set_current_run(name: Option<&str>) {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = name.map(str::to_owned);
}

/// What is said of a record. Names, texts and settings of others may stand in it, and none of them gives orders to a terminal.
fn message(record: &Record) -> String {
    let text = record.args().to_string();
    let text = shown_lines(&text);
    match record.level() {
        Level::Error => format!("error: {text}"),
        Level::Warn => {
            let run = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let run = run.map_or_else(String::new, |run| format!("{}: ", shown(&run)));
            format!("warning: {run}{text}")
        }
        Level::Info | Level::Debug | Level::Trace => text.into_owned(),
    }
}

/// From here on, messages are said on standard error; without it the program and its tests are silent.
pub fn install() {
    static CONSOLE: Console = Console;
    // A process that has a logger of its own keeps it.
    let _ = log::set_logger(&CONSOLE);
    set_level(LogLevel::Info, false);
}

/// Says no more than `level` asks for from here on (`--log_level`); errors are always said. Of `several` runs the course of each is said
/// only at level `debug`.
pub fn set_level(level: LogLevel, several: bool) {
    log::set_max_level(match level {
        LogLevel::Info if several => LevelFilter::Info,
        LogLevel::Debug | LogLevel::Info => LevelFilter::Debug,
        LogLevel::Warning => LevelFilter::Warn,
        LogLevel::Error | LogLevel::Critical => LevelFilter::Error,
    });
}

/// The bars of the process, which share the end of the screen.
#[must_use]
pub fn bars() -> &'static MultiProgress {
    static BARS: OnceLock<MultiProgress> = OnceLock::new();
    BARS.get_or_init(|| {
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::term_like(Box::new(LastingTerminal::stderr())),
            false => ProgressDrawTarget::hidden(),
        };
        MultiProgress::with_draw_target(target)
    })
}

/// A bar among them; `None` where there is no terminal, or no live line is wanted.
#[must_use]
pub fn live_bar(length: u64, live_line: bool) -> Option<ProgressBar> {
    let is_shown = live_line && log::max_level() >= LevelFilter::Info && std::io::stderr().is_terminal();
    is_shown.then(|| bars().add(ProgressBar::new(length)))
}

/// A line on standard error. Where nobody reads it, or the disk under a log is full, the run goes on without.
fn line_to_stderr(line: &str) {
    use std::io::Write;
    bars().suspend(|| {
        let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    });
}

/// Standard output, between the bars; a reader that went away is no failure. On a terminal, what it would obey is shown in its place.
///
/// # Errors
/// When it cannot be written, as on a full disk.
pub fn print(text: &str) -> Result<(), Error> {
    let write = || {
        let mut out = std::io::stdout().lock();
        let text = if out.is_terminal() { shown_lines(text) } else { Cow::Borrowed(text) };
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    match bars().suspend(write) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(cannot_write(&error)),
        _ => Ok(()),
    }
}

/// The columns of the terminal that standard output is; `None` of a pipe and of a file.
#[must_use]
pub fn terminal_width() -> Option<usize> {
    let (_, columns) = console::Term::stdout().size_checked().filter(|_| std::io::stdout().is_terminal())?;
    Some(usize::from(columns)).filter(|&columns| columns > 0)
}

/// Standard output cannot be written.
pub fn cannot_write(error: &std::io::Error) -> Error {
    Error::failure(format!("standard output: {error}"))
}

/// How often a line is written where there is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(15);

/// How often where nothing else is said of a run.
const BRIEF_INTERVAL: Duration = Duration::from_secs(60);

/// How often the bar's text is renewed.
const LIVE_INTERVAL: Duration = Duration::from_millis(200);

/// Shows how far training is.
pub struct Progress {
    bar: Option<ProgressBar>,
    name: String,
    last: Instant,
}

impl Progress {
    /// For a run of `steps`, named `name`; the bar only on a terminal, and where `live_line` asks for it.
    #[must_use]
    pub fn new(name: &str, steps: usize, live_line: bool) -> Self {
        let bar = live_bar(steps as u64, live_line);
        if let Some(bar) = &bar {
            let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(shown(name).into_owned());
        }
        Self { bar, name: name.to_owned(), last: Instant::now() }
    }
}

impl TrainingProgress for Progress {
    /// Whether enough time has passed.
    fn wants_update(&self) -> bool {
        let is_brief = log::max_level() < LevelFilter::Debug;
        self.last.elapsed()
            >= if self.bar.is_some() {
                LIVE_INTERVAL
            } else if is_brief {
                BRIEF_INTERVAL
            } else {
                PLAIN_INTERVAL
            }
    }

    fn live(&mut self, totals: &Totals, max_steps: usize, loss: f64, learning_rate: f64) {
        self.last = Instant::now();
        let text = line(totals, max_steps, loss, learning_rate);
        match &self.bar {
            Some(bar) => {
                bar.set_position(totals.steps as u64);
                bar.set_message(text);
            }
            None => log::info!("{}: step {}/{max_steps} {text}", self.name, totals.steps),
        }
    }

    fn logged(&mut self, totals: &Totals, max_steps: usize, loss: f64, grad_norm: f64, learning_rate: f64) {
        self.last = Instant::now();
        let text = format!("{} grad_norm {grad_norm:.4}", line(totals, max_steps, loss, learning_rate));
        self.note(&format!("{}: step {}/{max_steps} {text}", self.name, totals.steps));
    }

    fn note(&mut self, text: &str) {
        log::debug!("{text}");
    }

    fn finish(&mut self) {
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
        FormattedDuration(Duration::try_from_secs_f64(remaining).unwrap_or_default()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_of_the_workspace_is_heard() {
        let crates = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap().flatten();
        let names = crates.map(|entry| entry.file_name().into_string().unwrap().replace('-', "_"));
        // A program of its own.
        let names = names.filter(|name| name != "fuzz");
        let silent: Vec<String> = names.filter(|name| !OWN_CRATES.contains(&name.as_str())).collect();
        assert_eq!(silent, [""; 0]);
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let said = |level, text: &str| message(&Record::builder().level(level).args(format_args!("{text}")).build());
        assert_eq!(said(Level::Warn, "label a\u{1b}[2J\r\u{202e}b"), "warning: label a\\u{1b}[2J\\r\\u{202e}b");
        assert_eq!(said(Level::Error, "first\n\tsecond: ölçüm"), "error: first\n\tsecond: ölçüm");
        assert_eq!(said(Level::Info, "plain"), "plain");
    }

    #[test]
    fn only_the_program_s_own_crates_are_heard() {
        let enabled = |target: &str, level| Console.enabled(&Metadata::builder().target(target).level(level).build());
        log::set_max_level(LevelFilter::Info);
        assert!(enabled("run_glue::grid::sweep::run", Level::Info) && enabled("hub", Level::Error));
        assert!(!enabled("run_glue", Level::Debug));
        assert!(!enabled("cubecl_runtime::tune", Level::Warn) && !enabled("hub_of_others", Level::Error));
    }
}
