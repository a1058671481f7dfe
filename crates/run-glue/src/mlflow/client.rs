//! One request to the server.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body, SendBody};

use super::environment::Environment;
use records::shown;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Of a request of a few kilobytes; a server over a database that is busy takes seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// A connection that takes nothing for so long has been cut.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);
/// No answer to what is asked here is longer.
const MAX_REPLY_BYTES: u64 = 64 << 20;
/// Of a refusal's words, which may be a page of HTML.
const MAX_SHOWN: usize = 300;

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// Nobody is there.
    Absent(String),
    /// The same call may succeed a little later.
    Passing(String),
    /// The server does not want it.
    Refused { status: u16, code: String, message: String },
}

impl CallError {
    /// What went wrong, as part of a sentence.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Absent(why) | Self::Passing(why) => why.clone(),
            Self::Refused { status, message, .. } if message.is_empty() => format!("it answers with status {status}"),
            Self::Refused { status, message, .. } => format!("it answers with status {status}: {message}"),
        }
    }

    /// Whether trying again is of no use.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether what was asked for is not there.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "RESOURCE_DOES_NOT_EXIST")
    }

    /// Whether what was to be made is there.
    pub(super) fn is_there(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "RESOURCE_ALREADY_EXISTS")
    }
}

/// The connections to a server.
pub(super) struct Client {
    agent: Agent,
    uri: String,
    authorization: Option<String>,
}

impl Client {
    pub(super) fn new(environment: &Environment) -> Self {
        let host = environment.uri.split_once("://").map_or("", |(_, rest)| rest);
        let is_local = ["localhost", "127.", "[::1]"].iter().any(|start| host.to_ascii_lowercase().starts_with(start));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A token is for one address, and a redirect turns a POST into a GET.
            .max_redirects(0)
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .timeout_per_read(Some(ANSWER_TIMEOUT))
            .timeout_per_write(Some(LONGEST_SILENCE))
            .user_agent(concat!("run-glue/", env!("CARGO_PKG_VERSION")));
        // Of this machine a proxy knows nothing.
        let config = if is_local { config.proxy(None) } else { config };
        let (uri, authorization) = (environment.uri.clone(), environment.authorization.clone());
        Self { agent: config.build().new_agent(), uri, authorization }
    }

    /// The server's address.
    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// What the server says of `path` and what follows it.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, CallError> {
        let mut request = self.agent.get(format!("{}/api/2.0/{path}", self.uri));
        for (name, value) in query {
            request = request.query(name, value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        json(request.call())
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        let url = format!("{}/api/2.0/{path}", self.uri);
        let mut request = self.agent.post(url).header("Content-Type", "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        json(request.send(body.to_string().as_bytes()))
    }

    /// Sends a file, of which `length` bytes are still to be read.
    pub(super) fn put(&self, path: &str, file: &mut dyn Read, length: u64) -> Result<(), CallError> {
        let url = format!("{}/api/2.0/{path}", self.uri);
        let mut request = self.agent.put(url).header("Content-Length", length.to_string());
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let mut reader = file.take(length);
        json(request.send(SendBody::from_reader(&mut reader))).map(drop)
    }
}

/// The length of what is left of a file that was opened.
pub(super) fn length(file: &File) -> std::io::Result<u64> {
    Ok(file.metadata()?.len())
}

fn json(response: Result<Response<Body>, ureq::Error>) -> Result<Value, CallError> {
    let response = response.map_err(unanswered)?;
    let status = response.status().as_u16();
    let leads_to = response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = response.into_body().into_with_config().limit(MAX_REPLY_BYTES).read_to_vec().map_err(unanswered)?;
    let value = serde_json::from_slice::<Value>(&body);
    match status {
        200..=299 if body.is_empty() => Ok(Value::Null),
        200..=299 => value.map_err(|_| CallError::Refused {
            status,
            code: String::new(),
            message: "what it says is no JSON, as an MLflow server's answers are".to_owned(),
        }),
        408 | 429 | 500..=599 => Err(CallError::Passing(format!("it answers with status {status}"))),
        _ => {
            let text = |name: &str| value.as_ref().ok()?.get(name)?.as_str().map(str::to_owned);
            let words = text("message").or(leads_to.map(|place| format!("a redirect to {place}")));
            let words = words.unwrap_or_default().chars().take(MAX_SHOWN).collect::<String>();
            Err(CallError::Refused {
                status,
                code: text("error_code").unwrap_or_default(),
                message: shown(&words).to_string(),
            })
        }
    }
}

fn unanswered(error: ureq::Error) -> CallError {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    let words = error.to_string();
    let is_passing = match &error {
        ureq::Error::Timeout(kind) => !matches!(kind, ureq::Timeout::Connect | ureq::Timeout::Resolve),
        ureq::Error::Io(io) => matches!(io.kind(), ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof),
        ureq::Error::BodyStalled | ureq::Error::Protocol(_) => true,
        _ => false,
    };
    if is_passing { CallError::Passing(words) } else { CallError::Absent(words) }
}
