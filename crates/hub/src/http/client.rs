//! The client that all requests go through.

use std::sync::Arc;
use std::time::Duration;

use ureq::http::Response;
use ureq::typestate::WithoutBody;
use ureq::{Agent, Body, RequestBuilder};

use super::error::RequestError;
use super::origin::Origin;
use super::watch::Watch;
use crate::cancel::Cancel;
use crate::config::HubConfig;
use crate::progress::{Escaped, Progress};
use crate::retry::RetryPolicy;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection on which nothing comes, or nothing is taken, for so long has been cut.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
pub(super) const MAX_REDIRECTS: usize = 8;

/// What all requests share: those of our own client, and the one that hf-hub prepares. A macro because the trait that both
/// kinds of builder implement is private to ureq.
macro_rules! configure {
    ($builder:expr, is_local: $is_local:expr) => {{
        let builder = $builder
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(LONGEST_SILENCE))
            .timeout_per_read(Some(LONGEST_SILENCE))
            .timeout_per_write(Some(LONGEST_SILENCE))
            // A compressed body would have another size and other bytes than the file.
            .accept_encoding("identity");
        // Of this machine a proxy knows nothing.
        if $is_local { builder.proxy(None) } else { builder }
    }};
}

/// The connections to one Hub, with what its caller handed in.
pub(crate) struct Http {
    pub(super) agent: Agent,
    endpoint: Origin,
    /// The endpoint is this machine.
    is_local: bool,
    token: Option<String>,
    pub(crate) retry: RetryPolicy,
    pub(crate) progress: Arc<dyn Progress>,
    pub(crate) cancel: Cancel,
}

impl Http {
    /// `config` has been checked.
    pub(crate) fn new(config: &HubConfig, progress: Arc<dyn Progress>, cancel: Cancel) -> Self {
        let endpoint = Origin::of(&config.endpoint).unwrap_or_default();
        let is_local = endpoint.is_this_machine();
        let agent = configure!(Agent::config_builder(), is_local: is_local)
            .user_agent(concat!("run-glue/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let (token, retry) = (config.token.clone(), config.retry.clone());
        Self { agent, endpoint, is_local, token, retry, progress: Arc::new(Escaped(progress)), cancel }
    }

    /// Sends to the endpoint what hf-hub prepared, token and all.
    pub(super) fn call_prepared(&self, request: RequestBuilder<WithoutBody>) -> Result<Response<Body>, RequestError> {
        Ok(configure!(request.config(), is_local: self.is_local).build().call()?)
    }

    /// The header that shows the token to the endpoint; `None` for any other address.
    pub(super) fn authorization_for(&self, url: &str) -> Option<String> {
        let token = self.token.as_ref().filter(|_| Origin::of(url).as_ref() == Some(&self.endpoint))?;
        Some(format!("Bearer {token}"))
    }

    /// Tries until it works, fails for good, has been tried often enough, or the caller wants to stop. An error comes with
    /// the number of tries. `what` is for notes.
    pub(crate) fn retrying<T>(
        &self,
        what: &str,
        mut attempt: impl FnMut(&Watch) -> Result<T, RequestError>,
    ) -> Result<T, (RequestError, u32)> {
        let mut failures = 0;
        while !self.cancel.is_requested() {
            let error = match attempt(&self.watch(what)) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            failures += 1;
            if self.cancel.is_requested() {
                // The error may well be that the caller's wish ended the request.
                break;
            }
            if !error.is_transient() || failures >= self.retry.attempts {
                return Err((error, failures));
            }
            self.pause(what, failures, &error);
        }
        Err((RequestError::Cancelled, failures))
    }

    /// As long as it lives, it notes where a request about `what` stands still.
    pub(crate) fn watch(&self, what: &str) -> Watch {
        Watch::start(Arc::clone(&self.progress), what, self.retry.say_silence_after, LONGEST_SILENCE)
    }

    /// Waits after a failure, and says so where it takes long enough to be wondered at.
    pub(crate) fn pause(&self, what: &str, failures: u32, error: &RequestError) {
        let wait = self.retry.wait(failures, error.retry_after());
        if wait >= Duration::from_secs(2) {
            self.progress.note(&format!("{what}: {}; trying again in {} s", error.reason(), wait.as_secs()));
        }
        (self.retry.sleep)(wait, &self.cancel);
    }
}
