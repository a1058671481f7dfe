//! A file's bytes, from the Hub into its blob: resumed where they stop, checked, and only then given their name.

use std::io::Read;
use std::path::Path;

use super::cache::RepoCache;
use super::error::{HubError, Subject};
use super::http::Failure;
use super::partial::Partial;
use super::progress::{Transfer, Way};
use super::remote::{Facts, Remote};
use super::repo::RepoId;

/// A try that brought so much counts as progress: the tries before it are forgotten.
const PROGRESS_BYTES: u64 = 8 << 20;

/// A file that is wanted.
pub(super) struct Wanted<'a> {
    pub(super) repo: &'a RepoId,
    pub(super) commit: &'a str,
    pub(super) file: &'a str,
    pub(super) facts: &'a Facts,
    pub(super) subject: &'a Subject,
}

/// Why a try ended before the file did.
enum Stop {
    /// Another try may go on from here.
    Again(Failure),
    /// It may not.
    Never(HubError),
}

impl From<HubError> for Stop {
    fn from(error: HubError) -> Self {
        Self::Never(error)
    }
}

/// Makes sure that the blob is there and whole.
pub(super) fn download(remote: &Remote, cache: &RepoCache, wanted: &Wanted<'_>) -> Result<(), HubError> {
    let progress = &*remote.http.progress;
    let blob = cache.blob(&wanted.facts.etag);
    let _lock = cache.lock(&wanted.facts.etag, wanted.file, progress)?;
    // Another process may have brought it while we waited, or another commit has the same file.
    if is_whole(&blob, wanted.facts) {
        return Ok(());
    }
    let mut transfer = progress.start(Way::Down, wanted.file, wanted.facts.size);
    let mut first = true;
    loop {
        let mut partial = Partial::open(&blob, wanted.facts)?;
        transfer.advance(partial.len());
        fill(remote, wanted, &mut partial, transfer.as_mut())?;
        match partial.finish(&blob)? {
            Ok(()) => {
                transfer.finish();
                return Ok(());
            }
            Err(wrong) if first => {
                // What an earlier run left may be to blame, or a fault on the way: once more from the start.
                first = false;
                transfer.restart();
                progress.note(&format!(
                    "{}: its {} is {} and not {}; downloading it again",
                    wanted.file, wrong.what, wrong.got, wrong.expected
                ));
            }
            Err(wrong) => {
                return Err(HubError::Mismatch {
                    subject: Box::new(wanted.subject.clone()),
                    what: wrong.what,
                    expected: wrong.expected,
                    got: wrong.got,
                });
            }
        }
    }
}

fn is_whole(blob: &Path, facts: &Facts) -> bool {
    std::fs::metadata(blob).is_ok_and(|found| found.is_file() && facts.size.is_none_or(|size| size == found.len()))
}

/// Tries until all bytes are there.
fn fill(
    remote: &Remote,
    wanted: &Wanted<'_>,
    partial: &mut Partial,
    transfer: &mut dyn Transfer,
) -> Result<(), HubError> {
    let mut failures = 0;
    // An empty file needs no request, and neither does one of which only the renaming was missing.
    while wanted.facts.size != Some(partial.len()) {
        let before = partial.len();
        let failure = match attempt(remote, wanted, partial, transfer) {
            Ok(()) => return Ok(()),
            Err(Stop::Never(error)) => return Err(error),
            Err(Stop::Again(failure)) => failure,
        };
        if partial.len().saturating_sub(before) >= PROGRESS_BYTES {
            failures = 0;
        }
        failures += 1;
        if failures >= remote.http.retry.attempts {
            return Err(match failure {
                Failure::Status { .. } => remote.explain_file(failure, failures, wanted.subject),
                other => HubError::Cut {
                    subject: Box::new(wanted.subject.clone()),
                    got: partial.len(),
                    expected: wanted.facts.size,
                    tries: failures,
                    reason: other.words(),
                },
            });
        }
        remote.http.pause(wanted.file, failures, &failure);
    }
    Ok(())
}

/// One request. `Ok` when the server has sent all that it has.
fn attempt(
    remote: &Remote,
    wanted: &Wanted<'_>,
    partial: &mut Partial,
    transfer: &mut dyn Transfer,
) -> Result<(), Stop> {
    let answer = match remote.body(wanted.repo, wanted.commit, wanted.file, partial.len()) {
        Ok(answer) => answer,
        Err(failure) => return Err(refused(remote, wanted, partial, transfer, failure)?),
    };
    if partial.len() > 0
        && !continues(answer.status, answer.last_header("content-range"), partial.len(), wanted.facts.size)
    {
        partial.restart()?;
        transfer.restart();
        if answer.status != 200 {
            return Err(Stop::Again(Failure::Nonsense("the server sent another part of the file".to_owned())));
        }
    }
    let mut reader = answer.body.into_with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; 1 << 17];
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Again(Failure::Broken(error.to_string()))),
        };
        partial.append(&buffer[..read])?;
        transfer.advance(read as u64);
        if wanted.facts.size.is_some_and(|size| partial.len() > size) {
            // More than the whole: the check of the size will say so.
            return Ok(());
        }
    }
    if wanted.facts.size.is_some_and(|size| partial.len() < size) {
        return Err(Stop::Again(Failure::Broken("the server ended early".to_owned())));
    }
    Ok(())
}

/// A request that got no bytes.
fn refused(
    remote: &Remote,
    wanted: &Wanted<'_>,
    partial: &mut Partial,
    transfer: &mut dyn Transfer,
    failure: Failure,
) -> Result<Stop, HubError> {
    match failure {
        // Our part is no part of what the server has.
        Failure::Status { status: 416, .. } if partial.len() > 0 => {
            partial.restart()?;
            transfer.restart();
            Ok(Stop::Again(failure))
        }
        // The network was there a moment ago, when the file's headers came.
        Failure::NoConnection(_) => Ok(Stop::Again(failure)),
        failure if failure.is_passing() => Ok(Stop::Again(failure)),
        failure => Err(remote.explain_file(failure, 1, wanted.subject)),
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
