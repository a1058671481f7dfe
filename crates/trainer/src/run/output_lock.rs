//! While a run goes on, its output folder is that run's: another one would write over its checkpoints, or take them for its own.

use std::path::Path;
use std::process;
use std::time::SystemTime;

use crate::error::Error;
use crate::file_lock::{FileLock, LockError, Taken};
use crate::machine::host::host_name;
use records::atomic;
use records::utc::rfc3339;

/// The file's name in the output folder; hidden, so that it is no part of what is uploaded.
pub(super) const FILE_NAME: &str = ".run-glue.lock";

/// Takes the folder for this process until the lock is dropped, which removes its file; the folder is made where it is not
/// there. `None`: the file system locks no files, which is said.
///
/// # Errors
/// When another run has the folder, or the file cannot be written.
pub(super) fn lock_output(dir: &Path) -> Result<Option<FileLock>, Error> {
    match FileLock::take(&dir.join(FILE_NAME)) {
        Ok(Taken::Mine(mut lock)) => {
            let now = rfc3339(SystemTime::now());
            // It only helps those who want the folder too.
            let _ = lock.write(&format!("process {} on {}, since {now}", process::id(), host_name()));
            Ok(Some(lock))
        }
        Ok(Taken::Others(holder)) => {
            let holder = if holder.is_empty() { String::new() } else { format!(" ({holder})") };
            Err(Error::usage(format!(
                "--output_dir {}: another run writes into it{holder}; wait for its end, or give another --output_dir",
                dir.display()
            )))
        }
        Err(LockError::Write(error)) => Err(Error::usage(format!(
            "--output_dir {} cannot be written to: {}",
            dir.display(),
            atomic::reason(&error)
        ))),
        Err(LockError::NoLocks(error)) => {
            log::warn!(
                "--output_dir {}: its file system locks no files ({error}), so nothing keeps another run from writing into it",
                dir.display()
            );
            Ok(None)
        }
    }
}
