//! A connection whose client has to read.
//!
//! hyper's time-out is for heads. A client that takes nothing of what is written to it would have its connection, and
//! the stream of events on it, for ever.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Fails to write once no byte of what waits has been taken for so long.
pub(crate) struct Stalled<I> {
    io: I,
    limit: Duration,
    /// When it fails, while something waits.
    late: Pin<Box<Sleep>>,
    waits: bool,
}

impl<I> Stalled<I> {
    pub(crate) fn new(io: I, limit: Duration) -> Stalled<I> {
        Stalled { io, limit, late: Box::pin(sleep(limit)), waits: false }
    }

    fn in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        done: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.waits = false;
            return done;
        }
        if !self.waits {
            self.waits = true;
            self.late.as_mut().reset(Instant::now() + self.limit);
        }
        self.late.as_mut().poll(cx).map(|()| {
            Err(io::Error::new(ErrorKind::TimedOut, "the client does not read what it is sent"))
        })
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Stalled<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Stalled<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.in_time(cx, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.io).poll_write_vectored(cx, bytes);
        self.in_time(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.io).poll_shutdown(cx);
        self.in_time(cx, done)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::timeout;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn it_fails_when_nothing_is_taken_for_so_long() {
        let (client, server) = duplex(8);
        let mut server = Stalled::new(server, LIMIT);
        let begun = Instant::now();
        let written = timeout(2 * LIMIT, server.write_all(&[0; 9])).await;
        let error = written.expect("it fails").unwrap_err();
        assert_eq!((error.kind(), begun.elapsed()), (ErrorKind::TimedOut, LIMIT));
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_none_that_does_not_read() {
        let (mut client, server) = duplex(1);
        let mut server = Stalled::new(server, LIMIT);
        let reads = tokio::spawn(async move {
            for _ in 0..10 {
                sleep(LIMIT - Duration::from_millis(1)).await;
                client.read_exact(&mut [0]).await.unwrap();
            }
        });
        server.write_all(&[0; 10]).await.unwrap();
        // What nobody waits for is not late.
        sleep(2 * LIMIT).await;
        reads.await.unwrap();
        assert_eq!(server.write_all(&[0]).await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
