//! Runs whose numbers are none.

use records::record::RunRecord;
use trainer::error::Error;

/// The failure of a run whose results are written, and in which a loss, or what else was `found`, is no number.
pub(super) fn lost(record: &RunRecord, found: Option<&str>) -> Option<Error> {
    let loss = record.lost_loss().or(found)?;
    Some(Error::failure(format!(
        "{}: {loss} is no number, so the scores mean nothing; the results are written",
        record.task
    )))
}
