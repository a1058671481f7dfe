//! Runs whose numbers are none.

use records::record::RunRecord;
use trainer::error::Error;

/// The failure of a run whose results are written, and in which something is no number.
pub(super) fn lost(record: &RunRecord) -> Option<Error> {
    let what = record.lost_number()?;
    Some(Error::failure(format!(
        "{}: {what} is no number, so the scores mean nothing; the results are written",
        record.task
    )))
}
