//! The page at the end of a sweep.

use std::path::Path;

use crate::grid::options::PageChoice;
use records::counted;
use records::record::RecordFile;
use results::compare::write_page;
use trainer::error::Error;

/// Its name within the results folder.
const NAME: &str = "comparison.html";

/// Writes the page of these runs.
pub(super) fn write(found: &[RecordFile], results_dir: &Path, choice: &PageChoice) -> Result<(), Error> {
    let path = match choice {
        PageChoice::Off => return Ok(()),
        PageChoice::File(path) => path.clone(),
        PageChoice::InResults => results_dir.join(NAME),
    };
    if found.is_empty() {
        return Ok(());
    }
    write_page(found, &path)?;
    let runs = counted(found.len(), "run");
    log::info!("{}: tables and charts of {runs}", path.display());
    Ok(())
}
