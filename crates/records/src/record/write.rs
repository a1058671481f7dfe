//! Writing a record: under its own name, and never over another run's.

use super::error::RecordError;
use super::path::{relative_paths, settings_hash};
use super::predictions::{self, SplitPredictions};
use super::run_record::RunRecord;
use crate::atomic::{remove_abandoned, write_whole};
use std::path::{Path, PathBuf};

impl RunRecord {
    /// Fills in [`settings_hash`](RunRecord::settings_hash), writes the record under `results_dir` and returns its path. A
    /// record of the same settings and seed is replaced, and what it alone knows is kept, with its role in a search; any other file is left alone.
    ///
    /// # Errors
    /// [`RecordError`] where it cannot be written or another file stands in the way.
    pub fn write(&mut self, results_dir: &Path) -> Result<PathBuf, RecordError> {
        self.write_beside(results_dir, &[])
    }

    /// As [`Self::write`], with the predictions of its splits in a file beside it, which is written first: a record that is
    /// there is of a run whose files are all there.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_beside(
        &mut self,
        results_dir: &Path,
        predictions: &[SplitPredictions],
    ) -> Result<PathBuf, RecordError> {
        self.settings_hash = settings_hash(self);
        let [usual, long] = relative_paths(self, &self.settings_hash).map(|path| results_dir.join(path));
        // The short hash may be shared by two runs, once in a very long time; the long one is then used.
        let (path, earlier) = match self.earlier_at(&usual) {
            Some(earlier) => (usual, earlier),
            None => match self.earlier_at(&long) {
                Some(earlier) => (long, earlier),
                None => return Err(RecordError::Taken { path: long }),
            },
        };
        if let Some(earlier) = earlier {
            self.keep_role(&earlier);
            self.keep_of(&earlier);
        }
        if let Some(folder) = path.parent() {
            remove_abandoned(folder);
        }
        let text = self.to_json().map_err(|source| RecordError::Encode { task: self.task.clone(), source })?;
        if !predictions.is_empty() {
            predictions::write(&path, predictions)?;
        }
        write_whole(&path, text.as_bytes()).inspect_err(|_| {
            let _ = std::fs::remove_file(predictions::path_beside(&path));
        })?;
        Ok(path)
    }

    /// The earlier record of this very run at `path`, where there is one; `None` where another file stands there.
    #[expect(
        clippy::option_option,
        reason = "the outer one is whether it may be written, the inner one what is replaced"
    )]
    fn earlier_at(&self, path: &Path) -> Option<Option<Self>> {
        if std::fs::symlink_metadata(path).is_err() {
            // Nothing stands there; or it cannot be seen, and writing will say why.
            return Some(None);
        }
        // A pipe would be waited for.
        if !std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
            return None;
        }
        let is_same =
            |old: &Self| (&old.task, old.seed, &old.settings_hash) == (&self.task, self.seed, &self.settings_hash);
        Self::read(path).ok().filter(is_same).map(Some)
    }
}
