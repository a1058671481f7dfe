//! A tracker of experiments: a place beside the files, to which a run's log goes while it is written.

use std::path::Path;

use records::metrics::Metrics;
use records::record::RunRecord;

/// Is told of a run that has begun. None of its calls waits for another machine but the last one, and none ends the run.
pub trait Tracker {
    /// A row of the log. Where the run goes on from a checkpoint, the rows before it come first, as they came to the start that wrote
    /// them: a tracker keeps each once.
    fn row(&mut self, row: &Metrics);

    /// A checkpoint is in `folder`, which may be removed after this call.
    fn checkpoint(&mut self, folder: &Path);

    /// All rows have come, and the results are written. One that is dropped without this call was stopped, or has failed.
    fn finished(self: Box<Self>, record: &RunRecord);
}
