//! What a caller is told while files come and go.

use std::sync::Arc;

/// Which way the bytes of a file go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the Hub.
    Download,
    /// To the Hub.
    Upload,
}

/// Is told about downloads and uploads. Several may run at the same time.
pub trait Progress: Send + Sync {
    /// Bytes of a file begin to come or go, `total` in all where that is known.
    fn start(&self, direction: Direction, file: &str, total: Option<u64>) -> Box<dyn Transfer>;
    /// Something to know that is no error, such as a wait, or an answer from the cache in place of the Hub's.
    fn note(&self, message: &str);
    /// Something to know that may do harm, such as files that cannot be locked.
    fn warn(&self, message: &str) {
        self.note(&format!("warning: {message}"));
    }
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

/// Tells another one, [`escaped`]: names come from the Hub, or from a folder of anybody's.
pub(crate) struct Escaped(pub(crate) Arc<dyn Progress>);

impl Progress for Escaped {
    fn start(&self, direction: Direction, file: &str, total: Option<u64>) -> Box<dyn Transfer> {
        self.0.start(direction, &escaped(file), total)
    }

    fn note(&self, message: &str) {
        self.0.note(&escaped(message));
    }

    fn warn(&self, message: &str) {
        self.0.warn(&escaped(message));
    }
}

/// `text` with what a terminal would obey (control characters, turns of the direction of writing) shown as `\u{1b}`.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.extend(c.escape_unicode());
            }
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// Tells nobody, of neither transfers nor notes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: Direction, _: &str, _: Option<u64>) -> Box<dyn Transfer> {
        Box::new(Self)
    }

    fn note(&self, _: &str) {}
}

impl Transfer for Silent {
    fn advance(&mut self, _: u64) {}

    fn restart(&mut self) {}

    fn finish(self: Box<Self>) {}
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Keeps what it is told.
    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl Progress for Told {
        fn start(&self, _: Direction, file: &str, _: Option<u64>) -> Box<dyn Transfer> {
            self.note(file);
            Box::new(Silent)
        }

        fn note(&self, message: &str) {
            self.0.lock().unwrap().push(message.to_owned());
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_text() {
        assert_eq!(escaped("a\u{1b}[2J\r\n\tb\u{9b}1m\u{7f}"), r"a\u{1b}[2J\r\n\tb\u{9b}1m\u{7f}");
        assert_eq!(escaped("x\u{202e}txt.exe\u{2066}\u{2028}"), r"x\u{202e}txt.exe\u{2066}\u{2028}");
        let harmless = "it's \"ü\\e\u{301}\" 模型 👩\u{200d}🔬 \\u{1b}";
        assert_eq!(escaped(harmless), harmless);
    }

    #[test]
    fn whatever_is_told_is_escaped() {
        let told = Arc::new(Told::default());
        let progress = Escaped(Arc::clone(&told) as Arc<dyn Progress>);
        progress.start(Direction::Upload, "a\u{7}.bin", None).finish();
        progress.note("b\u{1b}c");
        progress.warn("d\ne");
        assert_eq!(*told.0.lock().unwrap(), [r"a\u{7}.bin", r"b\u{1b}c", r"warning: d\ne"]);
    }
}
