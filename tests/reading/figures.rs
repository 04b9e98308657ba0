//! Among a million aggregates in a folder: all IDs, page by page; the history and a state of one; what falls due.

use std::time::Instant;

use bailiwick::journal::{EncodedEvent, EventType, Journal, Metadata, Origin, RecordedDeadline};
use bailiwick::{Event, FileJournal, Position, Runtime, Tag, Timestamp, Update};
use bailiwick_tests::fixtures::counter::{Bell, Counter, CounterEvent};

const AGGREGATES: u64 = 1_000_000;
const AT_ONCE: u64 = 5_000;
/// How many events the one has that is looked at, all over the journal.
const OF_ONE: u64 = 200;

fn event(id: &str, event: &CounterEvent, alarm: Option<Timestamp>) -> EncodedEvent {
    let mut payload = Vec::new();
    Event::encode(event, &mut payload).expect("it can be encoded");
    let tag = Tag::new("counter", id).expect("a tag");
    let mut metadata = Metadata::default();
    let deadline = RecordedDeadline::new(alarm, 1);
    metadata.origin = Some(Origin { aggregate: "Counter".into(), tag: tag.clone(), deadline });
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: 1,
        tags: tag.into(),
        payload: payload.into(),
        recorded_at: Timestamp::from_millis(1_000),
        metadata,
    }
}

async fn write(journal: &FileJournal) {
    for batch in 0..AGGREGATES / AT_ONCE {
        let numbers = batch * AT_ONCE..(batch + 1) * AT_ONCE;
        let mut events: Vec<_> = numbers
            .map(|n| {
                let at = Some(Timestamp::from_millis(u64::MAX / 4 + n * 7_919 % AGGREGATES));
                event(&format!("c{n:07}"), &CounterEvent::AlarmSet { at, bell: Bell::Rings }, at)
            })
            .collect();
        events.push(event("one", &CounterEvent::Counted { value: batch + 1 }, None));
        journal.append(events, None).await.expect("it is appended");
    }
}

fn say(what: &str, since: Instant) {
    println!("{what}: {:.2} ms", since.elapsed().as_secs_f64() * 1_000.0);
}

#[tokio::test]
#[ignore = "a minute; figures, in a release build"]
async fn among_a_million() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = FileJournal::open(folder.path()).expect("nobody else has it");
    write(&journal).await;
    let begin = Instant::now();
    let builder = Runtime::builder(journal).aggregate::<Counter>();
    let runtime = builder.start().await.expect("it starts");
    say("start", begin);
    let counters = runtime.aggregates::<Counter>().timeout(std::time::Duration::from_secs(60));

    let begin = Instant::now();
    let mut page = counters.ids(None).await.unwrap();
    say("the first page of 1 000 IDs, with the index of values made", begin);
    let (begin, mut ids, mut pages) = (Instant::now(), page.ids.len(), 0_u32);
    while page.more {
        page = counters.ids(page.ids.last()).await.unwrap();
        ids += page.ids.len();
        pages += 1;
    }
    println!(
        "each further page: {:.3} ms",
        begin.elapsed().as_secs_f64() * 1_000.0 / f64::from(pages)
    );
    assert_eq!(ids as u64, AGGREGATES + 1);

    let one = counters.get("one");
    let begin = Instant::now();
    let mut history = one.history(None).await.unwrap();
    let mut events = 0;
    while history.next().await.transpose().unwrap().is_some() {
        events += 1;
    }
    say("the history of one, 200 events", begin);
    assert_eq!(events, OF_ONE);
    let middle = Position::new(AGGREGATES / 2);
    let begin = Instant::now();
    let then = one.as_of(middle).await.unwrap();
    say("its state as of the middle", begin);
    assert_eq!(then.value.value, OF_ONE / 2 - 1);

    let begin = Instant::now();
    let page = counters.deadlines(None).await;
    say("the next 1 000 of a million deadlines", begin);
    assert_eq!((page.deadlines.len(), page.more), (1_000, true));

    let begin = Instant::now();
    let mut events = runtime.subscribe::<CounterEvent>(Position::START).await.unwrap();
    let mut given = 0;
    while let Update::Event(_) = events.next().await.unwrap().unwrap() {
        given += 1;
    }
    say("a subscription to all", begin);
    println!("that is {:.0} events a second", f64::from(given) / begin.elapsed().as_secs_f64());
    assert_eq!(counters.in_memory(), []);
}
