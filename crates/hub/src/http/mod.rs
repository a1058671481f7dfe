//! Single requests: redirects followed by hand, so that the token goes to the endpoint and nowhere else, and their
//! repetition with waits in between.

mod client;
mod error;
mod get;
mod origin;
mod send;
mod watch;

pub(crate) use client::Http;
pub(crate) use error::RequestError;
pub(crate) use get::{FileRequest, FileResponse};
pub(crate) use send::FilePart;
