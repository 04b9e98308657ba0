//! A snapshot of another version is none, and a version that nobody has raised is found out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bailiwick::{
    Aggregate, Context, Decide, ErrorReport, Event, ManualClock, MemoryJournal, MemorySnapshots,
    Runtime, Sabotage, SnapshotCounts, Snapshots, Timestamp, View, assert_snapshot, commands,
    given, id, quiesce,
};
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

use crate::fixture::{BEGIN, Tank, TankEvent};

id!(pub JarId: "jar");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PutIn {}

/// What a later version of the program reads.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Wider {
    One(PutIn),
    TakenOut {},
}

pub struct Put;

/// A jar, of one version of the program. Declared in several blocks of one function, all of them have one path.
macro_rules! jar {
    ($snapshots:expr, $event:ty, { $($field:tt)* }, $new:expr, |$jar:ident| $apply:expr) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        struct Jar { coins: u64, $($field)* }

        impl View for Jar {
            type Key = JarId;
            type Event = $event;
            const SNAPSHOTS: Option<Snapshots<Self>> = Some($snapshots);
            fn new(_: &JarId) -> Self { $new }
            fn apply(&mut self, _: &$event, _: Timestamp) { let $jar = self; $apply }
        }

        impl Aggregate for Jar { const NAME: &'static str = "Jar"; }

        #[commands]
        impl Jar {
            fn put(&self, _: &Put, ctx: &mut Context<$event>) -> Result<(), std::convert::Infallible> {
                ctx.emit(PutIn {});
                Ok(())
            }
        }
    };
}

/// Where several versions of the program come and go.
#[derive(Default)]
struct Place {
    journal: MemoryJournal,
    store: MemorySnapshots,
    must_agree: bool,
    bug: Option<Sabotage>,
}

impl Place {
    /// A version of the program puts so many coins in, and says what it sees then.
    async fn runs<J: Aggregate<Key = JarId> + Decide<Put>>(
        &self,
        coins: u64,
        look: fn(&J) -> u64,
    ) -> (Result<u64, String>, SnapshotCounts) {
        let builder = Runtime::builder(self.journal.clone()).aggregate::<J>();
        let builder = builder.snapshots(self.store.clone()).sabotage(self.bug);
        let builder = builder.config(|config| config.compared_snapshots(1));
        let builder = builder.clock(ManualClock::at(BEGIN)).entropy(7);
        let builder = if self.must_agree { builder.snapshots_must_agree() } else { builder };
        let runtime = builder.start().await.unwrap();
        let jar = runtime.aggregates::<J>().get("j");
        for _ in 0..coins {
            assert!(jar.ask(Put).await.is_ok());
        }
        let seen = jar.read(move |jar, _| look(jar)).await;
        let seen = seen.map(|seen| seen.value).map_err(|error| ErrorReport::of(&error).to_string());
        settle().await;
        (seen, runtime.snapshots())
    }
}

#[tokio::test]
async fn one_of_another_version_is_none() {
    let place = Place::default();
    {
        jar!(Snapshots::version(1).every(10), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 1);
        let (seen, counts) = place.runs::<Jar>(10, |jar| jar.coins).await;
        assert_eq!((seen, counts.saved), (Ok(10), 1));
    }
    {
        jar!(Snapshots::version(2).every(10), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 2);
        let (seen, counts) = place.runs::<Jar>(0, |jar| jar.coins).await;
        assert_eq!((seen, counts.outdated, counts.used), (Ok(20), 1, 0));
        assert_eq!(counts.saved, 1, "ten events were folded that no snapshot of this version has");
        let (seen, counts) = place.runs::<Jar>(0, |jar| jar.coins).await;
        assert_eq!((seen, counts.used, counts.different), (Ok(20), 1, 0));
    }
}

#[tokio::test]
async fn a_snapshot_of_an_old_version_that_is_used_is_found() {
    let place = Place { bug: Some(Sabotage::OldSnapshotUsed), ..Place::default() };
    {
        jar!(Snapshots::version(1).every(10), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 1);
        place.runs::<Jar>(10, |jar| jar.coins).await.0.unwrap();
    }
    {
        jar!(Snapshots::version(2).every(10), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 2);
        let (seen, counts) = place.runs::<Jar>(0, |jar| jar.coins).await;
        assert_eq!(seen, Ok(10), "the state of before, and not what the events fold to");
        assert_eq!((counts.used, counts.different), (1, 1), "and the comparison says so");
    }
}

#[tokio::test]
async fn one_of_other_events_is_none_whatever_its_version() {
    let place = Place::default();
    {
        jar!(Snapshots::version(1).every(10), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 1);
        place.runs::<Jar>(10, |jar| jar.coins).await.0.unwrap();
    }
    {
        jar!(Snapshots::version(1).every(10), Wider, {}, Jar { coins: 0 }, |jar| jar.coins += 1);
        let (seen, counts) = place.runs::<Jar>(0, |jar| jar.coins).await;
        assert_eq!((seen, counts.outdated, counts.used), (Ok(10), 1, 0));
    }
}

