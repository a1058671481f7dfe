//! Why a request brought nothing, as the connection or the server has it.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::http::HeaderMap;

/// Why a request has no response with a status below 400.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// Nobody answered.
    NoConnection(String),
    /// Somebody answered, and then the connection broke or fell silent.
    Broken(String),
    /// What came is not HTTP, not what was asked for, or leads nowhere.
    BadResponse(String),
    /// A file that was to be sent cannot be read.
    Unreadable(String),
    /// The caller wants to stop.
    Cancelled,
    /// The server refused.
    Status {
        /// 300 or above.
        status: u16,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
        /// The Hub's own word for what is wrong, such as `RepoNotFound`.
        code: Option<String>,
        /// What it says about it, for people.
        message: Option<String>,
        /// What it answered to something that was sent.
        body: Vec<u8>,
    },
}

impl RequestError {
    /// Whether the same request may well succeed a little later.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Broken(_) => true,
            Self::NoConnection(_) | Self::BadResponse(_) | Self::Unreadable(_) | Self::Cancelled => false,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..=599),
        }
    }

    /// How long the server asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What went wrong, as part of a sentence.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::NoConnection(why) | Self::Broken(why) | Self::BadResponse(why) | Self::Unreadable(why) => why.clone(),
            Self::Cancelled => "stopped on request".to_owned(),
            Self::Status { status: 429, .. } => "the server says: too many requests (429)".to_owned(),
            Self::Status { status, .. } => format!("the server answered with status {status}"),
        }
    }
}

impl From<ureq::Error> for RequestError {
    fn from(error: ureq::Error) -> Self {
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
                ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::NetworkDown
                | ErrorKind::AddrNotAvailable
                | ErrorKind::PermissionDenied
                // rustls reports certificates that it does not trust so.
                | ErrorKind::InvalidData => Self::NoConnection(words),
                _ => Self::Broken(words),
            },
            ureq::Error::Timeout(_) | ureq::Error::BodyStalled => Self::Broken(words),
            ureq::Error::Protocol(_) | ureq::Error::BadUri(_) | ureq::Error::Http(_) => Self::BadResponse(words),
            // TLS errors of several kinds that are behind features of ureq, and those still to come.
            _ => Self::NoConnection(words),
        }
    }
}

/// What a status of 300 or above says, with the words of its headers.
pub(super) fn refusal(status: u16, headers: &HeaderMap) -> RequestError {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    RequestError::Status {
        status,
        retry_after: text("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
        code: text("x-error-code").map(str::to_owned),
        message: text("x-error-message").map(str::to_owned),
        body: Vec::new(),
    }
}
