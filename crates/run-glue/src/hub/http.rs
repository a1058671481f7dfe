//! Requests: redirects followed by hand, so that the token goes to the endpoint and nowhere else; retries with waits.

mod send;

use std::sync::Arc;
use std::time::Duration;

pub(super) use send::{Part, Reply};
use ureq::http::{HeaderMap, Response, Uri};
use ureq::{Agent, Body};

use super::config::HubConfig;
use super::progress::Progress;
use super::retry::RetryPolicy;

pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
pub(super) const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// A body that brings nothing for so long has been cut.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_REDIRECTS: usize = 8;

/// What every request shares: those of our own client, and those that the hf-hub crate prepares. (A macro because the
/// trait that both kinds of builder implement is private to ureq.)
macro_rules! configure {
    ($builder:expr, direct: $direct:expr) => {{
        let builder = $builder
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_resolve(Some($crate::hub::http::CONNECT_TIMEOUT))
            .timeout_connect(Some($crate::hub::http::CONNECT_TIMEOUT))
            .timeout_recv_response(Some($crate::hub::http::HEADER_TIMEOUT))
            .timeout_per_read(Some($crate::hub::http::READ_TIMEOUT));
        if $direct { builder.proxy(None) } else { builder }
    }};
}
pub(super) use configure;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// The headers of a file. A redirect that already tells what the file is, is the answer.
    Head,
    /// The bytes of a file, from an offset on.
    Body { from: u64 },
}

/// An answer with a status below 400.
pub(super) struct Answer {
    /// 200, 206, or for [`Ask::Head`] also 3xx.
    pub(super) status: u16,
    /// The headers of each hop, the last one last.
    hops: Vec<HeaderMap>,
    /// The bytes.
    pub(super) body: Body,
}

impl Answer {
    /// A header, of the last hop that has it.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.hops.iter().rev().find_map(|headers| headers.get(name)?.to_str().ok())
    }

    /// A header of the last hop only, for what is about its body.
    pub(super) fn last_header(&self, name: &str) -> Option<&str> {
        self.hops.last()?.get(name)?.to_str().ok()
    }
}

/// Why there is no [`Answer`].
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody answered.
    NoConnection(String),
    /// Somebody answered, and then the connection broke or fell silent.
    Broken(String),
    /// What came is not HTTP, or leads nowhere.
    Nonsense(String),
    /// A file that was to be sent cannot be read.
    Unreadable(String),
    /// The server refused.
    Status {
        status: u16,
        retry_after: Option<Duration>,
        code: Option<String>,
        /// Its words.
        message: Option<String>,
        /// What it answered to something that was sent.
        body: Vec<u8>,
    },
}

impl Failure {
    /// Whether the same request may well succeed a little later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Broken(_) => true,
            Self::NoConnection(_) | Self::Nonsense(_) | Self::Unreadable(_) => false,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..=599),
        }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// For "waiting because of …".
    pub(super) fn words(&self) -> String {
        match self {
            Self::NoConnection(why) | Self::Broken(why) | Self::Nonsense(why) | Self::Unreadable(why) => why.clone(),
            Self::Status { status: 429, .. } => "the server says: too many requests (429)".to_owned(),
            Self::Status { status, .. } => format!("the server answered with status {status}"),
        }
    }
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let words = error.to_string();
        match error {
            ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::ConnectProxyFailed(_)
            | ureq::Error::InvalidProxyUrl
            | ureq::Error::Tls(_)
            | ureq::Error::TlsRequired
            | ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => Self::NoConnection(words),
            ureq::Error::Io(ref io) => match io.kind() {
                Kind::ConnectionRefused
                | Kind::HostUnreachable
                | Kind::NetworkUnreachable
                | Kind::NetworkDown
                | Kind::AddrNotAvailable
                | Kind::PermissionDenied
                // rustls reports certificates that it does not trust so.
                | Kind::InvalidData => Self::NoConnection(words),
                _ => Self::Broken(words),
            },
            ureq::Error::Timeout(_) | ureq::Error::BodyStalled => Self::Broken(words),
            ureq::Error::Protocol(_) | ureq::Error::BadUri(_) | ureq::Error::Http(_) => Self::Nonsense(words),
            // TLS errors of several kinds that are behind features of ureq, and those still to come.
            _ => Self::NoConnection(words),
        }
    }
}

/// The client.
pub(super) struct Http {
    agent: Agent,
    endpoint: Origin,
    /// The endpoint is this machine, of which a proxy knows nothing.
    pub(super) is_local: bool,
    token: Option<String>,
    pub(super) retry: RetryPolicy,
    pub(super) progress: Arc<dyn Progress>,
}

impl Http {
    /// `config` has been checked.
    pub(super) fn new(config: &HubConfig, progress: Arc<dyn Progress>) -> Self {
        let endpoint = Origin::of(&config.endpoint).unwrap_or_default();
        let is_local = endpoint.is_this_machine();
        let agent = configure!(Agent::config_builder(), direct: is_local)
            .user_agent(concat!("run-glue/", env!("CARGO_PKG_VERSION")))
            // A compressed body would have another size and other bytes than the file.
            .accept_encoding("identity")
            .build()
            .new_agent();
        Self { agent, endpoint, is_local, token: config.token.clone(), retry: config.retry.clone(), progress }
    }

