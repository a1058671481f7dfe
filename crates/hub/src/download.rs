//! A file's bytes, from the Hub into its blob: resumed where they stop, checked, and only then given their name.

use std::io::Read;
use std::path::Path;

use crate::blob::BlobInfo;
use crate::cache::RepoCache;
use crate::error::{HubError, Subject};
use crate::http::RequestError;
use crate::partial::PartialFile;
use crate::progress::{Direction, Transfer, escaped};
use crate::remote::Remote;
use crate::repo::RepoId;

/// A try that brought so much counts as progress: the tries before it are forgotten.
const PROGRESS_BYTES: u64 = 8 << 20;

/// More of a file is not taken where nobody says how long it is: it may have no end, and the disk has one.
const MOST_UNDECLARED: u64 = 64 << 20;

/// A file that is wanted, and what is known of it.
pub(crate) struct Download<'a> {
    pub(crate) repo: &'a RepoId,
    pub(crate) commit: &'a str,
    pub(crate) file: &'a str,
    pub(crate) info: &'a BlobInfo,
    pub(crate) subject: &'a Subject,
}

/// Why a try ended before the file did.
enum AttemptError {
    /// Another try may go on from here.
    Transient(RequestError),
    /// No other try would do better.
    Final(HubError),
}

impl From<HubError> for AttemptError {
    fn from(error: HubError) -> Self {
        Self::Final(error)
    }
}

/// Makes sure that the blob is there and whole.
pub(crate) fn download(remote: &Remote, cache: &RepoCache, wanted: &Download<'_>) -> Result<(), HubError> {
    let (progress, cancel) = (&*remote.http.progress, &remote.http.cancel);
    let blob = cache.blob(&wanted.info.etag);
    let Some(lock) = cache.lock(&wanted.info.etag, wanted.file, progress, cancel)? else {
        return Err(HubError::cancelled_download(wanted.subject));
    };
    // Another process may have brought it while we waited, or another commit has the same file.
    if is_whole(&blob, wanted.info) {
        return Ok(());
    }
    let mut transfer = progress.start(Direction::Download, wanted.file, wanted.info.size);
    let mut first = true;
    loop {
        let mut partial = PartialFile::open(&blob, wanted.info, lock.is_sure)?;
        transfer.advance(partial.len());
        fill(remote, wanted, &mut partial, transfer.as_mut())?;
        match partial.finish(&blob)? {
            Ok(()) => {
                transfer.finish();
                return Ok(());
            }
            Err(mismatch) if first => {
                // What an earlier run left may be to blame, or a fault on the way: once more from the start.
                first = false;
                transfer.restart();
                progress.note(&format!(
                    "{}: its {} is {} and not {}; downloading it again",
                    wanted.file, mismatch.what, mismatch.got, mismatch.expected
                ));
            }
            Err(mismatch) => {
                return Err(HubError::Mismatch {
                    subject: Box::new(wanted.subject.clone()),
                    what: mismatch.what,
                    expected: mismatch.expected,
                    got: mismatch.got,
                });
            }
        }
    }
}

fn is_whole(blob: &Path, info: &BlobInfo) -> bool {
    std::fs::metadata(blob).is_ok_and(|found| found.is_file() && info.size.is_none_or(|size| size == found.len()))
}

/// Tries until all bytes are there.
fn fill(
    remote: &Remote,
    wanted: &Download<'_>,
    partial: &mut PartialFile,
    transfer: &mut dyn Transfer,
) -> Result<(), HubError> {
    let mut failures = 0;
    // An empty file needs no request, and neither does one of which only the renaming was missing.
    while wanted.info.size != Some(partial.len()) {
        let before = partial.len();
        let error = match attempt(remote, wanted, partial, transfer) {
            Ok(()) => return Ok(()),
            Err(AttemptError::Final(error)) => return Err(error),
            Err(AttemptError::Transient(error)) => error,
        };
        if partial.len().saturating_sub(before) >= PROGRESS_BYTES {
            failures = 0;
        }
        failures += 1;
        if failures >= remote.http.retry.attempts {
            return Err(match error {
                RequestError::Status { .. } => remote.explain_file(error, failures, wanted.subject),
                other => HubError::Cut {
                    subject: Box::new(wanted.subject.clone()),
                    got: partial.len(),
                    expected: wanted.info.size,
                    tries: failures,
                    reason: escaped(&other.reason()),
                },
            });
        }
        remote.http.pause(wanted.file, failures, &error);
    }
    Ok(())
}

