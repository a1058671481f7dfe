//! What a caller is told while files come and go.

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
