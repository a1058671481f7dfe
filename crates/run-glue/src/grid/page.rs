//! The page at the end of a sweep.

use std::path::Path;

use super::Cell;
use super::done::Done;
use crate::cli::grid_args::GridArgs;
use crate::compare::write_page;
use crate::error::Error;
use crate::progress::say;
use crate::report::record::RecordFile;
use crate::report::record_path::path_of;

/// Its name within the results folder.
const NAME: &str = "comparison.html";

/// Writes the page of all cells that have records, whichever worker ran them: the worker that ends last has all.
pub(super) fn write(done: &mut Done, cells: &[Cell], results_dir: &Path, options: &GridArgs) -> Result<(), Error> {
    let path = match &options.report_html {
        Some(path) if path == Path::new("none") => return Ok(()),
        Some(path) => path.clone(),
        None => results_dir.join(NAME),
    };
    let records = done.find(cells)?.into_iter().flatten();
    let found: Vec<RecordFile> = records.map(|record| (path_of(&record, results_dir), record)).collect();
    if found.is_empty() {
        return Ok(());
    }
    write_page(&found, &path)?;
    say(&format!("{}: tables and charts of {} runs", path.display(), found.len()));
    Ok(())
}
