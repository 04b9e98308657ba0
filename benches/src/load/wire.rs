//! HTTP/1.1 as far as a load needs it: requests as bytes, answers from bytes. One request at a time on a
//! connection that is kept.

use std::io::Write as _;

/// The headers of an answer at most.
const HEADERS: usize = 32;

/// Whom all requests go to.
#[derive(Debug, Clone)]
pub struct Target {
    /// The host of the URL, and its port.
    pub host: String,
    /// What stands before every path.
    pub prefix: String,
    /// What they are let in with.
    pub token: Option<String>,
}

/// A URL that no load can go to.
#[derive(Debug, thiserror::Error)]
#[error("not a URL as http://HOST:PORT: {0}")]
pub struct NoTarget(String);

impl Target {
    /// From `http://HOST[:PORT][/PREFIX]`.
    ///
    /// # Errors
    /// It is none, or one of `https`.
    pub fn parse(url: &str, token: Option<String>) -> Result<Target, NoTarget> {
        let wrong = || NoTarget(url.to_owned());
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if host.is_empty() || host.starts_with(':') {
            return Err(wrong());
        }
        let port =
            if host.rsplit(']').next().is_some_and(|end| end.contains(':')) { "" } else { ":80" };
        let prefix = prefix.trim_end_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        Ok(Target { host: format!("{host}{port}"), prefix, token })
    }

    /// Writes a request into `to`, which is emptied before.
    pub fn write(
        &self,
        to: &mut Vec<u8>,
        method: &str,
        path: std::fmt::Arguments<'_>,
        body: Option<std::fmt::Arguments<'_>>,
    ) {
        to.clear();
        let Target { host, prefix, token } = self;
        let mut write =
            |text: std::fmt::Arguments<'_>| to.write_fmt(text).expect("memory takes it");
        write(format_args!("{method} {prefix}{path} HTTP/1.1\r\nhost: {host}\r\n"));
        if let Some(token) = token {
            write(format_args!("authorization: Bearer {token}\r\n"));
        }
        let Some(body) = body else {
            write(format_args!("\r\n"));
            return;
        };
        let body = body.to_string();
        let length = body.len();
        write(format_args!(
            "content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ));
    }
}

/// The head of an answer, and where it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// Its status.
    pub status: u16,
    /// In how many seconds to come again, if it says so.
    pub retry_after: Option<u32>,
    /// Whether the connection is kept.
    pub kept: bool,
    /// Bytes of the head.
    pub head: usize,
    /// Bytes of the body behind it.
    pub body: usize,
}

/// An answer that cannot be read.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Unreadable {
    /// It is not HTTP.
    #[error("not an answer of HTTP/1.1: {0}")]
    NotHttp(httparse::Error),
    /// It has a body whose length it does not say.
    #[error("an answer without content-length")]
    NoLength,
}

impl Head {
    /// The head at the beginning of `bytes`; none if it is not all there yet.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Option<Head>, Unreadable> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut answer = httparse::Response::new(&mut headers);
        let parsed = answer.parse(bytes).map_err(Unreadable::NotHttp)?;
        let httparse::Status::Complete(head) = parsed else { return Ok(None) };
        let status = answer.code.unwrap_or(0);
        let (mut body, mut retry_after, mut kept) = (None, None, true);
        for header in answer.headers {
            let value = std::str::from_utf8(header.value).unwrap_or("").trim();
            if header.name.eq_ignore_ascii_case("content-length") {
                body = value.parse().ok();
            } else if header.name.eq_ignore_ascii_case("retry-after") {
                retry_after = value.parse().ok();
            } else if header.name.eq_ignore_ascii_case("connection") {
                kept = !value.eq_ignore_ascii_case("close");
            }
        }
        // These have none, whatever they say.
        let body = if matches!(status, 100..200 | 204 | 304) { Some(0) } else { body };
        Ok(Some(Head { status, retry_after, kept, head, body: body.ok_or(Unreadable::NoLength)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_becomes_a_host_and_a_prefix() {
        let parse = |url| Target::parse(url, None).map(|target| (target.host, target.prefix)).ok();
        let target = |host: &str, prefix: &str| Some((host.to_owned(), prefix.to_owned()));
        assert_eq!(parse("http://127.0.0.1:8080"), target("127.0.0.1:8080", ""));
        assert_eq!(parse("http://localhost:8080/"), target("localhost:8080", ""));
        assert_eq!(parse("http://somewhere/api/v1/"), target("somewhere:80", "/api/v1"));
        assert_eq!(parse("http://[::1]"), target("[::1]:80", ""));
        assert_eq!(parse("http://[::1]:8080"), target("[::1]:8080", ""));
        for wrong in ["https://somewhere", "somewhere", "http://", "http://:80"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_request_says_what_it_has_to() {
        let target = Target::parse("http://h:1/api", Some("t0".to_owned())).expect("a URL");
        let mut bytes = b"what was before".to_vec();
        target.write(&mut bytes, "PUT", format_args!("/a/{}", 7), Some(format_args!("{{}}")));
        let text = "PUT /api/a/7 HTTP/1.1\r\nhost: h:1\r\nauthorization: Bearer t0\r\n\
                    content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(String::from_utf8_lossy(&bytes), text);
        target.write(&mut bytes, "DELETE", format_args!("/a"), None);
        assert!(bytes.ends_with(b"Bearer t0\r\n\r\n"));
    }

    #[test]
    fn an_answer_is_read_from_however_many_pieces() {
        let bytes = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 4\r\n\
                      Connection: close\r\n\r\nbusy";
        let whole = bytes.len() - 4;
        for end in 0..whole {
            assert_eq!(Head::parse(&bytes[..end]), Ok(None));
        }
        let head = Head { status: 503, retry_after: Some(2), kept: false, head: whole, body: 4 };
        assert_eq!(Head::parse(bytes), Ok(Some(head)));
    }

    #[test]
    fn an_answer_without_a_body_needs_no_length() {
        let head = |bytes: &[u8]| Head::parse(bytes).map(|head| head.map(|head| head.body));
        assert_eq!(head(b"HTTP/1.1 204 No Content\r\n\r\n"), Ok(Some(0)));
        assert_eq!(head(b"HTTP/1.1 200 OK\r\n\r\n"), Err(Unreadable::NoLength));
        assert!(matches!(head(b"SSH-2.0-OpenSSH\r\n"), Err(Unreadable::NotHttp(_))));
    }
}
