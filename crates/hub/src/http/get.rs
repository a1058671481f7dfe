//! Requests for files: their headers, and their bytes from an offset on.

use ureq::http::{HeaderMap, Response};
use ureq::typestate::WithoutBody;
use ureq::{Body, RequestBuilder};

use super::client::{Http, MAX_REDIRECTS};
use super::error::{RequestError, refusal};
use super::origin::resolve;

/// What of a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileRequest {
    /// Its headers. A redirect that already tells what the file is, is the response.
    Headers,
    /// Its bytes without the first `from`.
    Bytes { from: u64 },
}

/// A response with a status below 400.
pub(crate) struct FileResponse {
    /// 200, 206, or for [`FileRequest::Headers`] also 3xx.
    pub(crate) status: u16,
    /// The headers of each hop, the last one last.
    hops: Vec<HeaderMap>,
    /// The bytes, which are still to be read.
    pub(crate) body: Body,
}

impl FileResponse {
    /// A header, of the last hop that has it.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.hops.iter().rev().find_map(|headers| headers.get(name)?.to_str().ok())
    }

    /// A header of the last hop only, for what is about its body.
    pub(crate) fn last_header(&self, name: &str) -> Option<&str> {
        self.hops.last()?.get(name)?.to_str().ok()
    }
}

impl Http {
    /// One try to get a file, with as many redirects as it takes.
    pub(crate) fn get(&self, request: FileRequest, url: &str) -> Result<FileResponse, RequestError> {
        self.follow(request, url, self.call(request, url)?)
    }

    /// One try to get the bytes that a request of hf-hub's to the endpoint is for, with as many redirects as it takes.
    pub(crate) fn get_prepared(&self, request: RequestBuilder<WithoutBody>) -> Result<FileResponse, RequestError> {
        let url = request.uri_ref().map(ToString::to_string).unwrap_or_default();
        self.follow(FileRequest::Bytes { from: 0 }, &url, self.call_prepared(request)?)
    }

    /// Goes on from the response to a first request, for `url`.
    fn follow(&self, request: FileRequest, url: &str, first: Response<Body>) -> Result<FileResponse, RequestError> {
        let mut url = url.to_owned();
        let mut response = first;
        let mut hops = Vec::new();
        loop {
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
            let is_headers = request == FileRequest::Headers;
            match location {
                Some(location) if (300..400).contains(&status) && !(is_headers && described) => {
                    if hops.len() > MAX_REDIRECTS {
                        return Err(RequestError::BadResponse(format!("more than {MAX_REDIRECTS} redirects")));
                    }
                    url = resolve(&url, &location)
                        .ok_or_else(|| RequestError::BadResponse(format!("a redirect to \"{location}\"")))?;
                    response = self.call(request, &url)?;
                }
                _ if status >= 300 && !is_headers => {
                    return Err(RequestError::BadResponse(format!("status {status} without a place to go on")));
                }
                _ => return Ok(FileResponse { status, hops, body }),
            }
        }
    }

    fn call(&self, request: FileRequest, url: &str) -> Result<Response<Body>, RequestError> {
        let mut builder = match request {
            FileRequest::Headers => self.agent.head(url),
            FileRequest::Bytes { .. } => self.agent.get(url),
        };
        if let FileRequest::Bytes { from: from @ 1.. } = request {
            builder = builder.header("Range", format!("bytes={from}-"));
        }
        if let Some(authorization) = self.authorization_for(url) {
            builder = builder.header("Authorization", authorization);
        }
        Ok(builder.call()?)
    }
}
