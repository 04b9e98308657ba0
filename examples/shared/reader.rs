//! Whoever says aloud what happens in a show reads its journal in order.
//!
//! What is said is durable: it was read from the journal, after it was written. What was there before the
//! show went on is known, but not said again.

use std::sync::Arc;

use bailiwick::journal::{Journal, Query, Read, RecordedEvent};
use bailiwick::{BoxError, Position};

/// To whom a journal is read.
pub trait Listener {
    /// The next event, which is said if it is to be said `aloud`.
    fn hears(&mut self, recorded: &RecordedEvent, aloud: bool) -> Result<(), BoxError>;

    /// Everything up to here was heard.
    fn has_heard(&mut self, upto: Position);
}

/// Reads a journal to a listener.
pub struct Reader<L> {
    journal: Arc<dyn Journal>,
    listener: L,
    upto: Position,
    aloud: bool,
}

impl<L: Listener> Reader<L> {
    /// Reads what is there, silently.
    pub async fn read(journal: Arc<dyn Journal>, listener: L) -> Result<Reader<L>, BoxError> {
        let mut reader = Reader { journal, listener, upto: Position::START, aloud: false };
        reader.catch_up().await?;
        reader.aloud = true;
        Ok(reader)
    }

    /// Reads aloud whatever comes, as soon as it is there, until the journal is closed.
    pub async fn go_on(mut self) -> Result<(), BoxError> {
        loop {
            self.journal.changed(Query::all(), self.upto).await?;
            self.catch_up().await?;
        }
    }

    async fn catch_up(&mut self) -> Result<(), BoxError> {
        loop {
            let page = self.journal.read(Read::new(Query::all()).after(self.upto)).await?;
            for recorded in &page.events {
                self.listener.hears(recorded, self.aloud)?;
                self.listener.has_heard(recorded.position);
            }
            self.upto = page.upto;
            self.listener.has_heard(page.upto);
            if !page.more {
                return Ok(());
            }
        }
    }
}

/// What the key of an effect is about: the position that is its last part.
pub fn position_of(key: &str) -> Position {
    let position = key.rsplit('/').next().and_then(|position| position.parse().ok());
    Position::new(position.unwrap_or(0))
}
