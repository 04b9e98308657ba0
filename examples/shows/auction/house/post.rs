//! The post: whoever is told something is told so on the page.

use bailiwick::Failed;
use bailiwick_examples::notifier::{Message, Notifier};
use tokio::sync::watch;

use super::aloud::Heard;
use super::who::Who;
use crate::page::Page;
use crate::reader::position_of;

/// Says it on the page.
pub struct Post {
    pub page: Page,
    pub heard: watch::Receiver<Heard>,
}

impl Notifier for Post {
    async fn tell(&self, key: &str, messages: &[Message]) -> Result<(), Failed> {
        // What it is about is said first.
        let about = position_of(key);
        let mut heard = self.heard.clone();
        heard.wait_for(|heard| heard.upto >= about).await.map_err(Failed::retry)?;
        for Message { to, text } in messages {
            let text = format!("{to}: {text}");
            self.page.says(Who::Office, "tells", &text).map_err(Failed::retry)?;
        }
        Ok(())
    }
}