#[tokio::test]
async fn a_version_that_nobody_has_raised_is_a_warning_and_ends_the_use_of_them() {
    let place = Place::default();
    {
        jar!(Snapshots::version(1).every(10), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 1);
        place.runs::<Jar>(10, |jar| jar.coins).await.0.unwrap();
    }
    {
        jar!(Snapshots::version(1).every(10), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 2);
        let (_, counts) = place.runs::<Jar>(0, |jar| jar.coins).await;
        assert_eq!((counts.used, counts.different), (1, 1));
        assert_eq!(place.store.keys(), [], "they are removed");
        let (seen, counts) = place.runs::<Jar>(0, |jar| jar.coins).await;
        assert_eq!((seen, counts.used), (Ok(20), 0));
    }
}

#[tokio::test]
async fn in_a_test_it_is_an_error_that_says_what_to_do() {
    let place = Place { must_agree: true, ..Place::default() };
    {
        jar!(Snapshots::version(1).every(10), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 1);
        place.runs::<Jar>(10, |jar| jar.coins).await.0.unwrap();
        place.runs::<Jar>(1, |jar| jar.coins).await.0.unwrap();
    }
    {
        jar!(Snapshots::version(1).every(10), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 2);
        let why = place.runs::<Jar>(0, |jar| jar.coins).await.0.unwrap_err();
        assert!(why.contains("Jar that is not what its events fold to today"), "{why}");
        assert!(why.contains("raise `Snapshots::version(1)` to 2"), "{why}");
    }
}

#[tokio::test]
async fn one_that_cannot_be_read_is_removed() {
    let place = Place::default();
    {
        jar!(Snapshots::version(1).every(9), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 1);
        place.runs::<Jar>(10, |jar| jar.coins).await.0.unwrap();
    }
    {
        // A field that it does not have.
        jar!(Snapshots::version(1).every(9), PutIn, { notes: u8 }, Jar { coins: 0, notes: 0 }, |jar| jar.coins += 1);
        let (seen, counts) = place.runs::<Jar>(0, |jar| jar.coins).await;
        assert_eq!((seen, counts.unusable, counts.used), (Ok(10), 1, 0));
    }
}

/// What is applied to a state of before panics: its history is read, and the aggregate lives.
#[tokio::test]
async fn one_that_its_events_do_not_fit_is_removed() {
    let place = Place::default();
    {
        jar!(Snapshots::version(1).every(9), PutIn, {}, Jar { coins: 0 }, |jar| jar.coins += 1);
        place.runs::<Jar>(10, |jar| jar.coins).await.0.unwrap();
    }
    {
        jar!(Snapshots::version(1).every(9), PutIn, {}, Jar { coins: 0 }, |jar| {
            assert_eq!(jar.coins % 2, 0, "two at a time");
            jar.coins += 2;
        });
        let (seen, counts) = place.runs::<Jar>(0, |jar| jar.coins).await;
        assert_eq!((seen, counts.unusable, counts.used), (Ok(20), 1, 0));
    }
}

fn panics(story: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(story)).unwrap_err();
    panic.downcast_ref::<String>().cloned().expect("a report")
}

/// A field that is skipped comes back as nothing.
#[test]
fn a_state_that_does_not_come_back_whole_fails_its_story() {
    jar!(Snapshots::version(1), PutIn, { #[serde(skip)] seen: u64 }, Jar { coins: 0, seen: 0 }, |jar| {
        jar.coins += 1;
        jar.seen += 1;
    });
    let story = panics(|| drop(given::<Jar>("j").events([PutIn {}])));
    assert!(story.contains("a snapshot of Jar comes back as another state"), "{story}");
    let story = panics(|| drop(quiesce().aggregate::<Jar>().get::<Jar>("j").ask(Put)));
    assert!(story.contains("a snapshot of Jar comes back as another state"), "{story}");
}

#[test]
fn a_committed_snapshot_fails_the_test_of_a_version_that_nobody_has_raised() {
    let filled = |litres| [(1, TankEvent::Filled { litres })];
    let report = panics(|| assert_snapshot::<Tank>("a", filled(7), ""));
    let (why, committed) = report.split_once("To be committed:\n").unwrap();
    assert!(why.starts_with("Tank: no snapshot is committed yet"), "{why}");
    assert_snapshot::<Tank>("a", filled(7), committed);
    // As if `apply` made something else of the same events.
    let report = panics(|| assert_snapshot::<Tank>("a", filled(8), committed));
    assert!(report.contains("raise `Snapshots::version(1)` to 2"), "{report}");
    let other = committed.replace("version 1 ", "version 3 ");
    let report = panics(|| assert_snapshot::<Tank>("a", filled(7), &other));
    assert!(report.contains("none any more"), "{report}");
    let cut = &committed[..committed.len() - 5];
    let report = panics(|| assert_snapshot::<Tank>("a", filled(7), cut));
    assert!(report.contains("cannot be read"), "{report}");
}