    /// Asks for a file, and follows redirects.
    pub(super) fn send(&self, ask: Ask, url: &str) -> Result<Answer, Failure> {
        let first = self.call(ask, url)?;
        self.follow(ask, url, first)
    }

    fn call(&self, ask: Ask, url: &str) -> Result<Response<Body>, Failure> {
        let mut request = match ask {
            Ask::Head => self.agent.head(url),
            Ask::Body { .. } => self.agent.get(url),
        };
        if let Ask::Body { from: from @ 1.. } = ask {
            request = request.header("Range", format!("bytes={from}-"));
        }
        if let Some(token) = &self.token
            && Origin::of(url).as_ref() == Some(&self.endpoint)
        {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        Ok(request.call()?)
    }

    /// Goes on from the answer to a request for `url`, which another client may have sent.
    pub(super) fn follow(&self, ask: Ask, url: &str, first: Response<Body>) -> Result<Answer, Failure> {
        let mut url = url.to_owned();
        let mut response = first;
        let mut hops = Vec::new();
        for _ in 0..=MAX_REDIRECTS {
            let status = response.status().as_u16();
            let (parts, body) = response.into_parts();
            let headers = parts.headers;
            let location = headers.get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
            let relative = location.as_deref().is_some_and(|location| !location.contains("://"));
            // The Hub describes a large file in the very answer that sends us to where its bytes are.
            let described = !relative && ["x-linked-etag", "etag"].iter().any(|name| headers.contains_key(*name));
            if status >= 400 {
                return Err(refusal(status, &headers));
            }
            hops.push(headers);
            match location {
                Some(location) if (300..400).contains(&status) && !(ask == Ask::Head && described) => {
                    url = resolve(&url, &location)
                        .ok_or_else(|| Failure::Nonsense(format!("a redirect to \"{location}\"")))?;
                    response = self.call(ask, &url)?;
                }
                _ if status >= 300 && ask != Ask::Head => {
                    return Err(Failure::Nonsense(format!("status {status} without a place to go on")));
                }
                _ => return Ok(Answer { status, hops, body }),
            }
        }
        Err(Failure::Nonsense(format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// Tries until it works, fails for good, or has been tried often enough. Says how often it was tried.
    pub(super) fn retrying<T>(
        &self,
        what: &str,
        mut attempt: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, (Failure, u32)> {
        let mut failures = 0;
        loop {
            let failure = match attempt() {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            failures += 1;
            if !failure.is_passing() || failures >= self.retry.attempts {
                return Err((failure, failures));
            }
            self.pause(what, failures, &failure);
        }
    }

    /// Waits after a failure, and says so where it takes long enough to be wondered at.
    pub(super) fn pause(&self, what: &str, failures: u32, failure: &Failure) {
        let wait = self.retry.wait(failures, failure.retry_after());
        if wait >= Duration::from_secs(2) {
            self.progress.note(&format!("{what}: {}; trying again in {} s", failure.words(), wait.as_secs()));
        }
        (self.retry.sleep)(wait);
    }
}

fn refusal(status: u16, headers: &HeaderMap) -> Failure {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    Failure::Status {
        status,
        retry_after: text("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
        code: text("x-error-code").map(str::to_owned),
        message: text("x-error-message").map(str::to_owned),
        body: Vec::new(),
    }
}

/// Scheme, host and port: what a token is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        Some(Self { host: uri.host()?.to_ascii_lowercase(), scheme, port })
    }

    fn is_this_machine(&self) -> bool {
        self.host == "localhost" || self.host == "[::1]" || self.host.starts_with("127.")
    }
}

/// Where a `Location` leads.
fn resolve(base: &str, location: &str) -> Option<String> {
    let base: Uri = base.parse().ok()?;
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    let url = if location.contains("://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    // A redirect must not lead from https to an address that anybody on the way can answer for.
    let downgrade = scheme == "https" && Origin::of(&url)?.scheme != "https";
    (!downgrade).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects() {
        let base = "https://hub:1/a/b?x=1";
        let cases = [
            ("/c?y", Some("https://hub:1/c?y")),
            ("c", Some("https://hub:1/a/c")),
            ("//cdn/c", Some("https://cdn/c")),
            ("https://cdn/c", Some("https://cdn/c")),
            ("http://cdn/c", None),
        ];
        for (location, expected) in cases {
            assert_eq!(resolve(base, location).as_deref(), expected, "{location}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(Origin::of("https://Hub/a"), Origin::of("HTTPS://hub:443/b"));
        for other in ["http://hub", "https://hub:1", "https://hub.evil", "https://evil/hub"] {
            assert_ne!(Origin::of("https://hub"), Origin::of(other), "{other}");
        }
    }
}
