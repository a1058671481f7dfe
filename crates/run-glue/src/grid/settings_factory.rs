//! How a grid gets the settings of its runs: from whoever knows what the user asked for.

use super::combination::Combination;
use trainer::error::Error;
use trainer::settings::Settings;

/// Makes the settings of a grid's runs, also of those that follow from the results of others.
///
/// A `setting` is names of settings with the value of each as it would be typed; they go over what was asked for.
pub trait SettingsFactory {
    /// Settings of a run.
    ///
    /// # Errors
    /// Names the first setting that is wrong, what was expected, and what to do.
    fn settings(&self, combination: &Combination, seed: u64, setting: &[(String, String)]) -> Result<Settings, Error>;

    /// The combination whose runs those of this one begin from; `None`: they begin with the model. No two begin from each other.
    ///
    /// # Errors
    /// When there is none that is meant, or several.
    fn begins_from(&self, combination: &Combination) -> Result<Option<Combination>, Error>;

    /// Settings of a search's trial, which leaves a record and no other files. `holdout`: percent of the training rows,
    /// above 0 and below 100, that it is evaluated on instead of the validation split.
    ///
    /// # Errors
    /// As [`Self::settings`].
    fn trial_settings(
        &self,
        combination: &Combination,
        seed: u64,
        setting: &[(String, String)],
        holdout: Option<f64>,
    ) -> Result<Settings, Error>;

    /// Length of a run's training: its steps where a number of them is set, else its epochs.
    ///
    /// # Errors
    /// A value that a setting does not take.
    fn training_length(&self, combination: &Combination, setting: &[(String, String)]) -> Result<f64, Error>;
}
