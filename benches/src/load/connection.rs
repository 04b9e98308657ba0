//! A connection that is kept: made when there is something to send, and again when it was lost.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::{Head, Unreadable};

/// What is read at once.
const READ_BYTES: usize = 8 << 10;
/// The bytes of an answer at most: that of an account with 10 000 sessions has two thirds of it.
const ANSWER_BYTES: usize = 1 << 20;

/// A connection to one server.
pub struct Connection {
    host: String,
    stream: Option<TcpStream>,
    read: Vec<u8>,
}

/// What came of a request.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// In how many seconds to come again, if it says so.
    pub retry_after: Option<u32>,
    /// What it says.
    pub body: &'a [u8],
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// Nothing was sent: there is no connection.
    #[error("no connection")]
    NotSent(#[source] io::Error),
    /// It was sent, and may have been done.
    #[error("no answer")]
    NoAnswer(#[source] io::Error),
    /// What came is no answer.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Connection {
    /// To `host`, with its port; not made yet.
    pub fn new(host: &str) -> Connection {
        Connection { host: host.to_owned(), stream: None, read: Vec::with_capacity(READ_BYTES) }
    }

    /// Sends a request and waits for its answer. Given up meanwhile, the connection must be dropped with
    /// [`Connection::lose`].
    ///
    /// # Errors
    /// There is no answer; the next request makes a new connection.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, Lost> {
        let head = match self.head_of(request).await {
            Ok(head) => head,
            Err(lost) => {
                self.lose();
                return Err(lost);
            }
        };
        if !head.kept {
            self.stream = None;
        }
        let Head { status, retry_after, .. } = head;
        Ok(Answer { status, retry_after, body: &self.read[head.head..][..head.body] })
    }

    /// Forgets the connection: what comes over it is no answer to anything any more.
    pub fn lose(&mut self) {
        self.stream = None;
    }

    /// Makes the connection, if there is none.
    ///
    /// # Errors
    /// Nobody listens.
    pub async fn connect(&mut self) -> Result<&mut TcpStream, Lost> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.host).await.map_err(Lost::NotSent)?;
            stream.set_nodelay(true).map_err(Lost::NotSent)?;
            self.stream = Some(stream);
        }
        self.stream.as_mut().ok_or_else(|| Lost::NotSent(io::ErrorKind::NotConnected.into()))
    }

    async fn head_of(&mut self, request: &[u8]) -> Result<Head, Lost> {
        self.connect().await?.write_all(request).await.map_err(Lost::NoAnswer)?;
        self.read.clear();
        let stream = self.stream.as_mut().expect("it was written to");
        loop {
            let read = stream.read_buf(&mut self.read).await.map_err(Lost::NoAnswer)?;
            if read == 0 {
                return Err(Lost::NoAnswer(io::ErrorKind::UnexpectedEof.into()));
            }
            if let Some(head) = Head::parse(&self.read)?
                && self.read.len() >= head.head + head.body
            {
                return Ok(head);
            }
            if self.read.len() > ANSWER_BYTES {
                return Err(Lost::NoAnswer(io::ErrorKind::FileTooLarge.into()));
            }
        }
    }
}
