//! What a run is in a search: said by its record, and kept where the same run is written again.

use super::error::RecordError;
use super::parts::{SearchMark, SearchRole};
use super::replaced_field::replace_field;
use super::run_record::RunRecord;
use std::path::Path;

impl RunRecord {
    /// Whether the run only served to find settings.
    #[must_use]
    pub fn is_trial(&self) -> bool {
        self.search.as_ref().is_some_and(|search| search.role == SearchRole::Trial)
    }

    /// The split that the run's settings were chosen on, where its scores are on that split too.
    #[must_use]
    pub fn optimistic_on(&self) -> Option<&str> {
        let search = self.search.as_ref()?;
        (search.role == SearchRole::Chosen && search.optimistic).then_some(search.chosen_on.as_str())
    }

    /// Takes over what another record of the same run is in a search, where that counts for more: settings that were chosen stay so
    /// when they are run by hand, above all on the split that is scored; and a run that was asked for, or chosen, becomes no
    /// trial, which tables leave out.
    pub(super) fn keep_role(&mut self, other: &Self) {
        if weight(other.search.as_ref()) > weight(self.search.as_ref()) {
            self.search.clone_from(&other.search);
        }
    }

    /// Marks the run of this record, in the file `path`, as `mark` says, where that counts for more than what is there: a search may
    /// choose what was run before. Nothing else of the file changes. Whether it was marked.
    ///
    /// # Errors
    /// [`RecordError`] where the file cannot be read or written.
    pub fn mark(&mut self, path: &Path, mark: &SearchMark) -> Result<bool, RecordError> {
        if weight(Some(mark)) <= weight(self.search.as_ref()) {
            return Ok(false);
        }
        replace_field(path, "search", mark)?;
        self.search = Some(mark.clone());
        Ok(true)
    }
}

/// How much a role in a search counts beside another one of the same run.
fn weight(mark: Option<&SearchMark>) -> u8 {
    match mark {
        Some(SearchMark { role: SearchRole::Trial, .. }) => 0,
        None => 1,
        Some(SearchMark { role: SearchRole::Chosen, optimistic: false, .. }) => 2,
        Some(SearchMark { role: SearchRole::Chosen, optimistic: true, .. }) => 3,
    }
}
