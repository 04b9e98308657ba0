//! For how long a key is remembered: for all of the stated window, whatever is asked meanwhile.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::{AskError, Builder, Cause, Unknown};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::settle;

use crate::fixture::{BEGIN, DropCoin, Jars};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Remembers so many keys for so long.
fn remembering(answers: usize, window: Duration) -> impl Fn(Builder) -> Builder {
    move |builder| builder.config(|config| config.answers(answers).answers_for(window))
}

async fn drop_coin(jars: &Jars<u64>, key: impl ToString) -> Result<u64, Cause> {
    let asked = jars.all.get("a").once(key.to_string()).ask(DropCoin).await;
    asked.map_err(|error| match error {
        AskError::NotRun(not_run) => not_run.cause,
        error => panic!("{error}"),
    })
}

#[tokio::test]
async fn a_key_is_not_forgotten_because_of_others() {
    let jars = Jars::<u64>::new().await;
    for nth in 1..=2_000 {
        assert_eq!(drop_coin(&jars, nth).await.unwrap(), nth);
    }
    let jars = jars.later::<u64>().await;
    assert_eq!(drop_coin(&jars, 1).await.unwrap(), 1);
    assert_eq!(jars.coins().await, 2_000);
}

#[tokio::test]
async fn with_no_room_new_keys_are_turned_away_and_nothing_else() {
    let jars = Jars::<u64>::with(remembering(3, MINUTE)).await;
    for key in 1..=3 {
        drop_coin(&jars, key).await.unwrap();
        jars.clock.advance(Duration::from_secs(10));
    }
    let full = drop_coin(&jars, 4).await.unwrap_err();
    let Cause::KeysFull { remembered: 3, window: MINUTE, room_in } = full else {
        panic!("{full:?}");
    };
    assert_eq!(room_in, Duration::from_secs(30));
    assert_eq!(drop_coin(&jars, 1).await.unwrap(), 1, "it is known");
    assert_eq!(jars.all.get("a").ask(DropCoin).await.unwrap(), 4, "it has no key");
    assert_eq!(jars.all.get("b").once("4").ask(DropCoin).await.unwrap(), 1, "another aggregate");
    jars.clock.advance(room_in - Duration::from_millis(1));
    drop_coin(&jars, 4).await.unwrap_err();
    jars.clock.advance(Duration::from_millis(1));
    assert_eq!(drop_coin(&jars, 4).await.unwrap(), 5);
    // Now it remembers three again, of which the second goes next.
    let full = drop_coin(&jars, 1).await.unwrap_err();
    assert!(matches!(full, Cause::KeysFull { room_in, .. } if room_in == Duration::from_secs(10)));
    let counts = jars.runtime.counts();
    assert_eq!((counts.returned, counts.open()), (3, 0));
}

#[tokio::test]
async fn what_is_remembered_is_bounded_in_bytes_too() {
    let jars =
        Jars::<u64>::with(|builder| builder.config(|config| config.answers_bytes(10_000))).await;
    let mut taken = 0;
    while drop_coin(&jars, format!("{taken:0200}")).await.is_ok() {
        taken += 1;
        assert!(taken < 100, "there is no bound");
    }
    assert_eq!(taken, 25, "401 bytes each");
    assert!(matches!(drop_coin(&jars, "short").await, Err(Cause::KeysFull { .. })));
}

/// Another runtime may have more room, and a bound may be lowered: what the journal has is known.
#[tokio::test]
async fn what_the_journal_has_is_remembered_beyond_the_bound() {
    let jars = Jars::<u64>::with(remembering(100, HOUR)).await;
    for key in 1..=10 {
        drop_coin(&jars, key).await.unwrap();
        jars.clock.advance(MINUTE);
    }
    let jars = jars.later_with::<u64>(remembering(2, HOUR)).await;
    for key in 1..=10 {
        assert_eq!(drop_coin(&jars, key).await.unwrap(), key);
    }
    let full = drop_coin(&jars, 11).await.unwrap_err();
    let Cause::KeysFull { remembered: 10, room_in, .. } = full else { panic!("{full:?}") };
    assert_eq!(room_in, 58 * MINUTE, "when the ninth of them is forgotten");
    jars.clock.advance(room_in);
    assert_eq!(drop_coin(&jars, 11).await.unwrap(), 11);
}

