//! The check that all metrics share.

use super::error::MetricError;

/// What every metric asks of its two columns.
pub(super) fn check_lengths(predictions: usize, references: usize) -> Result<(), MetricError> {
    if predictions != references {
        return Err(MetricError::LengthMismatch { predictions, references });
    }
    if references == 0 {
        return Err(MetricError::Empty);
    }
    Ok(())
}
