//! HTTP/1.1, one request for each connection.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;

/// A request that was made.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Percent-decoded, without the query.
    pub(crate) path: String,
    /// As sent.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// Whether the CDN's port was asked.
    pub(crate) cdn: bool,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Where the asked-for bytes begin.
    pub(crate) fn range_start(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.split_once('-')?.0.parse().ok()
    }
}

pub(crate) fn read_request(stream: &mut TcpStream, cdn: bool) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = reader.by_ref().lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = decode(target.split('?').next()?);
    Some(Request { method, path, target, headers, body, cdn })
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap()
}

/// A body of so many MiB of spaces that ends with the connection, as nothing says how long it is.
pub(crate) fn write_without_length(stream: &mut TcpStream, headers: &[(&str, String)], mebibytes: usize) -> Result<()> {
    write_head(stream, 200, headers, "")?;
    let mebibyte = vec![b' '; 1 << 20];
    (0..mebibytes).try_for_each(|_| stream.write_all(&mebibyte))
}

fn write_head(stream: &mut TcpStream, status: u16, headers: &[(&str, String)], length: &str) -> Result<()> {
    let mut text = format!("HTTP/1.1 {status} Status\r\n{length}Connection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(text.as_bytes())?;
    stream.write_all(b"\r\n")
}

/// Headers and as much of the body as is to be sent; `Content-Length` is `length` in any case.
pub(crate) fn write_answer(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(&str, String)],
    length: usize,
    body: &[u8],
) -> Result<()> {
    write_head(stream, status, headers, &format!("Content-Length: {length}\r\n"))?;
    stream.write_all(body)
}
