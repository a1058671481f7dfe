//! Requests that bring something: JSON by POST, the bytes of a file by PUT.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use serde_json::Value;
use ureq::http::{HeaderMap, Response};
use ureq::{Body, SendBody};

use super::client::{Http, MAX_REDIRECTS};
use super::error::{RequestError, refusal};
use super::origin::resolve;
use super::watch::Watch;
use crate::cancel::Cancel;
use crate::progress::Transfer;

/// No answer to what is sent here is longer; it bounds what a broken server can make us read.
const MAX_REPLY_BYTES: u64 = 16 << 20;

/// What came back for something that was sent, with a status below 300.
pub(crate) struct SendResponse {
    headers: HeaderMap,
    body: Vec<u8>,
}

impl SendResponse {
    /// A header, where its value is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, read as the JSON of a `T`.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, RequestError> {
        serde_json::from_slice(&self.body).map_err(|error| RequestError::BadResponse(error.to_string()))
    }
}

/// A part of a file: `length` bytes after the first `from`.
#[derive(Clone, Copy)]
pub(crate) struct FilePart<'a> {
    pub(crate) file: &'a File,
    pub(crate) from: u64,
    pub(crate) length: u64,
}

impl Http {
    /// One try, with the token where `url` is the endpoint's.
    pub(crate) fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Result<SendResponse, RequestError> {
        self.post_as(true, url, content_type, body)
    }

    /// One try, to an address that carries its own permission.
    pub(crate) fn post_signed(&self, url: &str, content_type: &str, body: &[u8]) -> Result<SendResponse, RequestError> {
        self.post_as(false, url, content_type, body)
    }

    fn post_as(
        &self,
        with_token: bool,
        url: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<SendResponse, RequestError> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.agent.post(&url).header("Content-Type", content_type);
            if content_type.contains("git-lfs") {
                request = request.header("Accept", content_type);
            }
            if with_token && let Some(authorization) = self.authorization_for(&url) {
                request = request.header("Authorization", authorization);
            }
            let response = request.send(body)?;
            // A repository that was moved: the same request goes to its new name.
            if !matches!(response.status().as_u16(), 307 | 308) {
                return read_response(response);
            }
            let location = response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let next = resolve(&url, location);
            url = next.ok_or_else(|| RequestError::BadResponse(format!("a redirect to \"{location}\"")))?;
        }
        Err(RequestError::BadResponse(format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// One try, to an address that carries its own permission: no token.
    pub(crate) fn put(
        &self,
        url: &str,
        part: FilePart<'_>,
        transfer: &mut dyn Transfer,
        watch: &Watch,
    ) -> Result<SendResponse, RequestError> {
        let mut file = part.file;
        let unreadable = |error: std::io::Error| RequestError::Unreadable(error.to_string());
        file.seek(SeekFrom::Start(part.from)).map_err(unreadable)?;
        let inner = watch.reader(file.take(part.length));
        let mut reader = WatchedReader { inner, transfer, cancel: &self.cancel };
        let request = self.agent.put(url).header("Content-Length", part.length.to_string());
        read_response(request.send(SendBody::from_reader(&mut reader))?)
    }
}

fn read_response(response: Response<Body>) -> Result<SendResponse, RequestError> {
    let status = response.status().as_u16();
    let (parts, body) = response.into_parts();
    let read = body.into_with_config().limit(MAX_REPLY_BYTES).read_to_vec();
    if status < 300 {
        return Ok(SendResponse { headers: parts.headers, body: read? });
    }
    let mut error = refusal(status, &parts.headers);
    if let RequestError::Status { message, body, .. } = &mut error {
        let read = read.unwrap_or_default();
        *message = message.take().or_else(|| message_in(&read));
        *body = read;
    }
    Err(error)
}

/// `{"error": "…"}` or `{"message": "…"}`, as the Hub and LFS servers have it.
fn message_in(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    ["error", "message"].iter().find_map(|key| Some(value.get(key)?.as_str()?.to_owned()))
}

/// Tells how far the reading is, and ends it with an error where the caller wants to stop.
struct WatchedReader<'a, R> {
    inner: R,
    transfer: &'a mut dyn Transfer,
    cancel: &'a Cancel,
}

impl<R: Read> Read for WatchedReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.cancel.is_requested() {
            return Err(std::io::Error::other("stopped on request"));
        }
        let count = self.inner.read(buffer)?;
        self.transfer.advance(count as u64);
        Ok(count)
    }
}
