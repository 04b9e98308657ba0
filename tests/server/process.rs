//! The two servers as processes of their own, on folders and ports of their own.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::{Request, Response, TIME_LIMIT, request};

/// The orchestrator.
pub const SERVER: &str = env!("CARGO_BIN_EXE_streaming_server");
/// The streaming service.
const SERVICE: &str = env!("CARGO_BIN_EXE_streaming_service");

/// A process that serves, and is killed at the end of its test at the latest.
pub struct Process {
    child: Child,
    pub at: SocketAddr,
}

impl Process {
    /// The orchestrator, on a free port.
    pub fn server(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Process {
        let listen = ["--listen", "127.0.0.1:0"].map(OsString::from);
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        Process::server_with(listen.into_iter().chain(args))
    }

    /// The orchestrator.
    pub fn server_with(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Process {
        let mut command = Command::new(SERVER);
        command.args(args);
        Process::start(command)
    }

    /// The streaming service.
    pub fn service(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Process {
        let mut command = Command::new(SERVICE);
        command.args(args);
        Process::start(command)
    }

    /// Starts one, and waits until it has said where it is.
    pub fn start(mut command: Command) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it can be started");
        let said = lines_of(child.stdout.take().expect("a pipe"));
        let logged = lines_of(child.stderr.take().expect("a pipe"));
        let mut lines = Vec::new();
        // Only what it says itself: its log may name addresses of others, and before.
        let at = loop {
            match said.recv_timeout(TIME_LIMIT) {
                Ok(line) => match url(&line) {
                    Some(at) => break at,
                    None => lines.push(line),
                },
                Err(_) => {
                    let _ = child.kill();
                    lines.extend(logged.try_iter());
                    panic!("it did not start: {lines:#?}");
                }
            }
        };
        Process { child, at }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    #[track_caller]
    pub fn send(&self, request: &Request) -> Response {
        request.send(self.at).unwrap_or_else(|error| panic!("{request:?}: {error}"))
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.send(&request("GET", path))
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.send(&request("POST", path).json(body))
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Response {
        self.send(&request("DELETE", path))
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started");
    }

    /// SIGTERM.
    pub fn ask_to_end(&self) {
        let kill = format!("kill -TERM {}", self.pid());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
        assert!(status.success(), "it runs");
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it was started") {
                return status;
            }
            assert!(begun.elapsed() < TIME_LIMIT, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a pipe, which is read to its end, so that nobody waits for room in it.
fn lines_of(from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (say, said) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(from).lines().map_while(Result::ok);
        lines.for_each(|line| drop(say.send(line)));
    });
    said
}

/// The address in a line that has a URL.
fn url(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || ".:[]".contains(c)));
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

/// Looks again and again until it is so, for a minute at most.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < TIME_LIMIT, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A port that nobody has, for a process that has to be found where another one was told before. It is none of
/// those that the system gives away by itself, so nobody gets it by chance meanwhile.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let nth =
            std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::SeqCst));
        let port = 10_000 + u16::try_from(nth % 20_000).expect("below 20 000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
