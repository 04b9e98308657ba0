//! Journals that do one thing wrong, to see that the suites notice: `JUDGE_MUTANT=name`.

use std::num::NonZeroUsize;
use std::sync::Arc;

use bailiwick_core::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Head, Health,
    Journal, JournalId, LastMatch, Metadata, Page, Position, Query, QueryItem, Read, ReadError,
    ReadValues, ReopenError, Tag, Timestamp, ValuesPage,
};

pub const ALL: &[&str] = &[
    "after_inclusive",
    "after_one_more",
    "never_ignored",
    "never_after",
    "condition_ignored",
    "tags_ored",
    "first_item_only",
    "last_item_only",
    "types_ignored",
    "tags_ignored",
    "read_from_inclusive",
    "read_one_later",
    "limit_before_filter",
    "upto_head",
    "no_more",
    "head_one_less",
    "returns_head",
    "last_is_first",
    "last_ignores_items",
    "half_batch",
    "loses_a_tag",
    "loses_metadata",
    "empty_metadata_is_none",
    "empty_payload_changes",
    "recorded_now",
    "empty_is_a_conflict",
    "conflict_at_head",
    "refused_leaves_one",
    "check_then_act",
    "items_one_by_one",
    "batch_reversed",
    "own_events_checked",
    "refused_consumes",
    "lazy_append",
    "type_case_folded",
    "condition_on_last_only",
];

pub struct Mutant {
    inner: Arc<dyn Journal>,
    kind: String,
}

pub fn mutated(journal: Arc<dyn Journal>) -> Arc<dyn Journal> {
    match std::env::var("JUDGE_MUTANT") {
        Ok(kind) if !kind.is_empty() => {
            assert!(ALL.contains(&kind.as_str()), "no mutant {kind}");
            Arc::new(Mutant { inner: journal, kind })
        }
        _ => journal,
    }
}

fn items(query: &Query, change: impl Fn(&QueryItem) -> Vec<QueryItem>) -> Query {
    match query.items() {
        None => Query::all(),
        Some(items) => {
            Query::any_of(items.iter().flat_map(change)).unwrap_or_else(|_| Query::all())
        }
    }
}

fn less(position: Position) -> Position {
    Position::new(position.get().saturating_sub(1))
}

impl Mutant {
    fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    fn query(&self, query: &Query) -> Query {
        match self.kind.as_str() {
            "tags_ored" => items(query, |item| {
                if item.tags().as_slice().len() < 2 {
                    return vec![item.clone()];
                }
                let one = |tag: &Tag| {
                    QueryItem::new(item.types().iter().cloned(), [tag.clone()]).unwrap()
                };
                item.tags().iter().map(one).collect()
            }),
            "first_item_only" => match query.items() {
                Some(items) => items[0].clone().into(),
                None => Query::all(),
            },
            "last_item_only" => match query.items() {
                Some(items) => items[items.len() - 1].clone().into(),
                None => Query::all(),
            },
            "types_ignored" => items(query, |item| {
                let tags = item.tags().iter().cloned();
                vec![QueryItem::new([""; 0], tags).unwrap_or_else(|_| item.clone())]
            }),
            "tags_ignored" => items(query, |item| {
                let types = item.types().iter().cloned();
                vec![QueryItem::new(types, []).unwrap_or_else(|_| item.clone())]
            }),
            _ => query.clone(),
        }
    }

    fn events(&self, mut events: Vec<EncodedEvent>) -> Vec<EncodedEvent> {
        for event in &mut events {
            match self.kind.as_str() {
                "loses_a_tag" if event.tags.as_slice().len() > 1 => {
                    event.tags = event.tags.iter().skip(1).cloned().collect();
                }
                "loses_metadata" => event.metadata = Metadata::default(),
                "empty_metadata_is_none" => {
                    let empty = event
                        .metadata
                        .extra()
                        .idempotency
                        .as_ref()
                        .is_some_and(|i| i.reply.is_empty());
                    if empty {
                        event.metadata = Metadata::default();
                    }
                }
                "empty_payload_changes" if event.payload.is_empty() => {
                    event.payload = vec![0].into()
                }
                "recorded_now" => event.recorded_at = Timestamp::EPOCH,
                "type_case_folded" => {
                    event.event_type = event.event_type.as_str().to_lowercase().into()
                }
                _ => {}
            }
        }
        if self.is("batch_reversed") {
            events.reverse();
        }
        events
    }

