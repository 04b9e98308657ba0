//! Finding a snapshot, and making sure of it.

use bailiwick_core::journal::{BoxError, Page, Query, Read};
use bailiwick_core::snapshot::{Body, Declared, Header, digest};
use bailiwick_core::{CodecError, ErrorReport, Position, SnapshotKey};

use super::Keeper;
use super::counts::one;
use crate::context::RuntimeContext;
use crate::error::caught;
use crate::journal::port::Guarded;
use crate::util::race::{Either, race};

/// A snapshot that may be used, if the journal has its last event.
pub(crate) struct Candidate {
    pub(crate) declared: Declared,
    pub(crate) key: SnapshotKey,
    pub(crate) body: Body,
    header: Header,
}

impl Candidate {
    /// The position of its last event.
    pub(crate) fn position(&self) -> Position {
        self.header.position
    }

    /// What to read to make sure of it: its last event, and what comes behind that.
    pub(crate) fn read(&self, query: Query) -> Read {
        let before = self.position().get().saturating_sub(1);
        Read::new(query).after(Position::new(before))
    }
}

impl Keeper {
    /// The snapshot under this key, if there is one that is of this version, of what is read, whole, and not
    /// beyond `upto`.
    pub(crate) async fn find(
        &self,
        shared: &RuntimeContext,
        declared: Declared,
        key: SnapshotKey,
        upto: Option<Position>,
    ) -> Option<Candidate> {
        if !self.trusts(&declared) {
            return None;
        }
        let get = Guarded::new(|| self.store.get(&key), |error| error);
        let patience = shared.environment.clock.sleep(shared.config.snapshot_timeout);
        let found = match race(get, patience).await {
            Either::Left(found) => found,
            Either::Right(()) => Err("it takes too long".into()),
        };
        let bytes = found.map_err(|error| self.unread(shared, &key, &error)).ok()??;
        let Some(header) = Header::read(&bytes) else {
            self.unusable(shared, &key, "it is no snapshot of a format that is known here");
            return None;
        };
        // Before anything else of it is looked at.
        let is_current = header.version == declared.version && header.reads == declared.reads();
        #[cfg(feature = "fault-injection")]
        let is_current = is_current || shared.sabotaged(crate::sabotage::Sabotage::OldSnapshotUsed);
        if !is_current {
            one(&self.counters.outdated);
            return None;
        }
        if upto.is_some_and(|upto| header.position > upto) {
            return None;
        }
        let Some(body) = header.body(&key, &bytes) else {
            self.unusable(shared, &key, "its bytes are not those that were written");
            return None;
        };
        Some(Candidate { declared, key, body, header })
    }

    /// Whether the journal has the last event of a candidate, by the page that was
    /// [read](Candidate::read) for it. Then it is there, with what was read behind it.
    pub(crate) fn confirm(
        &self,
        shared: &RuntimeContext,
        found: &Candidate,
        mut page: Page,
    ) -> Option<Page> {
        let position = found.position();
        let first = page.events.first().filter(|first| first.position == position);
        if first.is_some_and(|first| digest(first) == found.header.event) {
            page.events.remove(0);
            return Some(page);
        }
        one(&self.counters.refused);
        let (snapshot, head) = (&found.key, page.upto);
        if let Some(left_out) = self.unusable.line(shared.environment.clock.elapsed()) {
            if page.events.is_empty() && head < position {
                tracing::warn!(
                    %snapshot, %position, %head, left_out,
                    "a snapshot is beyond the head of the journal, which is an older copy of the one that it \
                     was made on: it is removed, and the history read"
                );
            } else {
                tracing::warn!(
                    %snapshot, %position, left_out,
                    "a snapshot was made of another history: the journal has another event at its position. \
                     It is removed, and the history read"
                );
            }
        }
        self.remove(shared, &found.key);
        None
    }

    /// It cannot be gone on from: it is removed, so that it is not found again.
    pub(crate) fn unusable(&self, shared: &RuntimeContext, snapshot: &SnapshotKey, why: &str) {
        one(&self.counters.unusable);
        if let Some(left_out) = self.unusable.line(shared.environment.clock.elapsed()) {
            tracing::warn!(%snapshot, why, left_out, "a snapshot cannot be used: the history is read");
        }
        self.remove(shared, snapshot);
    }

    /// What is decoded of a candidate; none, and it is removed, if that cannot be.
    pub(crate) fn decoded<T>(
        &self,
        shared: &RuntimeContext,
        found: &Candidate,
        decode: impl FnOnce() -> Result<T, CodecError>,
    ) -> Option<T> {
        let why = match caught(decode) {
            Ok(Ok(decoded)) => return Some(decoded),
            Ok(Err(error)) => ErrorReport::of(&error).to_string(),
            Err(message) => format!("its decoding panics: {message}"),
        };
        self.unusable(shared, &found.key, &why);
        None
    }

    fn unread(&self, shared: &RuntimeContext, snapshot: &SnapshotKey, error: &BoxError) {
        one(&self.counters.unread);
        if let Some(left_out) = self.unusable.line(shared.environment.clock.elapsed()) {
            let why = ErrorReport::of(&**error);
            tracing::warn!(%snapshot, %why, left_out, "a snapshot cannot be looked for: the history is read");
        }
    }

    fn remove(&self, shared: &RuntimeContext, key: &SnapshotKey) {
        let removed = Guarded::new(|| self.store.remove(key), |error| error);
        shared.spawn(Box::pin(async move { drop(removed.await) }));
    }
}
