//! When a server is told to end.

use std::future::Future;
use std::io;

use tokio::signal;
use tokio::sync::oneshot;

/// The exit status of a process that Ctrl-C has ended, as shells have it.
const ENDED_BY_INTERRUPT: i32 = 130;

/// Ready when the process is told to end: by SIGTERM, or Ctrl-C. The next Ctrl-C ends it at once.
///
/// They are listened to from the call on, and not when this is first polled: so a process that is told while it starts
/// ends in order, too.
///
/// # Errors
/// If they cannot be listened to.
pub fn told_to_end() -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = Signals::new()?;
    let (tell, told) = oneshot::channel::<()>();
    tokio::spawn(async move {
        signals.end().await;
        drop(tell);
        signals.interrupt().await;
        std::process::exit(ENDED_BY_INTERRUPT);
    });
    Ok(async { drop(told.await) })
}

#[cfg(unix)]
struct Signals {
    terminate: signal::unix::Signal,
    interrupt: signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Signals> {
        use signal::unix::{SignalKind, signal};

        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(Signals { terminate: signal(terminate)?, interrupt: signal(interrupt)? })
    }

    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    async fn interrupt(&mut self) {
        self.interrupt.recv().await;
    }
}

#[cfg(not(unix))]
struct Signals(());

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals(()))
    }

    async fn end(&mut self) {
        self.interrupt().await;
    }

    async fn interrupt(&mut self) {
        let _ = signal::ctrl_c().await;
    }
}
