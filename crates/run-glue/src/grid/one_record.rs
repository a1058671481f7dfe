//! Runs of a grid that would share one record: which rows are predicted makes no other run.

use std::collections::BTreeMap;

use super::run_spec::RunSpec;
use trainer::error::Error;
use trainer::settings::record_request_hash;

/// # Errors
/// When runs differ only in what they predict: each would take the place of the other's record, and never be done.
pub(super) fn check(specs: &[RunSpec]) -> Result<(), Error> {
    let mut seen: BTreeMap<(String, u64), &RunSpec> = BTreeMap::new();
    for spec in specs.iter().filter(|spec| !spec.is_trial()) {
        let Some(request) = record_request_hash(&spec.settings) else { continue };
        let first = *seen.entry((request, spec.seed())).or_insert(spec);
        if first.request != spec.request {
            let flag = if first.settings.do_predict == spec.settings.do_predict { "test_file" } else { "do_predict" };
            return Err(Error::usage(format!(
                "--{flag}: there are several, and what is predicted makes no other run: these would train or evaluate the same, and each take the \
                 place of the other's record; give one, and predict other rows with `run-glue --model FOLDER --do_predict --test_file FILE` \
                 afterwards"
            )));
        }
    }
    Ok(())
}