#[tokio::test]
async fn a_longer_window_that_is_configured_later_holds_for_what_was_before() {
    let jars = Jars::<u64>::with(remembering(1, MINUTE)).await;
    drop_coin(&jars, 1).await.unwrap();
    jars.clock.advance(2 * MINUTE);
    drop_coin(&jars, 2).await.unwrap();
    let jars = jars.later_with::<u64>(remembering(1, HOUR)).await;
    assert_eq!(drop_coin(&jars, 1).await.unwrap(), 1);
    assert_eq!(drop_coin(&jars, 2).await.unwrap(), 2);
}

/// However long the journal takes.
#[tokio::test]
async fn what_is_still_being_appended_is_not_forgotten() {
    let jars = Jars::<u64>::with(remembering(3, MINUTE)).await;
    jars.journal.shut();
    let first = tokio::spawn(jars.all.get("a").once("k").ask(DropCoin));
    jars.journal.waiting(1).await;
    jars.clock.advance(2 * MINUTE);
    assert!(matches!(first.await.unwrap(), Err(AskError::Unknown { why: Unknown::TimedOut, .. })));
    let again = tokio::spawn(jars.all.get("a").once("k").ask(DropCoin));
    settle().await;
    jars.journal.open();
    assert_eq!(again.await.unwrap().unwrap(), 1);
    assert_eq!(jars.coins().await, 1);
}

/// Its clock is half an hour slow, but what it writes comes behind what is there.
#[tokio::test]
async fn a_runtime_whose_clock_is_slow_does_not_shorten_the_window() {
    let here = Jars::<u64>::new().await;
    here.all.get("a").ask(DropCoin).await.unwrap();
    let slow = Altered::around(here.journal.inner()).append(|journal, mut events, condition| {
        events.iter_mut().for_each(|event| event.recorded_at = (BEGIN - 30 * 60_000).into());
        journal.append(events, condition)
    });
    let slow = FaultyJournal::around(Arc::new(slow));
    let there = Jars::<u64>::on(slow, here.clock.clone(), |builder| builder).await;
    let first = drop_coin(&there, "k").await.unwrap();
    here.clock.advance(HOUR - Duration::from_millis(1));
    assert_eq!(drop_coin(&here, "k").await.unwrap(), first);
    here.clock.advance(Duration::from_millis(1));
    assert_ne!(drop_coin(&here, "k").await.unwrap(), first);
}

#[tokio::test]
async fn who_may_wait_for_longer_than_a_key_is_remembered_is_refused() {
    let jars = Jars::<u64>::with(remembering(3, MINUTE)).await;
    let jar = |timeout| jars.all.get("a").timeout(timeout).once("k");
    jar(MINUTE).ask(DropCoin).await.unwrap();
    let error = jar(HOUR).ask(DropCoin).await.unwrap_err();
    let cause = error.not_run().expect("it was not run");
    assert!(matches!(cause, Cause::WindowTooShort { window: MINUTE, timeout: HOUR }), "{cause}");
}

#[tokio::test]
async fn what_is_remembered_counts_towards_what_may_rest() {
    let jars = Jars::<u64>::with(|builder| {
        builder.config(|config| config.warm(Duration::from_millis(1)).resting_bytes(256 << 10))
    })
    .await;
    for id in ["a", "b", "c", "d"] {
        for nth in 0..250 {
            let key = format!("{nth}{}", "k".repeat(200));
            jars.all.get(id).once(key).ask(DropCoin).await.unwrap();
        }
        jars.clock.advance(Duration::from_millis(10));
        settle().await;
    }
    assert_eq!(jars.all.in_memory().len(), 2, "they hold 100 kB each");
    // When that is forgotten there is room for all of them.
    jars.clock.advance(HOUR);
    for id in ["a", "b", "c", "d"] {
        jars.all.get(id).ask(DropCoin).await.unwrap();
        jars.clock.advance(Duration::from_millis(10));
        settle().await;
    }
    assert_eq!(jars.all.in_memory().len(), 4);
}