/// One request. `Ok` when the server has sent all that it has; an error also when the caller wants to stop.
fn attempt(
    remote: &Remote,
    wanted: &Download<'_>,
    partial: &mut PartialFile,
    transfer: &mut dyn Transfer,
) -> Result<(), AttemptError> {
    let check_cancel = || match remote.http.cancel.is_requested() {
        true => Err(HubError::cancelled_download(wanted.subject)),
        false => Ok(()),
    };
    check_cancel()?;
    let watch = remote.http.watch(wanted.file);
    let response = match remote.file_bytes(wanted.repo, wanted.commit, wanted.file, partial.len()) {
        Ok(response) => response,
        Err(error) => return Err(refused(remote, wanted, partial, transfer, error)?),
    };
    if partial.len() > 0
        && !continues(response.status, response.last_header("content-range"), partial.len(), wanted.info.size)
    {
        partial.restart()?;
        transfer.restart();
        if response.status != 200 {
            return Err(AttemptError::Transient(RequestError::BadResponse(
                "the server sent another part of the file".to_owned(),
            )));
        }
    }
    let declared = || Some(partial.len().saturating_add(response.body.content_length()?));
    let most = wanted.info.size.or_else(declared).unwrap_or(MOST_UNDECLARED);
    let mut reader = watch.reader(response.body.into_with_config().limit(u64::MAX).reader());
    let mut buffer = vec![0; 1 << 17];
    loop {
        check_cancel()?;
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(AttemptError::Transient(RequestError::Broken(error.to_string()))),
        };
        partial.append(&buffer[..read])?;
        transfer.advance(read as u64);
        if partial.len() > most {
            if wanted.info.size.is_some() {
                // More than the whole: the check of the size will say so.
                return Ok(());
            }
            partial.remove()?;
            let what = format!("more than {} MiB, and not how long the file is", MOST_UNDECLARED >> 20);
            return Err(remote.explain_file(RequestError::BadResponse(what), 1, wanted.subject).into());
        }
    }
    if wanted.info.size.is_some_and(|size| partial.len() < size) {
        return Err(AttemptError::Transient(RequestError::Broken("the server ended early".to_owned())));
    }
    Ok(())
}

/// What a request that got no bytes means for the tries to come.
fn refused(
    remote: &Remote,
    wanted: &Download<'_>,
    partial: &mut PartialFile,
    transfer: &mut dyn Transfer,
    error: RequestError,
) -> Result<AttemptError, HubError> {
    match error {
        // Our part is no part of what the server has.
        RequestError::Status { status: 416, .. } if partial.len() > 0 => {
            partial.restart()?;
            transfer.restart();
            Ok(AttemptError::Transient(error))
        }
        // The network was there a moment ago, when the file's headers came.
        RequestError::NoConnection(_) => Ok(AttemptError::Transient(error)),
        error if error.is_transient() => Ok(AttemptError::Transient(error)),
        error => Err(remote.explain_file(error, 1, wanted.subject)),
    }
}

/// Whether an answer goes on at byte `from` of a file of the right size.
fn continues(status: u16, content_range: Option<&str>, from: u64, size: Option<u64>) -> bool {
    let range = content_range.and_then(|range| range.strip_prefix("bytes "));
    let Some((span, total)) = range.and_then(|range| range.split_once('/')) else { return false };
    let start = span.split_once('-').and_then(|(start, _)| start.trim().parse::<u64>().ok());
    let fits = total.trim() == "*" || size.is_none() || total.trim().parse().ok() == size;
    status == 206 && start == Some(from) && fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_asked_for_part_of_the_right_file_is_appended() {
        let fits = |status, range| continues(status, range, 5, Some(9));
        assert!(fits(206, Some("bytes 5-8/9")) && fits(206, Some("bytes 5-8/*")));
        assert!(continues(206, Some("bytes 5-8/9"), 5, None));
        for range in [None, Some("bytes 4-8/9"), Some("bytes 5-9/10"), Some("bytes */9"), Some("5-8/9"), Some("")] {
            assert!(!fits(206, range), "{range:?}");
        }
        assert!(!fits(200, Some("bytes 5-8/9")));
    }
}
