//! Which files under a folder may be records.

use super::error::RecordError;
use super::predictions::EXTENSION;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// The JSON files in `folder` and under it, sorted; hidden ones and predictions are none. Links to folders are followed, each folder
/// once, whatever leads to it, but not those that lead up, to a folder that `folder` itself lies in. What cannot be read, a link to nothing
/// among it, is a problem, not the end.
///
/// # Errors
/// When `folder` itself cannot be read.
pub(super) fn json_files(folder: &Path, problems: &mut Vec<RecordError>) -> io::Result<Vec<PathBuf>> {
    let mut walk =
        Walk { root: folder.canonicalize()?, seen: HashSet::new(), paths: Vec::new(), links: Vec::new(), problems };
    walk.collect(folder)?;
    // Behind the folders that are no links, so that a record goes by its plain path where it has one.
    while let Some(link) = walk.links.pop() {
        walk.collect_below(link);
    }
    walk.paths.sort();
    Ok(walk.paths)
}

struct Walk<'a> {
    /// The folder that was given, without links in its path.
    root: PathBuf,
    /// Folders that were entered, without links in their paths.
    seen: HashSet<PathBuf>,
    paths: Vec<PathBuf>,
    /// Links to folders that are still to be followed.
    links: Vec<PathBuf>,
    problems: &'a mut Vec<RecordError>,
}

impl Walk<'_> {
    fn collect(&mut self, folder: &Path) -> io::Result<()> {
        if !self.seen.insert(folder.canonicalize()?) {
            return Ok(());
        }
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                self.collect_below(path);
            } else if kind.is_symlink() {
                self.take_link(path);
            } else {
                self.take(path);
            }
        }
        Ok(())
    }

    fn collect_below(&mut self, path: PathBuf) {
        if let Err(source) = self.collect(&path) {
            self.problems.push(RecordError::Read { path, source });
        }
    }

    fn take_link(&mut self, path: PathBuf) {
        match path.metadata() {
            Ok(target) if target.is_dir() => {
                if !path.canonicalize().is_ok_and(|target| self.root.starts_with(target)) {
                    self.links.push(path);
                }
            }
            Ok(_) => self.take(path),
            Err(source) if has_name_of_json(&path) => self.problems.push(RecordError::Read { path, source }),
            // Of whatever else.
            Err(_) => {}
        }
    }

    fn take(&mut self, path: PathBuf) {
        if has_name_of_json(&path) && path.is_file() {
            self.paths.push(path);
        }
    }
}

/// Whether a file may be a record by its name: predictions are none.
fn has_name_of_json(path: &Path) -> bool {
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    is_json && !path.to_string_lossy().ends_with(EXTENSION)
}
