//! Uploads that earlier starts did not come to.

use super::state::{RunState, Sweep};
use crate::run_hooks::run_hooks;
use trainer::run::upload_again;

impl Sweep<'_> {
    /// Uploads the runs that are done already, where an earlier start was killed before, or could not. What fails again fails the sweep at
    /// its end.
    pub(super) fn upload_left(&mut self) {
        for (spec, state) in self.specs.iter().zip(&self.states) {
            if !matches!(state, RunState::Done(_)) || spec.settings.publish.is_none() {
                continue;
            }
            if let Err(error) = upload_again(&spec.settings, &run_hooks()) {
                log::error!("{}: {error}", spec.name);
                self.upload_failures.push((spec.name.clone(), error));
            }
        }
    }
}
