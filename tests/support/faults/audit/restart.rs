//! What a runtime makes of a journal that was left behind: on a copy in memory, under a clock that is
//! driven. Twice, and it must be the same.

use std::time::Duration;

use bailiwick::journal::{Journal, RecordedEvent};
use bailiwick::{ErrorReport, ManualClock, MemoryJournal, Position, Runtime, Timestamp};

use bailiwick_examples::streaming::AccountId;

use super::Model;
use crate::faults::ask::{Asker, parsed};
use crate::faults::bug::Bug;
use crate::faults::fixture::ScalesId;
use crate::faults::journal_copy;
use crate::faults::order::Order;
use crate::faults::reports::Report;
use crate::invariant::Checked;
use crate::invariant::Invariant::{NeverLost, Once, Readable};
use crate::stage::settle;

/// How many of the latest keys are asked again.
const KEYS: usize = 16;

pub(super) async fn check(
    events: &[RecordedEvent],
    model: &Model,
    told: &[Report],
    bug: Option<Bug>,
) -> Checked {
    let first = Restarted::on(events, model, bug).await?;
    let second = Restarted::on(events, model, bug).await?;
    let (seen, again) = (first.sight(model).await?, second.sight(model).await?);
    if seen != again {
        return Err(Readable.broken(format!("one journal, two states:\n{seen:#?}\n{again:#?}")));
    }
    first.keys_answer(told).await?;
    first.deadlines_go_on().await
}

struct Restarted {
    journal: MemoryJournal,
    clock: ManualClock,
    asker: Asker,
}

impl Restarted {
    /// At the time when half of what was pending is due.
    async fn on(events: &[RecordedEvent], model: &Model, bug: Option<Bug>) -> Checked<Restarted> {
        let journal = MemoryJournal::new();
        for recorded in events {
            let appended = journal.append(vec![recorded.event.clone()], None).await;
            appended.map_err(|error| Readable.broken(ErrorReport::of(&error).to_string()))?;
        }
        let half = |(first, last): (Timestamp, Timestamp)| first + last.since(first) / 2;
        let now = model.recorded_at().max(model.expiries().map_or(Timestamp::default(), half));
        let clock = ManualClock::at(now);
        let builder = Runtime::builder(journal.clone()).clock(clock.clone()).entropy(7);
        let asker = Asker::start(builder, bug).await;
        let asker = asker.map_err(|error| Readable.broken(ErrorReport::of(&error).to_string()))?;
        let restarted = Restarted { journal, clock, asker };
        restarted.quiet().await;
        restarted.nothing_is_overdue(now).await?;
        Ok(restarted)
    }

    async fn events(&self) -> Vec<RecordedEvent> {
        journal_copy::read(&self.journal).await
    }

    /// Until nothing is written any more.
    async fn quiet(&self) {
        let head = async || self.journal.head().await.expect("in memory").position;
        let mut before = head().await;
        let mut unchanged = 0;
        while unchanged < 2 {
            settle().await;
            let now = head().await;
            unchanged = if now == before { unchanged + 1 } else { 0 };
            before = now;
        }
    }

    async fn nothing_is_overdue(&self, now: Timestamp) -> Checked {
        let model = Model::of(&self.events().await)?;
        model.overdue(now).map_or(Ok(()), |due| {
            Err(NeverLost.broken(format!("a deadline does not go on: {due}")))
        })
    }

    /// All that can be seen of it.
    async fn sight(&self, model: &Model) -> Checked<(Vec<String>, Vec<RecordedEvent>)> {
        let mut states = Vec::new();
        for account in model.accounts.keys() {
            let account = self.asker.accounts.get(parsed::<AccountId>(account));
            let state = account.read(|account, now| format!("{account:?} at {now}")).await;
            states.push(
                state.map_err(|error| Readable.broken(ErrorReport::of(&error).to_string()))?.value,
            );
        }
        for scales in model.scales.keys() {
            let scales = self.asker.scales.get(parsed::<ScalesId>(scales));
            let state = scales.read(|scales, _| format!("{scales:?}")).await;
            states.push(
                state.map_err(|error| Readable.broken(ErrorReport::of(&error).to_string()))?.value,
            );
        }
        Ok((states, self.events().await))
    }

    /// Asked again, what has a key is answered as it was, and nothing happens.
    async fn keys_answer(&self, told: &[Report]) -> Checked {
        let before = self.head().await;
        let with_key = |told: &&Report| match told {
            Report::Done { id, .. } => Order::of(*id).key.is_some(),
            _ => false,
        };
        for told in told.iter().rev().filter(with_key).take(KEYS) {
            let Report::Done { id, .. } = told else {
                continue;
            };
            let again = self.asker.perform(Order::of(*id)).await;
            match again {
                Ok(again) if again == *told => {}
                other => {
                    let what = format!("{told:?}; asked again with the key: {other:?}");
                    return Err(Once.broken(what));
                }
            }
        }
        match self.head().await {
            head if head == before => Ok(()),
            head => {
                let what = format!("asking again moved the journal from {before} to {head}");
                Err(Once.broken(what))
            }
        }
    }

    async fn head(&self) -> Position {
        self.journal.head().await.expect("in memory").position
    }

    /// Until the last one: each when it is due, none before.
    async fn deadlines_go_on(&self) -> Checked {
        while let Some((first, _)) = Model::of(&self.events().await)?.expiries() {
            self.clock.advance_to(first.max(self.performer_now() + Duration::from_millis(1)));
            self.quiet().await;
            self.nothing_is_overdue(first).await?;
        }
        Ok(())
    }

    fn performer_now(&self) -> Timestamp {
        bailiwick::Clock::now(&self.clock)
    }
}
