//! A training run that leaves nothing behind: no files, no evaluation, only its log.

use models::ops::EncoderOps;

use super::context::RunContext;
use super::hooks::RunHooks;
use super::prepare::prepare;
use super::training_setup::TrainingSetup;
use crate::error::Error;
use crate::settings::Settings;
use crate::source::TransferHooks;
use crate::training::Flow;
use records::metrics::Metrics;

/// Trains, and gives the rows of the log.
///
/// # Errors
/// Whatever is wrong with model or data.
pub fn history<B: EncoderOps>(settings: &Settings, device: &B::Device) -> Result<Vec<Metrics>, Error> {
    let prepared = prepare(settings, &TransferHooks::default())?;
    let Some(split) = &prepared.train else { return Err(Error::failure("there are no training rows")) };
    let hooks = RunHooks::default();
    let (context, model) = RunContext::load::<B>(settings, &prepared, &hooks, device, |_| ())?;
    let (_, log) = TrainingSetup::new(&context, split, model).train(|_| Ok(Flow::Continue))?;
    Ok(log.history)
}
