//! A start that reads an outline of the journal refuses what one refuses that reads all of it, and reads little.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bailiwick::journal::{Answer, EncodedEvent, EventType, Journal, Origin, RecordedDeadline};
use bailiwick::{
    Builder, ErrorReport, Event, ManualClock, MemoryJournal, Runtime, StartError, Timestamp,
};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::journals::outlined::{outline_of, outlined};
use serde::{Deserialize, Serialize};

use super::evolving::{event, first, second};

/// What somebody else emits, with a tag that no ID here has.
#[derive(Event, Serialize, Deserialize)]
struct Subscribed {}

/// Each a random history of what was written by programs that know more, or less, than those below.
fn history(seed: u64) -> Vec<EncodedEvent> {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = move |end: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 33).unwrap() % end
    };
    // How much of it is as it should be.
    let strange = [1, 20, 60][below(3)];
    (0..below(30)).map(|_| some_event(&mut |end| below(end), strange)).collect()
}

fn some_event(below: &mut dyn FnMut(usize) -> usize, strange: usize) -> EncodedEvent {
    let is_strange = |below: &mut dyn FnMut(usize) -> usize| below(100) < strange;
    let locked = ["Locked", "Painted", "Built"][below(3)];
    let payload = match locked {
        "Built" => bailiwick::Fields::new().with("dozens", &2_u32).unwrap().encode(),
        "Painted" => bailiwick::Fields::new().with("colour", &"red").unwrap().encode(),
        _ => vec![0x80],
    };
    let mut event = event(locked, payload);
    if is_strange(below) {
        event.event_type = EventType::literal(["Subscribed", "Unknown", "bailiwick.New"][below(3)]);
    }
    if is_strange(below) {
        event.version = 2;
    }
    if below(2) == 0 {
        let strange = is_strange(below);
        let aggregate = if strange { "Theatre" } else { "Hall" };
        let tag = if is_strange(below) { "stage:h" } else { "hall:h" };
        let deadline = RecordedDeadline::new(None, 1);
        let tag = tag.parse().unwrap();
        event.metadata.origin = Some(Origin { aggregate: aggregate.into(), tag, deadline });
    }
    if is_strange(below) {
        event.tags =
            ["stage:1", "hall:h"][..1 + below(2)].iter().map(|t| t.parse().unwrap()).collect();
    }
    event
}

type Program = fn(Builder) -> Builder;

const PROGRAMS: &[Program] = &[
    |builder| builder.aggregate::<first::Hall>(),
    |builder| builder.aggregate::<first::Hall>().emits::<Subscribed>(),
    |builder| builder.aggregate::<second::Hall>(),
    |builder| builder.aggregate::<second::Hall>().ignores_events(["Subscribed", "Unknown"]),
    |builder| builder.aggregate::<first::Hall>().ignores_aggregates(["Theatre"]),
    |builder| {
        let builder = builder.aggregate::<first::Hall>().ignores_aggregates(["Theatre"]);
        builder.ignores_keys(["stage"]).ignores_events(["Subscribed", "Unknown", "bailiwick.New"])
    },
    |builder| builder.emits::<Subscribed>(),
];

async fn outcome(journal: impl Journal, program: Program) -> Result<(), String> {
    let builder = program(Runtime::builder(journal)).clock(ManualClock::at(1_000));
    let refused: StartError = match builder.start().await {
        Ok(_) => return Ok(()),
        Err(refused) => refused,
    };
    Err(ErrorReport::of(&refused).to_string())
}

#[tokio::test]
async fn it_refuses_what_a_start_refuses_that_reads_everything() {
    let (mut started, mut refused) = (0, std::collections::BTreeSet::new());
    for seed in 0..150 {
        let (events, journal) = (history(seed), MemoryJournal::new());
        for event in &events {
            journal.append(vec![event.clone()], None).await.unwrap();
        }
        for (nth, program) in PROGRAMS.iter().enumerate() {
            let expected = outcome(journal.clone(), *program).await;
            for upto in [1, events.len() / 3, events.len() / 2, events.len()] {
                let journal = outlined(journal.clone(), upto as u64);
                let found = outcome(journal, *program).await;
                assert_eq!(found, expected, "seed {seed}, program {nth}, outlined up to {upto}");
            }
            match expected {
                Ok(()) => started += 1,
                Err(why) => drop(refused.insert(why.chars().take(30).collect::<String>())),
            }
        }
    }
    assert!(started > 50 && refused.len() > 6, "{started} {refused:?}");
}

#[tokio::test]
async fn it_reads_an_event_of_each_shape_and_what_is_behind_the_outline() {
    let journal = MemoryJournal::new();
    for nth in 0..5_000 {
        let event = event(if nth % 2 == 0 { "Locked" } else { "Subscribed" }, vec![0x80]);
        journal.append(vec![event], None).await.unwrap();
    }
    let given = Arc::new(AtomicUsize::new(0));
    let counted = given.clone();
    let journal = Altered::new(journal).read(move |inner, read| {
        let counted = counted.clone();
        inner.read(read).map(move |page| {
            counted.fetch_add(page.as_ref().map_or(0, |page| page.events.len()), Ordering::SeqCst);
            page
        })
    });
    let journal = journal.outline(|inner| Answer::ready(Ok(outline_of(&**inner, 4_990))));
    let builder = Runtime::builder(journal).aggregate::<first::Hall>().emits::<Subscribed>();
    let builder = builder.config(|config| config.page_events(100));
    builder.clock(ManualClock::at(1_000)).start().await.unwrap();
    assert_eq!(given.load(Ordering::SeqCst), 2 + 10);
}

/// Whoever says what is not so is not believed.
#[tokio::test]
async fn an_outline_of_another_journal_is_not_believed() {
    let (journal, other) = (MemoryJournal::new(), MemoryJournal::new());
    for nth in 0..10 {
        journal.append(vec![event("Unknown", vec![0x80])], None).await.unwrap();
        let mut event = event("Locked", vec![0x80]);
        event.recorded_at = Timestamp::from_millis(nth);
        other.append(vec![event], None).await.unwrap();
    }
    let outline = outline_of(&other, 10);
    let journal = Altered::new(journal).outline(move |_| Answer::ready(Ok(outline.clone())));
    let refused = outcome(journal, Builder::aggregate::<first::Hall>).await;
    assert!(refused.is_err_and(|why| why.contains("\"Unknown\"") && why.contains("position 1")));
}
