//! Runs of a grid that would share one record: those that are the same, and those that only predict other rows.

use std::collections::BTreeMap;

use super::run_spec::{Role, RunSpec};
use trainer::error::Error;
use trainer::settings::record_request_hash;

/// # Errors
/// When runs differ only in what they predict: each would take the place of the other's record, and never be done. When two are the same.
pub(super) fn check(specs: &[RunSpec]) -> Result<(), Error> {
    let mut known: BTreeMap<(&str, u64), &RunSpec> = BTreeMap::new();
    for spec in specs.iter().filter(|spec| spec.role == Role::Asked) {
        if let Some(same) = known.insert((&spec.request, spec.seed()), spec) {
            return Err(Error::usage(format!(
                "two runs are the same one, with one record: {} and {}; give each value once, and no list of what changes no number",
                in_words(same),
                in_words(spec)
            )));
        }
    }
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

fn in_words(spec: &RunSpec) -> String {
    let parts = [spec.model(), spec.task().to_owned(), format!("seed {}", spec.seed()), spec.label.clone()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
