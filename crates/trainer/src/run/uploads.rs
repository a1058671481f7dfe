//! The upload of a run's folder, at its end or when an earlier start did not come to it.

use std::path::Path;

use super::hooks::{CheckpointListener, RunHooks};
use super::output::output_dir;
use super::output_lock::lock_output;
use crate::error::Error;
use crate::settings::Settings;
use crate::upload_mark;

/// Hands a folder over that is marked as not uploaded.
pub(super) fn upload(listener: Box<dyn CheckpointListener>, dir: &Path) -> Result<(), Error> {
    listener.finished(dir).inspect(|()| upload_mark::remove(dir))
}

/// Makes the upload of a run that is done, where it was killed or failed before.
///
/// # Errors
/// Those of the upload, and another run that has the folder.
pub fn upload_again(settings: &Settings, hooks: &RunHooks) -> Result<(), Error> {
    let Some(dir) = output_dir(settings).filter(|dir| upload_mark::is_marked(dir)) else { return Ok(()) };
    let _lock = lock_output(&dir)?;
    // Another process may have made it meanwhile.
    if !upload_mark::is_marked(&dir) {
        return Ok(());
    }
    log::info!("{}: the upload of an earlier start has not ended; it is made now", dir.display());
    (hooks.listener)(settings)?.map_or(Ok(()), |listener| upload(listener, &dir))
}
