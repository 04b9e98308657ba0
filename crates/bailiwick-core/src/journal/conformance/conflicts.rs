//! Cases of conflicts: that they are those of the specification, and what they name.

use super::build::{at, event, tagged, unless};
use super::client::{Client, won};
use super::random::Random;
use crate::journal::{AppendCondition, AppendError, Query, Read, RecordedEvent};

pub(super) fn a_conflict_names_an_event_that_matches(client: &Client) {
    let mut random = Random::new(1);
    let mut conflicts = 0;
    for _ in 0..300 {
        let condition = random.condition(client.head().position);
        let outcome = client.append_if(condition.clone(), random.events());
        let Err(AppendError::Conflict { at }) = outcome else {
            continue;
        };
        let named = client.at(at);
        let violates = violates(&named, &condition);
        assert!(violates, "{named:?} does not violate {condition:?}");
        conflicts += 1;
    }
    assert!(conflicts > 20, "the case is blind: {conflicts} conflicts");
}

pub(super) fn what_a_conflict_names_can_be_read(client: &Client) {
    let violated = || unless(tagged(&["x:1"]));
    let appended = client.submit([event("A", &["x:1"])], None);
    // The first may be on its way still; what it conflicts with must be in the journal all the same.
    let at = client.refuses(violated());
    let page = client.page(Read::new(tagged(&["x:1"])));
    assert!(
        page.events.iter().any(|event| event.position == at),
        "a conflict with an event at {at} that is not there: {page:?}"
    );
    drop(appended);
}

pub(super) fn conflicts_are_those_of_the_specification(client: &Client) {
    let mut random = Random::new(2);
    let mut events: Vec<RecordedEvent> = Vec::new();
    let (mut admitted, mut refused) = (0, 0);
    for round in 0..500 {
        let condition = random.condition(at(events.len() as u64));
        let holds = !events.iter().any(|event| violates(event, &condition));
        let batch = random.events();
        let outcome = client.append_if(condition.clone(), batch.clone());
        assert_eq!(
            won(&outcome).is_some(),
            holds,
            "round {round}: {outcome:?} on {condition:?} after {} events",
            events.len()
        );
        if !holds {
            refused += 1;
            continue;
        }
        admitted += 1;
        for event in batch {
            let position = at(events.len() as u64 + 1);
            events.push(RecordedEvent { position, event });
        }
    }
    assert!(admitted > 20 && refused > 20, "the case is blind");
    assert_eq!(client.matching(Query::all()), events);
}

/// What the specification says.
fn violates(recorded: &RecordedEvent, condition: &AppendCondition) -> bool {
    let RecordedEvent { position, event } = recorded;
    let selects = |query: &Query| query.matches(event.event_type.as_str(), &event.tags);
    (*position > condition.after && selects(&condition.query))
        || condition.never.as_ref().is_some_and(selects)
}
