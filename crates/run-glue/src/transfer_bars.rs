//! Downloads and uploads as a person sees them, on standard error: bars on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use hub::{Direction, Progress, Transfer};
use indicatif::{DecimalBytes, HumanDuration, ProgressBar, ProgressStyle};

/// What a bar shows; bytes in powers of 1000, as the Hub's pages have them.
const KNOWN_SIZE: &str = "{msg} [{wide_bar}] {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} ({eta})";
const UNKNOWN_SIZE: &str = "{msg} {spinner} {decimal_bytes} {decimal_bytes_per_sec}";

/// Bars where standard error is a terminal, lines where it is not.
#[must_use]
pub fn to_stderr() -> Arc<dyn Progress> {
    if std::io::stderr().is_terminal() {
        Arc::new(TransferBars)
    } else {
        Arc::new(TransferLines::new(std::io::stderr()))
    }
}

/// A bar for each file, among the program's others.
#[derive(Debug, Clone, Copy, Default)]
pub struct TransferBars;

impl Progress for TransferBars {
    fn start(&self, _: Direction, file: &str, total: Option<u64>) -> Box<dyn Transfer> {
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), KNOWN_SIZE),
            None => (ProgressBar::new_spinner(), UNKNOWN_SIZE),
        };
        // The templates are constants that a test parses; the default is there so that nothing can fail here.
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let bar = crate::progress::bars().add(bar);
        bar.set_message(file.to_owned());
        Box::new(TransferBar(bar))
    }

    fn note(&self, message: &str) {
        log::info!("{}", message);
    }

    fn warn(&self, message: &str) {
        log::warn!("{}", message);
    }
}

struct TransferBar(ProgressBar);

impl Transfer for TransferBar {
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

impl Drop for TransferBar {
    fn drop(&mut self) {
        if !self.0.is_finished() {
            self.0.abandon();
        }
    }
}

type Lines = Arc<Mutex<Box<dyn Write + Send>>>;

/// A line when a file begins and one when it is done.
pub struct TransferLines {
    out: Lines,
}

impl TransferLines {
    /// Writes to `out`.
    #[must_use]
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self { out: Arc::new(Mutex::new(Box::new(out))) }
    }
}

impl Progress for TransferLines {
    fn start(&self, direction: Direction, file: &str, total: Option<u64>) -> Box<dyn Transfer> {
        let size = total.map_or_else(|| "size unknown".to_owned(), |total| DecimalBytes(total).to_string());
        let (begins, done) = match direction {
            Direction::Download => ("downloading", "downloaded"),
            Direction::Upload => ("uploading", "uploaded"),
        };
        line(&self.out, &format!("{begins} {file} ({size})"));
        let (out, file) = (Arc::clone(&self.out), file.to_owned());
        Box::new(TransferLine { out, done, file, bytes: 0, began: Instant::now() })
    }

    fn note(&self, message: &str) {
        line(&self.out, message);
    }
}

struct TransferLine {
    out: Lines,
    done: &'static str,
    file: String,
    bytes: u64,
    began: Instant,
}

impl Transfer for TransferLine {
    fn advance(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn restart(&mut self) {
        self.bytes = 0;
    }

    fn finish(self: Box<Self>) {
        let (size, time) = (DecimalBytes(self.bytes), HumanDuration(self.began.elapsed()));
        let text = format!("{} {} ({size}) in {time:#}", self.done, self.file);
        line(&self.out, &text);
    }
}

fn line(out: &Lines, text: &str) {
    let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
    // A closed standard error is no reason to stop a download.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
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
        let progress = TransferLines::new(page.clone());
        let mut transfer = progress.start(Direction::Download, "model.safetensors", Some(438_012_345));
        transfer.advance(100);
        transfer.restart();
        transfer.advance(438_012_345);
        transfer.finish();
        drop(progress.start(Direction::Download, "lost.bin", None));
        progress.note("a note");
        progress.warn("no locks");
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "downloading model.safetensors (438.01 MB)");
        assert!(lines[1].starts_with("downloaded model.safetensors (438.01 MB) in 0s"), "{}", lines[1]);
        assert_eq!(lines[2..], ["downloading lost.bin (size unknown)", "a note", "warning: no locks"]);
    }

    #[test]
    fn the_bars_templates_parse() {
        let progress = TransferBars;
        for total in [Some(10), None] {
            let mut transfer = progress.start(Direction::Download, "x", total);
            transfer.advance(1);
            transfer.restart();
            transfer.finish();
        }
        for template in [KNOWN_SIZE, UNKNOWN_SIZE] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
