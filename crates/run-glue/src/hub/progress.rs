//! Downloads and uploads as a person sees them, on standard error: bars on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the Hub.
    Down,
    /// To the Hub.
    Up,
}

/// Is told about downloads and uploads. Several may run at the same time.
pub trait Progress: Send + Sync {
    /// Bytes of a file begin to come or go, `total` in all where that is known.
    fn start(&self, way: Way, file: &str, total: Option<u64>) -> Box<dyn Transfer>;
    /// Something to know that is no error, such as a wait, or an answer from the cache in place of the Hub's.
    fn note(&self, message: &str);
}

/// One file on its way. Dropped without [`Transfer::finish`], it has failed.
pub trait Transfer: Send {
    /// So many more bytes are there (the first call may count those of an earlier run).
    fn advance(&mut self, bytes: u64);
    /// What had arrived is worth nothing: it begins again at zero.
    fn restart(&mut self);
    /// The file is whole, checked and in its place.
    fn finish(self: Box<Self>);
}

/// Bars where standard error is a terminal, lines where it is not.
#[must_use]
pub fn progress_to_stderr() -> Arc<dyn Progress> {
    if std::io::stderr().is_terminal() {
        Arc::new(TerminalProgress::new())
    } else {
        Arc::new(PlainProgress::new(std::io::stderr()))
    }
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: Way, _: &str, _: Option<u64>) -> Box<dyn Transfer> {
        Box::new(Self)
    }

    fn note(&self, _: &str) {}
}

impl Transfer for Silent {
    fn advance(&mut self, _: u64) {}

    fn restart(&mut self) {}

    fn finish(self: Box<Self>) {}
}

/// A bar for each file, among the program's others.
#[derive(Debug, Clone, Copy, Default)]
pub struct TerminalProgress;

impl TerminalProgress {
    /// Draws to standard error.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Progress for TerminalProgress {
    fn start(&self, _: Way, file: &str, total: Option<u64>) -> Box<dyn Transfer> {
        let (bar, template) = match total {
            Some(total) => {
                (ProgressBar::new(total), "{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} ({eta})")
            }
            None => (ProgressBar::new_spinner(), "{msg} {spinner} {bytes} {bytes_per_sec}"),
        };
        // The template is a constant that a test parses; the default is there so that nothing can fail here.
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let bar = crate::progress::bars().add(bar);
        bar.set_message(file.to_owned());
        Box::new(Bar(bar))
    }

    fn note(&self, message: &str) {
        crate::progress::say(message);
    }
}

struct Bar(ProgressBar);

impl Transfer for Bar {
    fn advance(&mut self, bytes: u64) {
        self.0.inc(bytes);
    }

    fn restart(&mut self) {
        self.0.reset();
    }

    fn finish(self: Box<Self>) {
        self.0.finish();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if !self.0.is_finished() {
            self.0.abandon();
        }
    }
}

type Lines = Arc<Mutex<Box<dyn Write + Send>>>;

/// A line when a file begins and one when it is done.
pub struct PlainProgress {
    out: Lines,
}

impl PlainProgress {
    /// Writes to `out`.
    #[must_use]
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self { out: Arc::new(Mutex::new(Box::new(out))) }
    }
}

impl Progress for PlainProgress {
    fn start(&self, way: Way, file: &str, total: Option<u64>) -> Box<dyn Transfer> {
        let size = total.map_or_else(|| "size unknown".to_owned(), human_size);
        let (begins, done) = match way {
            Way::Down => ("downloading", "downloaded"),
            Way::Up => ("uploading", "uploaded"),
        };
        line(&self.out, &format!("{begins} {file} ({size})"));
        let (out, file) = (Arc::clone(&self.out), file.to_owned());
        Box::new(PlainTransfer { out, done, file, bytes: 0, began: Instant::now() })
    }

    fn note(&self, message: &str) {
        line(&self.out, message);
    }
}

struct PlainTransfer {
    out: Lines,
    done: &'static str,
    file: String,
    bytes: u64,
    began: Instant,
}

impl Transfer for PlainTransfer {
    fn advance(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn restart(&mut self) {
        self.bytes = 0;
    }

    fn finish(self: Box<Self>) {
        let text =
            format!("{} {} ({}) in {}", self.done, self.file, human_size(self.bytes), seconds(self.began.elapsed()));
        line(&self.out, &text);
    }
}

fn line(out: &Lines, text: &str) {
    let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
    // A closed standard error is no reason to stop a download.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// `438 MB`, in powers of 1000 as the Hub's pages show sizes.
fn human_size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 9.95);
    format!("{value:.digits$} {}", units[unit])
}

fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 9.95 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn plain_lines() {
        let page = Page::default();
        let progress = PlainProgress::new(page.clone());
        let mut transfer = progress.start(Way::Down, "model.safetensors", Some(438_012_345));
        transfer.advance(100);
        transfer.restart();
        transfer.advance(438_012_345);
        transfer.finish();
        drop(progress.start(Way::Down, "lost.bin", None));
        progress.note("a note");
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "downloading model.safetensors (438 MB)");
        assert!(lines[1].starts_with("downloaded model.safetensors (438 MB) in 0."), "{}", lines[1]);
        assert_eq!(lines[2..], ["downloading lost.bin (size unknown)", "a note"]);
    }

    #[test]
    fn sizes() {
        let shown: Vec<_> = [0, 999, 1000, 9_960, 999_600, 1_340_000_000].into_iter().map(human_size).collect();
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "10 kB", "1.0 MB", "1.3 GB"]);
    }

    #[test]
    fn the_bars_templates_parse() {
        let progress = TerminalProgress::new();
        for total in [Some(10), None] {
            let mut transfer = progress.start(Way::Down, "x", total);
            transfer.advance(1);
            transfer.restart();
            transfer.finish();
        }
        for template in ["{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} ({eta})", "{msg} {spinner} {bytes}"]
        {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
