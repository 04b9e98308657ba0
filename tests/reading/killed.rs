//! A process with writers and a subscription is killed at random, and another goes on from the cursor that was
//! kept: every event once, in order, none left out.

use std::env::{self, current_exe};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bailiwick::journal::{Cursor, Journal};
use bailiwick::{Aggregates, FileJournal, News, Position, Runtime, Since, Update};
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterEvent, CounterId};

use super::{Given, catch_up};

const FOLDER: &str = "BAILIWICK_TESTS_FOLDER";
const AFTER: &str = "BAILIWICK_TESTS_AFTER";
const LIVES: usize = 10;
/// By the long command: so many journals, and so many lives of each. A start reads its journal.
const ROUNDS: usize = 40;
const LIVES_OF_EACH: usize = 50;
const WRITERS: usize = 20;
/// What is told of an event begins like this.
const GIVEN: &str = "given ";

async fn start(folder: &Path) -> Runtime {
    let journal = FileJournal::open(folder).expect("nobody else has it");
    let builder = Runtime::builder(journal).aggregate::<Counter>();
    builder.config(|config| config.page_events(16)).start().await.expect("it starts")
}

async fn count(counters: Aggregates<Counter>, id: CounterId) {
    let counter = counters.get(id).timeout(Duration::from_secs(60));
    while counter.ask(Count::FREELY).await.is_ok() {}
}

/// A life of the process. It is killed.
#[tokio::test]
#[ignore = "it is begun by the test of killed processes"]
async fn life() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let runtime = start(folder.as_ref()).await;
    let after = env::var(AFTER).ok().map(|text| text.parse::<Cursor>().expect("a cursor"));
    let since = after.map_or(Since::Position(Position::START), Since::Cursor);
    let mut events = runtime.subscribe::<CounterEvent>(since).await.expect("it begins");
    for writer in 0..WRITERS {
        let id = format!("c{writer}").parse().expect("an ID");
        tokio::spawn(count(runtime.aggregates(), id));
    }
    while let Some(update) = events.next().await {
        if let Update::Event(news) = update.expect("it can be read") {
            tell(&news, events.cursor());
        }
    }
}

fn tell(news: &News<CounterEvent>, cursor: Cursor) {
    let id: CounterId = news.id().expect("one counter");
    let CounterEvent::Counted { value } = news.event else { panic!("{news:?}") };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{GIVEN}{cursor} {id} {value}").expect("somebody listens");
}

/// Runs a process until it has told of so many events, and kills it. What it has told.
fn live_and_die(folder: &Path, after: Option<Cursor>, lines: usize) -> Vec<String> {
    let mut command = Command::new(current_exe().expect("this program"));
    command.args(["killed::life", "--exact", "--ignored", "--nocapture"]).env(FOLDER, folder);
    after.map(|after| command.env(AFTER, after.to_string()));
    let mut child = command.stdout(Stdio::piped()).spawn().expect("a process");
    let mut out = BufReader::new(child.stdout.take().expect("it was asked for"));
    let (mut told, mut is_killed) = (Vec::new(), false);
    loop {
        let mut line = String::new();
        if out.read_line(&mut line).expect("a pipe") == 0 {
            break;
        }
        // One that it did not come to the end of was not told.
        if let Some(line) = line.strip_suffix('\n')
            && let Some((_, line)) = line.split_once(GIVEN)
        {
            told.push(line.to_owned());
        }
        if told.len() >= lines && !is_killed {
            child.kill().expect("it lives");
            is_killed = true;
        }
    }
    child.wait().expect("it has ended");
    assert!(is_killed, "it ended by itself after {told:?}");
    told
}

#[tokio::test]
async fn every_event_is_given_once_whoever_is_killed() {
    live(0, LIVES).await;
}

#[tokio::test]
#[ignore = "2 000 processes"]
async fn every_event_is_given_once_whoever_of_two_thousand_is_killed() {
    for round in 0..ROUNDS {
        live(round, LIVES_OF_EACH).await;
        println!("{} processes were killed", (round + 1) * LIVES_OF_EACH);
    }
}

/// So many lives on a journal of their own, which are killed at other moments in each round.
async fn live(round: usize, lives: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut given, mut after) = (Given::default(), None);
    for life in 0..lives {
        let lines = 1 + (life * 37 + round * 11) % 90;
        for line in live_and_die(folder.path(), after, lines) {
            let parts: Vec<_> = line.split(' ').collect();
            let [cursor, id, value] = parts[..] else { panic!("{line}") };
            let cursor: Cursor = cursor.parse().expect("a cursor");
            let (position, value) = (cursor.position.get(), value.parse::<u64>().expect("a value"));
            assert!(given.last < position, "{position} after {}", given.last);
            given.last = position;
            let before = given.values.insert(id.parse().expect("an ID"), value);
            assert_eq!(before.unwrap_or_default() + 1, value, "in life {life}, at {position}");
            after = Some(cursor);
        }
    }
    let runtime = start(folder.path()).await;
    let mut events = runtime.subscribe::<CounterEvent>(after.expect("some")).await.unwrap();
    let end = catch_up(&mut events, &mut given).await;
    assert_eq!(end.position, runtime.journal().head().await.unwrap().position);
    for (id, value) in &given.values {
        let counter = runtime.aggregates::<Counter>().get(id.clone());
        assert_eq!(counter.read(|counter, _| counter.value).await.unwrap().value, *value);
    }
}
