//! What stands in the way where no number of the references can be held against the runs.

use std::collections::BTreeSet;

use records::Error;
use records::record::RecordFile;

use super::checked::{Checked, Verdict};
use crate::compare::published::UNSTATED;

/// Why no number was compared. `against`: the references; `models`: of the numbers.
pub(super) fn nothing_compared(
    checked: &[Checked],
    found: &[RecordFile],
    against: &str,
    models: &BTreeSet<String>,
) -> Error {
    if let Some((of, other)) = checked.iter().find_map(|of| Some((of, of.other_class.as_ref()?))) {
        return Error::input(other.in_full(&of.wanted));
    }
    let listed = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    let tasks = |is: fn(&Verdict) -> bool| -> BTreeSet<&str> {
        checked.iter().filter(|of| is(&of.verdict)).map(|of| of.wanted.task.as_str()).collect()
    };
    let only_predicted = found.iter().any(|(_, record)| record.metrics.is_empty());
    let not_evaluated =
        only_predicted.then(|| "of some only predictions were made: they were not evaluated (--do_eval)".to_owned());
    let other_split = (!tasks(|of| matches!(of, Verdict::OtherSplit)).is_empty())
        .then(|| "some are of another split (--allow_partial compares them all the same)".to_owned());
    let other_start = (!tasks(|of| matches!(of, Verdict::OtherStart)).is_empty()).then(|| {
        "some are of trainings that began from something else than the runs (--allow_other compares them all the same)".to_owned()
    });
    let other_method = (!tasks(|of| matches!(of, Verdict::OtherMethod)).is_empty()).then(|| {
        "some are of trainings by another method (--peft, --teacher, --freeze_layers) than the runs (--allow_other compares them all the same)"
            .to_owned()
    });
    let unstated = tasks(|of| matches!(of, Verdict::Unstated));
    let unstated = (!unstated.is_empty()).then(|| {
        format!(
            "the metric of {} is {UNSTATED}, so that it is not known what to compare: give its name there, such as accuracy",
            listed(unstated)
        )
    });
    let not_run = tasks(|of| matches!(of, Verdict::NotRun));
    let not_run = (!not_run.is_empty()).then(|| {
        let run = found.iter().map(|(_, record)| record.task.as_str()).collect();
        format!("there are numbers of {}, and the runs are of {}", listed(not_run), listed(run))
    });
    // The model is found where any number of it is.
    let is_other_model = checked.iter().all(|of| matches!(of.verdict, Verdict::ModelNotRun));
    let hint = (is_other_model && !models.is_empty()).then(|| {
        let known = listed(models.iter().map(String::as_str).collect());
        format!("where the model has another name there, give --reference_model, one of: {known}")
    });
    let reasons =
        [not_evaluated, other_split, other_start, other_method, unstated, not_run, hint].into_iter().flatten();
    let reasons: String = reasons.map(|reason| format!("; {reason}")).collect();
    let own = listed(found.iter().map(|(_, record)| record.model.id.as_str()).collect());
    Error::input(format!("{against}: no number of the models {own} on the tasks and splits that were run{reasons}"))
}
