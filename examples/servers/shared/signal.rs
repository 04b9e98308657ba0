//! When a server is told to end.

use tokio::signal;

/// Ready when the process is told to end: by SIGTERM, or Ctrl-C.
pub async fn told_to_end() {
    #[cfg(unix)]
    {
        use signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a handler for it the process ends by itself.
    let _ = signal::ctrl_c().await;
}
