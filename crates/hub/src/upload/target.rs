//! Where an upload goes, and what its failures mean.

use crate::error::HubError;
use crate::http::{Http, RequestError};
use crate::progress::escaped;
use crate::repo::RepoId;
use crate::session::Session;

pub(super) const JSON: &str = "application/json";
/// What a server says about an error is cut behind so many characters.
const MOST_WORDS: usize = 300;

/// A branch of a repository that something is sent to.
pub(super) struct UploadTarget<'a> {
    pub(super) session: &'a Session,
    pub(super) repo: &'a RepoId,
    pub(super) revision: &'a str,
}

impl UploadTarget<'_> {
    pub(super) fn http(&self) -> &Http {
        &self.session.remote.http
    }

    /// The address of what the API does with the branch, such as `commit`.
    pub(super) fn api_url(&self, topic: &str) -> String {
        self.repo.api_url(&self.session.config.endpoint, topic, self.revision)
    }

    /// Refuses what must fail, before any request.
    pub(super) fn check(&self) -> Result<(), HubError> {
        let config = &self.session.config;
        let refuse = |reason: String| {
            Err(HubError::Upload { repo: self.repo.to_string(), doing: "upload", reason, is_usage: true })
        };
        if let Some(because) = &config.offline {
            return refuse(format!("the network may not be used because of {because}"));
        }
        if config.token.is_none() {
            return refuse("there is no token; set HF_TOKEN, or give --token, to one that may write".to_owned());
        }
        Ok(())
    }

    /// Posts until it works, and reads the answer as JSON. `what` is for notes.
    pub(super) fn post<T>(
        &self,
        what: &str,
        url: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<T, (RequestError, u32)>
    where
        T: serde::de::DeserializeOwned,
    {
        let what = format!("{}: {what}", self.repo);
        self.http().retrying(&what, |_| self.http().post(url, content_type, body).and_then(|response| response.json()))
    }

    /// An error in words for a person. `doing` is what could not be done: "commit the files".
    pub(super) fn error(&self, doing: &'static str, error: RequestError, tries: u32) -> HubError {
        let endpoint = &self.session.config.endpoint;
        let (reason, is_usage) = match error {
            RequestError::Cancelled => {
                let consequence = "the upload is not complete";
                return HubError::Cancelled { what: self.repo.to_string(), consequence };
            }
            RequestError::Unreadable(why) => (why, true),
            RequestError::NoConnection(why) => (format!("{endpoint} cannot be reached: {why}"), false),
            RequestError::Broken(why) => (format!("{endpoint}: {tries} tries, the last one ended with: {why}"), false),
            RequestError::BadResponse(why) => (format!("{endpoint} gave an answer that cannot be used: {why}"), false),
            RequestError::Status { status, message, code, .. } => {
                let words = message.or(code).map_or_else(String::new, |words| {
                    format!(", \"{}\"", words.chars().take(MOST_WORDS).collect::<String>())
                });
                match status {
                    401 | 403 => (
                        format!(
                            "{endpoint} denies it (status {status}{words}); give a token that may write there with --token or \
                             HF_TOKEN"
                        ),
                        true,
                    ),
                    404 => (
                        format!(
                            "{endpoint} knows no such repository or branch, {} at {} (status 404{words})",
                            self.repo.id(),
                            self.revision
                        ),
                        true,
                    ),
                    408 | 429 | 500..=599 => {
                        (format!("{endpoint} still answers {status} after {tries} tries; try again later"), false)
                    }
                    _ => (format!("{endpoint} refuses it (status {status}{words})"), true),
                }
            }
        };
        HubError::Upload { repo: self.repo.to_string(), doing, reason: escaped(&reason), is_usage }
    }
}
