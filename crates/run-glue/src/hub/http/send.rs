//! Requests that bring something: JSON by POST, the bytes of a file by PUT.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use serde_json::Value;
use ureq::http::{HeaderMap, Response};
use ureq::{Body, SendBody};

use super::{Failure, Http, MAX_REDIRECTS, Origin, refusal, resolve};
use crate::hub::progress::Transfer;

/// No answer to what is sent here is longer; it bounds what a broken server can make us read.
const MAX_REPLY_BYTES: u64 = 16 << 20;

/// What came back, with a status below 300.
pub(in crate::hub) struct Reply {
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    pub(in crate::hub) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as `T`.
    pub(in crate::hub) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| Failure::Nonsense(error.to_string()))
    }
}

/// A part of a file.
#[derive(Clone, Copy)]
pub(in crate::hub) struct Part<'a> {
    pub(in crate::hub) file: &'a File,
    pub(in crate::hub) from: u64,
    pub(in crate::hub) length: u64,
}

impl Http {
    /// One try, with the token where `url` is the endpoint's.
    pub(in crate::hub) fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Result<Reply, Failure> {
        self.post_as(self.token.as_deref(), url, content_type, body)
    }

    /// One try, to an address that carries its own permission.
    pub(in crate::hub) fn post_signed(&self, url: &str, content_type: &str, body: &[u8]) -> Result<Reply, Failure> {
        self.post_as(None, url, content_type, body)
    }

    fn post_as(&self, token: Option<&str>, url: &str, content_type: &str, body: &[u8]) -> Result<Reply, Failure> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.agent.post(&url).header("Content-Type", content_type);
            if content_type.contains("git-lfs") {
                request = request.header("Accept", content_type);
            }
            if let Some(token) = token
                && Origin::of(&url).as_ref() == Some(&self.endpoint)
            {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            let response = request.send(body)?;
            // A repository that was moved: the same request goes to its new name.
            if !matches!(response.status().as_u16(), 307 | 308) {
                return reply(response);
            }
            let location = response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let next = resolve(&url, location);
            url = next.ok_or_else(|| Failure::Nonsense(format!("a redirect to \"{location}\"")))?;
        }
        Err(Failure::Nonsense(format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// One try, to an address that carries its own permission: no token.
    pub(in crate::hub) fn put(&self, url: &str, part: Part<'_>, transfer: &mut dyn Transfer) -> Result<Reply, Failure> {
        let mut file = part.file;
        let unreadable = |error: std::io::Error| Failure::Unreadable(error.to_string());
        file.seek(SeekFrom::Start(part.from)).map_err(unreadable)?;
        let mut reader = Counted { inner: file.take(part.length), transfer };
        let request = self.agent.put(url).header("Content-Length", part.length.to_string());
        reply(request.send(SendBody::from_reader(&mut reader))?)
    }
}

fn reply(response: Response<Body>) -> Result<Reply, Failure> {
    let status = response.status().as_u16();
    let (parts, body) = response.into_parts();
    let read = body.into_with_config().limit(MAX_REPLY_BYTES).read_to_vec();
    if status < 300 {
        return Ok(Reply { headers: parts.headers, body: read? });
    }
    let mut failure = refusal(status, &parts.headers);
    if let Failure::Status { message, body, .. } = &mut failure {
        let read = read.unwrap_or_default();
        let said = message.take().or_else(|| message_in(&read));
        *message = said.map(|text| text.chars().filter(|c| !c.is_control()).take(300).collect());
        *body = read;
    }
    Err(failure)
}

/// `{"error": "…"}` or `{"message": "…"}`, as the Hub and LFS servers have it.
fn message_in(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    ["error", "message"].iter().find_map(|key| Some(value.get(key)?.as_str()?.to_owned()))
}

/// Tells how far the reading is.
struct Counted<'a, R> {
    inner: R,
    transfer: &'a mut dyn Transfer,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.transfer.advance(count as u64);
        Ok(count)
    }
}
