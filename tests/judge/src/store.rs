//! One handle onto a journal, as happenstance's event store.

use std::num::NonZeroUsize;
use std::sync::{Arc, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use bailiwick_core::{
    AppendCondition as OurCondition, AppendError as OurError, EncodedEvent, Idempotency, Journal,
    Metadata, OverLimit, Read, ReadError, RecordedEvent, Timestamp,
};
use futures_core::Stream;
use happenstance_core::{
    AppendCondition, AppendError, ConditionViolated, Event, EventId, Query, ReadOptions,
    RecordedAt, SendEventStore, SequencePosition, SequencedEvent, StoreId, StoreLimit,
};

use crate::conditions::{self, Plan};
use crate::names;
use crate::reading::Reading;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Append(#[from] OurError),
}

/// A journal that can be closed and opened again under its handles.
pub struct Slot {
    pub journal: RwLock<Option<Arc<dyn Journal>>>,
    pub id: StoreId,
    pub page: NonZeroUsize,
}

#[derive(Clone)]
pub struct Handle(pub Arc<Slot>);

fn position(ours: bailiwick_core::Position) -> SequencePosition {
    SequencePosition::new(ours.get()).expect("an event's position is not the start")
}

impl Handle {
    pub fn journal(&self) -> Arc<dyn Journal> {
        self.0.journal.read().unwrap().clone().expect("open")
    }

    fn encoded(&self, events: &[Event]) -> Vec<EncodedEvent> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let recorded_at = Timestamp::from_millis(u64::try_from(now).unwrap());
        let encoded = events.iter().map(|event| {
            let mut metadata = Metadata::default();
            if let Some(theirs) = event.metadata() {
                metadata.extra_mut().idempotency = Some(Idempotency {
                    key: "metadata".into(),
                    fingerprint: 0,
                    reply: theirs.clone(),
                });
            }
            EncodedEvent {
                event_type: event.event_type().as_str().to_owned().into(),
                version: 1,
                tags: names::all_to_ours(event.tags()),
                payload: event.data().clone(),
                recorded_at,
                metadata,
            }
        });
        encoded.collect()
    }

    pub fn sequenced(&self, recorded: RecordedEvent) -> SequencedEvent {
        let RecordedEvent { position: at, event } = recorded;
        let at = position(at);
        let mut theirs = Event::new(event.event_type.as_str(), event.payload.clone())
            .unwrap()
            .with_tags(names::all_to_theirs(&event.tags));
        if let Some(kept) = &event.metadata.extra().idempotency {
            theirs = theirs.with_metadata(kept.reply.clone());
        }
        let recorded_at = i64::try_from(event.recorded_at.as_millis()).unwrap();
        let recorded_at = RecordedAt::from_millis(recorded_at);
        SequencedEvent::new(at, EventId::new(self.0.id, at), recorded_at, theirs)
    }

    async fn append_once(
        &self,
        events: &[Event],
        condition: Option<OurCondition>,
    ) -> Result<SequencePosition, AppendError<StoreError>> {
        let many = events.len() as u64;
        let appended = self.journal().append(self.encoded(events), condition).await;
        match appended {
            Ok(appended) => {
                let of = appended.last.get() - appended.first.get() + 1;
                assert_eq!(of, many, "not the positions of its own events");
                Ok(position(appended.last))
            }
            Err(OurError::Empty) => Err(AppendError::NoEvents),
            Err(OurError::Conflict { at }) => {
                Err(AppendError::ConditionViolated(ConditionViolated::at(position(at))))
            }
            Err(why) => Err(refused(why)),
        }
    }

    /// The long way round: see `conditions`.
    async fn append_optimistically(
        &self,
        events: &[Event],
        condition: &AppendCondition,
        everything: bailiwick_core::Query,
    ) -> Result<SequencePosition, AppendError<StoreError>> {
        loop {
            let journal = self.journal();
            let head = journal.head().await.map_err(|e| AppendError::Store(e.into()))?.position;
            let mut read = Read::new(everything.clone()).limit(self.0.page);
            loop {
                let page = journal.read(read.clone()).await;
                let page = page.map_err(|e| AppendError::Store(e.into()))?;
                for event in page.events.into_iter().filter(|event| event.position <= head) {
                    let event = self.sequenced(event);
                    let (at, of_type) = (event.position, event.event_type());
                    if condition.is_violated_by(at, of_type, event.tags()) {
                        return Err(AppendError::ConditionViolated(ConditionViolated::at(at)));
                    }
                }
                if !page.more || page.upto >= head {
                    break;
                }
                read = read.after(page.upto);
            }
            let since = OurCondition::new(everything.clone()).after(head);
            match self.append_once(events, Some(since)).await {
                Err(AppendError::ConditionViolated(_)) => {}
                other => return other,
            }
        }
    }
}

impl SendEventStore for Handle {
    type Error = StoreError;

    fn read(
        &self,
        query: &Query,
        options: ReadOptions,
    ) -> impl Stream<Item = Result<SequencedEvent, StoreError>> + Send {
        Reading::new(self.clone(), conditions::query(query), options, self.0.page)
    }

    async fn append(
        &self,
        events: &[Event],
        condition: Option<&AppendCondition>,
    ) -> Result<SequencePosition, AppendError<StoreError>> {
        if events.is_empty() {
            // Ours must say the same, whatever the condition.
            return self
                .append_once(
                    events,
                    condition.map(|c| match conditions::plan(c) {
                        Plan::Native(ours) => ours,
                        Plan::Optimistic { everything } => OurCondition::new(everything),
                    }),
                )
                .await;
        }
        match condition.map(conditions::plan) {
            None => self.append_once(events, None).await,
            Some(Plan::Native(ours)) => self.append_once(events, Some(ours)).await,
            Some(Plan::Optimistic { everything }) => {
                self.append_optimistically(events, condition.unwrap(), everything).await
            }
        }
    }

    async fn head(&self) -> Result<Option<SequencePosition>, StoreError> {
        let head = self.journal().head().await?;
        Ok(SequencePosition::new(head.position.get()))
    }

    async fn contains_event_id(&self, id: EventId) -> Result<bool, StoreError> {
        let head = self.journal().head().await?;
        Ok(id.store() == self.0.id && id.position().get() <= head.position.get())
    }
}

/// What never fits is told from what may be taken later, by its type.
fn refused(why: OurError) -> AppendError<StoreError> {
    match why {
        OurError::OverLimit(OverLimit::Tags { tags, .. }) => {
            AppendError::ExceedsStoreLimit { limit: StoreLimit::TagsPerEvent, len: tags }
        }
        OurError::Busy(_) => AppendError::Busy(why.into()),
        why => AppendError::Store(why.into()),
    }
}
