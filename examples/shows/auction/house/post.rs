//! The post: whoever is told something is told so on the page.

use bailiwick::{Failed, Position};
use bailiwick_examples::notifier::{Message, Notifier};
use tokio::sync::watch;

use super::aloud::Heard;
use super::page::{Page, Who};

/// Says it on the page.
pub struct Post {
    pub page: Page,
    pub heard: watch::Receiver<Heard>,
}

impl Notifier for Post {
    async fn tell(&self, key: &str, messages: &[Message]) -> Result<(), Failed> {
        // What it is about is said first: its position is the last part of the key.
        let about = key.rsplit('/').next().and_then(|position| position.parse().ok());
        let about = Position::new(about.unwrap_or(0));
        let mut heard = self.heard.clone();
        heard.wait_for(|heard| heard.upto >= about).await.map_err(Failed::retry)?;
        for Message { to, text } in messages {
            let text = format!("{to}: {text}");
            self.page.says(Who::Office, "tells", &text).map_err(Failed::retry)?;
        }
        Ok(())
    }
}