    fn condition(&self, condition: AppendCondition) -> Option<AppendCondition> {
        let mut condition = AppendCondition { query: self.query(&condition.query), ..condition };
        match self.kind.as_str() {
            "after_inclusive" => condition.after = less(condition.after),
            "after_one_more" if condition.after > Position::START => {
                condition.after = Position::new(condition.after.get().saturating_add(1));
            }
            "never_ignored" => condition.never = None,
            "never_after" => {
                if let Some(never) = condition.never.take() {
                    return Some(AppendCondition::new(never).after(condition.after));
                }
            }
            "condition_ignored" => return None,
            _ => {}
        }
        Some(condition)
    }
}

impl Journal for Mutant {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        let inner = self.inner.clone();
        let events = self.events(events);
        let condition = condition.and_then(|condition| self.condition(condition));
        match self.kind.as_str() {
            "returns_head" => Answer::later(async move {
                let appended = inner.append(events, condition).await?;
                std::thread::yield_now();
                let last = inner.head().await.unwrap().position;
                let own = appended.last.get() - appended.first.get();
                Ok(Appended { first: Position::new(last.get() - own), last })
            }),
            "half_batch" if events.len() > 1 => Answer::later(async move {
                let mut events = events;
                let rest = events.split_off(1);
                let first = inner.append(events, condition).await?;
                std::thread::yield_now();
                let last = inner.append(rest, None).await?;
                Ok(Appended { first: first.first, last: last.last })
            }),
            "empty_is_a_conflict" if events.is_empty() && condition.is_some() => {
                Answer::later(async move {
                    let spare = inner.head().await.unwrap().position;
                    Err(AppendError::Conflict { at: spare.max(Position::new(1)) })
                })
            }
            "conflict_at_head" => Answer::later(async move {
                match inner.append(events, condition).await {
                    Err(AppendError::Conflict { .. }) => {
                        Err(AppendError::Conflict { at: inner.head().await.unwrap().position })
                    }
                    other => other,
                }
            }),
            "refused_leaves_one" | "refused_consumes" => {
                let consumes = self.is("refused_consumes");
                Answer::later(async move {
                    let mut first = events.first().cloned();
                    let outcome = inner.append(events, condition).await;
                    if let (Err(AppendError::Conflict { .. }), Some(mut event)) =
                        (&outcome, first.take())
                    {
                        if consumes {
                            event.event_type = "hidden".into();
                            event.tags = Default::default();
                        }
                        let _ = inner.append(vec![event], None).await;
                    }
                    outcome
                })
            }
            "check_then_act" => Answer::later(async move {
                if let Some(condition) = condition {
                    let mut checks = vec![(condition.query, condition.after)];
                    checks.extend(condition.never.map(|never| (never, Position::START)));
                    for (query, after) in checks {
                        let one = Read::new(query).after(after).limit(NonZeroUsize::MIN);
                        if let Some(event) = inner.read(one).await.unwrap().events.first() {
                            return Err(AppendError::Conflict { at: event.position });
                        }
                    }
                }
                std::thread::yield_now();
                inner.append(events, None).await
            }),
            "own_events_checked" => Answer::later(async move {
                if let Some(condition) = &condition
                    && events.len() > 1
                    && let Some(_) = events
                        .iter()
                        .find(|e| condition.query.matches(e.event_type.as_str(), &e.tags))
                {
                    let head = inner.head().await.unwrap().position;
                    return Err(AppendError::Conflict { at: head.max(Position::new(1)) });
                }
                inner.append(events, condition).await
            }),
            "condition_on_last_only" => Answer::later(async move {
                if let Some(condition) = condition {
                    let last = inner.last(Query::all()).await.unwrap().event;
                    if let Some(last) = last {
                        let hit = last.position > condition.after
                            && condition
                                .query
                                .matches(last.event.event_type.as_str(), &last.event.tags);
                        if hit {
                            return Err(AppendError::Conflict { at: last.position });
                        }
                    }
                }
                inner.append(events, None).await
            }),
            "lazy_append" => Answer::later(async move { inner.append(events, condition).await }),
            _ => inner.append(events, condition),
        }
    }

    fn read(&self, read: Read) -> Answer<Result<Page, ReadError>> {
        let inner = self.inner.clone();
        let mut read = Read { query: self.query(&read.query), ..read };
        match self.kind.as_str() {
            "read_from_inclusive" => read.after = less(read.after),
            "read_one_later" if read.after > Position::START => read.after = read.after.plus(1),
            _ => {}
        }
        match self.kind.as_str() {
            "limit_before_filter" => Answer::later(async move {
                let everything = Read { query: Query::all(), ..read.clone() };
                let mut page = inner.read(everything).await?;
                page.events
                    .retain(|e| read.query.matches(e.event.event_type.as_str(), &e.event.tags));
                // Who looks at `more` alone is not misled; who stops at the limit is.
                page.more = false;
                page.upto = inner.head().await?.position;
                Ok(page)
            }),
            "upto_head" => Answer::later(async move {
                let page = inner.read(read).await?;
                let upto = inner.head().await?.position;
                Ok(Page { upto, ..page })
            }),
            "no_more" => Answer::later(async move {
                let page = inner.read(read).await?;
                let upto = inner.head().await?.position;
                Ok(Page { more: false, upto, ..page })
            }),
            "items_one_by_one" => Answer::later(async move {
                let Some(items) = read.query.items() else { return inner.read(read).await };
                let mut events = Vec::new();
                let mut upto = read.after;
                for item in items {
                    let mut one = Read { query: item.clone().into(), ..read.clone() };
                    loop {
                        let page = inner.read(one.clone()).await?;
                        events.extend(page.events);
                        upto = upto.max(page.upto);
                        if !page.more {
                            break;
                        }
                        one = one.after(page.upto);
                    }
                    std::thread::sleep(std::time::Duration::from_micros(50));
                }
                events.sort_by_key(|event| event.position);
                events.dedup_by_key(|event| event.position);
                let more = events.len() > read.limit.get();
                events.truncate(read.limit.get());
                if more {
                    upto = events.last().unwrap().position;
                }
                Ok(Page { events, upto, more })
            }),
            _ => inner.read(read),
        }
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, ReadError>> {
        let inner = self.inner.clone();
        let query = self.query(&query);
        match self.kind.as_str() {
            "last_is_first" => Answer::later(async move {
                let page = inner.read(Read::new(query)).await?;
                let upto = inner.head().await?.position;
                Ok(LastMatch { event: page.events.into_iter().next(), upto })
            }),
            "last_ignores_items" => match query.items() {
                Some(items) => inner.last(items[0].clone().into()),
                None => inner.last(query),
            },
            _ => inner.last(query),
        }
    }

    fn head(&self) -> Answer<Result<Head, ReadError>> {
        let inner = self.inner.clone();
        if !self.is("head_one_less") {
            return inner.head();
        }
        Answer::later(async move {
            let head = inner.head().await?;
            Ok(Head { position: less(head.position), ..head })
        })
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), ReadError>> {
        self.inner.changed(self.query(&query), after)
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, ReadError>> {
        self.inner.values(read)
    }

    fn id(&self) -> JournalId {
        self.inner.id()
    }

    fn limits(&self) -> AppendLimits {
        self.inner.limits()
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        self.inner.reopen()
    }
}
