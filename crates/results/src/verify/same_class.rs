//! Whether precision, recall and F1 of two classes are of the same class as the number that they are held against.

use records::record::{RecordFile, RunRecord};

use super::metric_name::metric;
use super::wanted::Wanted;
use crate::scored_rows::{class_one, spec_of};

/// # Errors
/// That the run's number is of the one class and the number of the reference's runs of the other, with the record. Which class a number
/// of a file is of is not known.
pub(super) fn check(found: &RecordFile, wanted: &Wanted) -> Result<(), String> {
    let (path, ours) = found;
    let of_class = |record: &RunRecord| {
        let is_of_one = spec_of(record).is_none() && metric(&wanted.metric).is_some_and(|m| m.is_of_one_class());
        if is_of_one { class_one(record).map(str::to_owned) } else { None }
    };
    let theirs = wanted.one_of_the_runs.as_deref().and_then(of_class);
    match of_class(ours).zip(theirs) {
        Some((ours, theirs)) if ours != theirs => Err(format!(
            "{}: {} of {} is that of the class {ours}, expected that of {theirs} ({}), and the one says nothing of the other; give the \
             classes in one order (--label_names)",
            path.display(),
            wanted.metric,
            wanted.task,
            wanted.source
        )),
        _ => Ok(()),
    }
}
