//! Who would tell people something: here, the log.

use bailiwick::Failed;
use bailiwick_examples::notifier::{Message, Notifier};

/// Logs what a server with mail would send, each call under its key.
#[derive(Debug, Clone, Copy)]
pub struct Noticeboard;

impl Notifier for Noticeboard {
    async fn tell(&self, key: &str, messages: &[Message]) -> Result<(), Failed> {
        for Message { to, text } in messages {
            tracing::info!(key, to, text, "told");
        }
        Ok(())
    }
}
