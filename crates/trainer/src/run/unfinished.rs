//! A mark in an output folder until its run has ended: what a run left there that was killed or failed may be written over by the same
//! run, started again, and by no other.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::settings::{Settings, plain_request_hash};
use records::atomic::write_whole;

/// The file's name in the output folder; hidden, so that it is no part of what is uploaded.
pub(super) const FILE_NAME: &str = ".run-glue.unfinished";

/// Whose results are in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// No run's that did not end.
    Nothing,
    /// The same run's, which did not end.
    OwnRun,
    /// Another run's, which did not end.
    AnotherRun,
}

/// Reads the mark of `dir`.
pub(super) fn left(settings: &Settings, dir: &Path) -> Left {
    match std::fs::read_to_string(dir.join(FILE_NAME)) {
        Ok(text) if text == said(settings) => Left::OwnRun,
        Ok(_) => Left::AnotherRun,
        Err(_) => Left::Nothing,
    }
}

fn said(settings: &Settings) -> String {
    format!("request {}, seed {}\n", plain_request_hash(settings), settings.training.seed)
}

/// The mark of this run, in its folder as long as the run has not ended.
pub(super) struct Unfinished {
    dir: PathBuf,
}

impl Unfinished {
    /// Marks `dir` where all that is in it is, or will be, this run's. `is_empty`: nothing is in it yet.
    ///
    /// # Errors
    /// When the mark cannot be written.
    pub(super) fn mark(settings: &Settings, dir: &Path, is_empty: bool) -> Result<Option<Self>, Error> {
        let left = left(settings, dir);
        if left == Left::AnotherRun {
            // It may be written over, or it would have been refused.
            let _ = std::fs::remove_file(dir.join(FILE_NAME));
        }
        if !settings.do_train || left != Left::OwnRun && !is_empty {
            return Ok(None);
        }
        write_whole(dir.join(FILE_NAME), said(settings).as_bytes())?;
        Ok(Some(Self { dir: dir.to_owned() }))
    }

    /// The marked folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes the mark away: the run has ended well, or has left nothing.
    pub(super) fn remove(self) {
        let _ = std::fs::remove_file(self.dir.join(FILE_NAME));
    }
}
