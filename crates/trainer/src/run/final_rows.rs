//! Which rows `--final_eval` asks for: the run's own, or parts of splits.

use glue_tasks::task::TaskSpec;

use super::split_reader::{Rows, SplitReader, test_slices};
use crate::error::Error;
use crate::settings::FinalSplit;

/// Rows that are evaluated with the weights at the end of a run; `R` is how rows are held.
pub(super) struct FinalRows<R> {
    /// What was asked for.
    pub(super) name: String,
    pub(super) rows: RowsOf<R>,
}

/// Whose rows they are.
#[derive(Clone, Copy)]
pub(super) enum RowsOf<R> {
    /// Those that are trained on.
    Train,
    /// Those of an evaluation of the run.
    Eval(usize),
    /// Those of a prediction of the run.
    Test(usize),
    /// Nobody else's.
    Own(R),
}

impl<R> RowsOf<R> {
    /// Holds the rows in another way.
    pub(super) fn map<S, E>(self, change: impl FnOnce(R) -> Result<S, E>) -> Result<RowsOf<S>, E> {
        Ok(match self {
            Self::Train => RowsOf::Train,
            Self::Eval(at) => RowsOf::Eval(at),
            Self::Test(at) => RowsOf::Test(at),
            Self::Own(rows) => RowsOf::Own(change(rows)?),
        })
    }
}

/// The rows of a run itself: what it evaluates and predicts, each with its suffix or file.
pub(super) struct OwnRows<'a> {
    pub(super) is_trained: bool,
    pub(super) eval: &'a [(Rows, String)],
    pub(super) test: &'a [(Rows, String)],
}

/// Finds the rows of each part. `train` and `eval` are the rows to train on and to evaluate of a run that does not.
///
/// # Errors
/// Names the part that there is not, or whose rows have no labels.
pub(super) fn read(
    reader: &mut SplitReader,
    task: &TaskSpec,
    own: &OwnRows,
    mut train: Option<Rows>,
    mut eval: Vec<(Rows, String)>,
) -> Result<Vec<FinalRows<Rows>>, Error> {
    let settings = reader.settings;
    // A diagnostic set without labels only gives logits.
    eval.retain(|(rows, _)| rows.is_labelled());
    let mut found = Vec::new();
    for split in &settings.data.splits.final_eval {
        let in_context = |error: Error| error.in_context(format!("--final_eval {split}"));
        let rows: Vec<RowsOf<Rows>> = match split {
            FinalSplit::Train if own.is_trained => vec![RowsOf::Train],
            FinalSplit::Train => train.take().map(RowsOf::Own).into_iter().collect(),
            FinalSplit::Validation if settings.do_eval => {
                let scored = |at: &usize| own.eval[*at].0.is_labelled();
                (0..own.eval.len()).filter(scored).map(RowsOf::Eval).collect()
            }
            FinalSplit::Validation => {
                std::mem::take(&mut eval).into_iter().map(|(rows, _)| RowsOf::Own(rows)).collect()
            }
            FinalSplit::Test => {
                let limit = settings.data.max_predict_samples;
                let mut tests = Vec::new();
                for (at, slices) in test_slices(settings, task).into_iter().enumerate() {
                    // What is predicted comes in the same order.
                    tests.push(match own.test.get(at) {
                        Some((rows, _)) if rows.is_labelled() => RowsOf::Test(at),
                        _ => RowsOf::Own(reader.labelled(task, &slices).map_err(in_context)?.first(limit)),
                    });
                }
                tests
            }
            FinalSplit::Parts(slices) => {
                for slice in slices {
                    if reader.dataset.split_files(&task.config, &slice.split)?.is_none() {
                        return Err(in_context(Error::usage(format!(
                            "{}: there is no split {}; expected train, validation or test, which are the rows that the run trains on, \
                             evaluates and predicts, or parts of the dataset's splits",
                            reader.dataset.id, slice.split
                        ))));
                    }
                }
                let rows = reader.labelled(task, slices).map_err(in_context)?;
                vec![RowsOf::Own(rows.first(settings.data.max_eval_samples))]
            }
        };
        if rows.iter().any(|rows| matches!(rows, RowsOf::Own(rows) if rows.examples.is_empty())) {
            return Err(in_context(Error::usage(format!("{}: there is no row in it", reader.dataset.id))));
        }
        found.extend(rows.into_iter().map(|rows| FinalRows { name: split.to_string(), rows }));
    }
    Ok(found)
}
