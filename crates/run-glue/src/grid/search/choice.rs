//! Which trial is the best.

use std::cmp::Ordering;

use crate::report::record::RunRecord;

/// Trials that have a record, best first: those that did not collapse before those that did, then by score, then by loss,
/// then as they were listed.
pub(super) fn ranked(records: &[Option<RunRecord>], higher_is_better: bool) -> Vec<usize> {
    let mut places: Vec<(usize, &RunRecord)> =
        records.iter().enumerate().filter_map(|(at, record)| Some((at, record.as_ref()?))).collect();
    places.sort_by(|(_, a), (_, b)| {
        let score = by_number(a.score, b.score, higher_is_better);
        let loss = by_number(loss(a), loss(b), false);
        a.collapsed.cmp(&b.collapsed).then(score).then(loss)
    });
    places.into_iter().map(|(at, _)| at).collect()
}

fn loss(record: &RunRecord) -> Option<f64> {
    record.metrics.get("loss").copied().flatten()
}

/// What is undefined comes last.
fn by_number(a: Option<f64>, b: Option<f64>, higher_is_better: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if higher_is_better => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}
