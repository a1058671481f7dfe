//! Whether precision, recall and F1 of two classes are of the same class as the number that they are held against.

use std::path::PathBuf;

use records::record::{RecordFile, RunRecord};

use super::metric_name::metric;
use super::wanted::Wanted;
use crate::scored_rows::{class_one, spec_of};

/// That a run's number is of the one class and the number of the reference's runs of the other.
#[derive(Clone, Debug)]
pub(super) struct OtherClass {
    record: PathBuf,
    ours: String,
    theirs: String,
}

impl OtherClass {
    /// Of the first of the runs that is of another class. Which class a number of a file is of is not known.
    pub(super) fn of(runs: &[&RecordFile], wanted: &Wanted) -> Option<Self> {
        let of_class = |record: &RunRecord| {
            let is_of_one = spec_of(record).is_none() && metric(&wanted.metric).is_some_and(|m| m.is_of_one_class());
            if is_of_one { class_one(record).map(str::to_owned) } else { None }
        };
        let theirs = of_class(wanted.one_of_the_runs()?)?;
        runs.iter().find_map(|(path, ours)| {
            let ours = of_class(ours).filter(|ours| *ours != theirs)?;
            Some(Self { record: path.clone(), ours, theirs: theirs.clone() })
        })
    }

    /// In the table.
    pub(super) fn note(&self) -> String {
        format!("that of the class {}, theirs is that of {}", self.ours, self.theirs)
    }

    /// With the record, and what to do.
    pub(super) fn in_full(&self, wanted: &Wanted) -> String {
        let Self { record, ours, theirs } = self;
        format!(
            "{}: {} of {} is that of the class {ours}, expected that of {theirs} ({}), and the one says nothing of the other; give the \
             classes in one order (--label_names)",
            record.display(),
            wanted.metric,
            wanted.task,
            wanted.source
        )
    }
}
