//! An HTTP client that can also misbehave: a connection per request, and the test decides on every byte.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Far beyond every bound of the server: who waits longer has hung.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A request on its way to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

pub fn request(method: &str, path: &str) -> Request {
    Request { method: method.into(), path: path.into(), headers: Vec::new(), body: None }
}

impl Request {
    pub fn json(self, body: &Value) -> Request {
        self.bytes(body.to_string().as_bytes())
    }

    pub fn bytes(mut self, body: &[u8]) -> Request {
        self.body = Some(body.into());
        self.header("Content-Type", "application/json")
    }

    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn key(self, key: &str) -> Request {
        self.header("Idempotency-Key", key)
    }

    /// What goes over the wire.
    pub fn encoded(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n",
            self.method, self.path
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = &self.body {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        head += "\r\n";
        [head.as_bytes(), self.body.as_deref().unwrap_or_default()].concat()
    }

    /// Sends it, and waits for the answer.
    ///
    /// # Errors
    /// If nobody is there, or the connection ends before the answer does.
    pub fn send(&self, to: SocketAddr) -> io::Result<Response> {
        let mut stream = connect(to)?;
        // Who refuses a body may close the connection before all of it is there, and has answered then.
        let sent = stream.write_all(&self.encoded());
        let answer = Response::read(&mut BufReader::new(stream));
        answer.map_err(|error| sent.err().unwrap_or(error))
    }
}

/// # Errors
/// If nobody is there.
pub fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, TIME_LIMIT)?;
    stream.set_read_timeout(Some(TIME_LIMIT))?;
    stream.set_write_timeout(Some(TIME_LIMIT))?;
    Ok(stream)
}

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The `code` of a problem.
    pub fn code(&self) -> Option<String> {
        Some(self.json().get("code")?.as_str()?.to_owned())
    }

    /// Reads the head, and a body that has a length, is chunked, or ends with the connection.
    ///
    /// # Errors
    /// If the connection ends before.
    pub fn read(from: &mut impl BufRead) -> io::Result<Response> {
        Response::read_head(from)?.and_body(from)
    }

    /// With the body that follows.
    ///
    /// # Errors
    /// If the connection ends before.
    pub fn and_body(self, from: &mut impl BufRead) -> io::Result<Response> {
        let mut response = self;
        let length = response.header("content-length").and_then(|length| length.parse().ok());
        if let Some(length) = length {
            response.body = vec![0; length];
            from.read_exact(&mut response.body)?;
        } else if response.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = chunk(from)? {
                response.body.extend(chunk);
            }
        } else if response.status != 204 {
            from.read_to_end(&mut response.body)?;
        }
        Ok(response)
    }

    /// # Errors
    /// If the connection ends before.
    pub fn read_head(from: &mut impl BufRead) -> io::Result<Response> {
        let first = line(from)?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status: {first:?}")))?;
        let mut headers = Vec::new();
        loop {
            match line(from)? {
                end if end.is_empty() => break,
                header => {
                    let (name, value) = header.split_once(':').unwrap_or((&header, ""));
                    headers.push((name.to_owned(), value.trim().to_owned()));
                }
            }
        }
        Ok(Response { status, headers, body: Vec::new() })
    }
}

fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

/// The next chunk; none at the end.
fn chunk(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let size = line(from)?;
    let size = usize::from_str_radix(&size, 16).map_err(io::Error::other)?;
    let mut chunk = vec![0; size];
    from.read_exact(&mut chunk)?;
    line(from)?;
    Ok((size > 0).then_some(chunk))
}

/// Server-sent events, as they come.
pub struct Events {
    from: BufReader<TcpStream>,
    pending: Vec<u8>,
    /// Where to go on from: it may come without an event.
    pub last: String,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sent {
    pub id: String,
    pub event: String,
    pub data: String,
}

impl Events {
    /// # Errors
    /// If it is not answered, or not by a stream.
    pub fn open(request: &Request, to: SocketAddr) -> io::Result<Events> {
        let mut stream = connect(to)?;
        stream.write_all(&request.encoded())?;
        let mut from = BufReader::new(stream);
        let head = Response::read_head(&mut from)?;
        if head.status != 200 || head.header("content-type") != Some("text/event-stream") {
            return Err(io::Error::other(format!("no stream: {head:?}")));
        }
        Ok(Events { from, pending: Vec::new(), last: String::new() })
    }

    /// The next one; none when the server has ended the stream.
    ///
    /// # Errors
    /// If nothing comes for long.
    pub fn next(&mut self) -> io::Result<Option<Sent>> {
        loop {
            let end = self.pending.windows(2).position(|two| two == b"\n\n");
            if let Some(end) = end {
                let text = String::from_utf8_lossy(&self.pending[..end]).into_owned();
                self.pending.drain(..end + 2);
                let sent = parsed(&text);
                if !sent.id.is_empty() {
                    self.last.clone_from(&sent.id);
                }
                if !sent.data.is_empty() {
                    return Ok(Some(sent));
                }
                continue; // A comment, to keep the connection open, or a place.
            }
            match chunk(&mut self.from)? {
                Some(chunk) => self.pending.extend(chunk),
                None => return Ok(None),
            }
        }
    }
}

fn parsed(text: &str) -> Sent {
    let mut sent = Sent::default();
    for line in text.lines() {
        match line.split_once(':') {
            Some(("id", value)) => sent.id = value.trim().into(),
            Some(("event", value)) => sent.event = value.trim().into(),
            Some(("data", value)) => sent.data += value.trim(),
            _ => {}
        }
    }
    sent
}
