//! The page at the end of a sweep.

use std::path::Path;

use crate::grid::done::Done;
use crate::grid::options::PageChoice;
use crate::grid::run_spec::RunSpec;
use records::counted;
use records::record::RecordFile;
use results::compare::write_page;
use trainer::error::Error;

/// Its name within the results folder.
const NAME: &str = "comparison.html";

/// Writes the page of all runs that have records, whichever worker ran them: the worker that ends last has all.
pub(super) fn write(done: &mut Done, specs: &[RunSpec], results_dir: &Path, choice: &PageChoice) -> Result<(), Error> {
    let path = match choice {
        PageChoice::Off => return Ok(()),
        PageChoice::File(path) => path.clone(),
        PageChoice::InResults => results_dir.join(NAME),
    };
    let found: Vec<RecordFile> = done.find(specs)?.into_iter().filter_map(|mut records| records.pop()).collect();
    if found.is_empty() {
        return Ok(());
    }
    write_page(&found, &path)?;
    let runs = counted(found.len(), "run");
    log::info!("{}: tables and charts of {runs}", path.display());
    Ok(())
}
