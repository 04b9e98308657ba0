//! A streaming service that the test controls: it answers as it is told, and notes every call.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It does what it is asked for.
    Takes,
    /// With a 503.
    Fails,
    /// It reads the call, and never answers.
    Hangs,
    /// It reads the call, and closes the connection.
    HangsUp,
}

/// A call of the orchestrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub key: String,
    pub traceparent: String,
    pub body: String,
}

impl Call {
    /// Whether it says this word anywhere.
    pub fn names(&self, word: &str) -> bool {
        self.path.contains(word) || self.body.contains(word)
    }
}

#[derive(Default)]
struct Inside {
    calls: Vec<Call>,
    mode: Option<Mode>,
    kept: Vec<TcpStream>,
}

/// The service.
#[derive(Clone)]
pub struct Stub {
    pub at: SocketAddr,
    inside: Arc<Mutex<Inside>>,
}

impl Stub {
    pub fn new(mode: Mode) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("an address");
        let stub = Stub { at, inside: Arc::default() };
        stub.becomes(mode);
        let serving = stub.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let stub = serving.clone();
                thread::spawn(move || stub.serve(stream));
            }
        });
        stub
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// From now on. Who hangs still, goes on hanging.
    pub fn becomes(&self, mode: Mode) {
        self.inside.lock().expect("nobody panics with it").mode = Some(mode);
    }

    /// All calls so far that name this.
    pub fn calls(&self, word: &str) -> Vec<Call> {
        let inside = self.inside.lock().expect("nobody panics with it");
        inside.calls.iter().filter(|call| call.names(word)).cloned().collect()
    }

    /// Under which keys a session was to be started.
    pub fn keys_of_starts(&self, session: &str) -> BTreeSet<String> {
        let starts = self.calls(session).into_iter().filter(|call| call.method != "DELETE");
        starts.map(|call| call.key).collect()
    }

    fn serve(&self, stream: TcpStream) {
        let mut from = BufReader::new(stream.try_clone().expect("a socket"));
        while let Some(call) = read(&mut from) {
            let mode = {
                let mut inside = self.inside.lock().expect("nobody panics with it");
                inside.calls.push(call);
                inside.mode
            };
            let answer: &[u8] = match mode {
                Some(Mode::Takes) => b"HTTP/1.1 204 No Content\r\n\r\n",
                Some(Mode::Fails) => {
                    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
                }
                Some(Mode::Hangs) => {
                    self.inside.lock().expect("nobody panics with it").kept.push(stream);
                    return;
                }
                Some(Mode::HangsUp) | None => return,
            };
            if (&stream).write_all(answer).is_err() {
                return;
            }
        }
    }
}

fn read(from: &mut impl BufRead) -> Option<Call> {
    let mut line = || {
        let mut line = String::new();
        let read = from.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut key, mut traceparent, mut length) = (String::new(), String::new(), 0);
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = value.trim().to_owned(),
            "traceparent" => traceparent = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    Some(Call { method, path, key, traceparent, body })
}
