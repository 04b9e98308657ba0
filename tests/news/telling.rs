//! An aggregate's event that concerns others.

use std::time::Duration;

use bailiwick::{AskError, Builder, ManualClock, Position};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::settle;

use crate::fixture::{LOAN, Lend, LendAnyway, Library, Rename, Return};
use crate::late_journal::Held;

fn lend(member: &'static str) -> Lend {
    Lend("b".into(), member.into())
}

#[tokio::test]
async fn the_deadline_of_another_follows_whether_or_not_it_is_in_memory() {
    let library = Library::new().await;
    library.members.get("live").ask(Rename).await.unwrap();
    for member in ["live", "stored"] {
        library.books.get("b").ask(lend(member)).await.unwrap();
    }
    settle().await;
    assert_eq!(library.members.deadlines_armed(), 2);
    library.clock.advance(LOAN - Duration::from_millis(1));
    settle().await;
    assert_eq!(library.events("Reminded").await, 0, "never early");
    library.clock.advance(Duration::from_millis(1));
    settle().await;
    assert_eq!(library.events("Reminded").await, 2);
    assert_eq!(library.members.deadlines_armed(), 0);
}

#[tokio::test]
async fn whoever_reads_or_asks_after_the_acknowledgement_finds_it() {
    let library = Library::new().await;
    let member = library.members.get("m");
    for n in 1..=3 {
        assert_eq!(member.read(|member, _| member.borrowed).await.unwrap().value, n - 1);
        library.books.get("b").ask(lend("m")).await.unwrap();
        assert_eq!(member.read(|member, _| member.borrowed).await.unwrap().value, n);
        assert_eq!(member.ask(Rename).await.unwrap(), n);
    }
    assert_eq!(library.runtime.counts().conflicts, 0);
}

#[tokio::test]
async fn who_watches_another_is_told() {
    let library = Library::new().await;
    let mut watch = library.members.get("m").watch(Position::START).await.unwrap();
    let seen =
        tokio::spawn(async move { watch.next().await.unwrap().map(|change| change.position()) });
    settle().await;
    library.books.get("b").ask(lend("m")).await.unwrap();
    assert_eq!(seen.await.unwrap().unwrap(), Position::new(1));
}

/// They share the key of their tags, and the event carries it without naming anybody else.
#[tokio::test]
async fn aggregates_of_one_id_are_told_of_each_others_events() {
    let library = Library::new().await;
    let wear = library.wear.get("b");
    for n in 1..=2 {
        library.books.get("b").ask(lend("m")).await.unwrap();
        assert_eq!(wear.read(|wear, _| wear.lent).await.unwrap().value, n);
    }
    library.books.get("b").ask(lend("m")).await.unwrap();
    settle().await;
    library.clock.advance(Duration::from_secs(1));
    settle().await;
    assert_eq!(library.events("Rebound").await, 1);
    assert_eq!(library.runtime.counts().conflicts, 0);
}

/// What a deadline decides is told as what a command decides.
#[tokio::test]
async fn an_event_that_concerns_its_aggregate_only_is_told_to_nobody() {
    let library = Library::new().await;
    library.books.get("b").ask(lend("m")).await.unwrap();
    library.clock.advance(LOAN);
    settle().await;
    let before = library.journal.reads();
    for _ in 0..10 {
        library.books.get("b").ask(Return).await.unwrap();
        library.members.get("m").ask(Rename).await.unwrap();
    }
    settle().await;
    assert_eq!(library.journal.reads(), before, "nobody had anything to read");
}

/// What it is loaded from is of before it was told.
#[tokio::test]
async fn an_aggregate_that_is_being_loaded_is_told_too() {
    let (held, clock) = (Held::default(), ManualClock::at(1_000));
    let library = Library::on(held.journal(), clock, |builder| builder).await;
    let member = library.members.get("m");
    library.books.get("b").ask(Return).await.unwrap();
    held.hold();
    let early = tokio::spawn(member.read(|member, _| member.borrowed));
    settle().await;
    library.books.get("b").ask(lend("m")).await.unwrap();
    let late = tokio::spawn(member.read(|member, _| member.borrowed));
    settle().await;
    held.let_go();
    early.await.unwrap().unwrap();
    assert_eq!(late.await.unwrap().unwrap().value, 1);
    settle().await;
    assert_eq!(library.members.deadlines_armed(), 1);
}

/// The journal cannot be read for a moment, just when it would be needed to know the deadline.
#[tokio::test]
async fn a_deadline_that_others_set_is_known_once_the_journal_can_be_read_again() {
    for live in [false, true] {
        for by_decision in [false, true] {
            let library = Library::new().await;
            if live {
                library.members.get("m").ask(Rename).await.unwrap();
            }
            library.books.get("b").ask(Return).await.unwrap();
            library.journal.set_unreadable(true);
            if by_decision {
                let decision = LendAnyway("b".into(), "m".into());
                library.runtime.decide(decision).await.unwrap();
            } else {
                library.books.get("b").ask(lend("m")).await.unwrap();
            }
            settle().await;
            library.journal.set_unreadable(false);
            let begun = LOAN + Duration::from_secs(3);
            for _ in 0..begun.as_secs() {
                library.clock.advance(Duration::from_secs(1));
                settle().await;
            }
            let reminded = library.events("Reminded").await;
            assert_eq!(reminded, 1, "live: {live}, by a decision: {by_decision}");
            assert_eq!(library.members.deadlines_armed(), 0);
        }
    }
}

/// Nobody knows whether the event was written; it was, and once the journal can be asked they do.
#[tokio::test]
async fn what_may_have_been_written_is_found_by_those_whom_it_concerns() {
    for (live, by_decision, closes) in each_of_three() {
        let library = Library::with(Builder::reopen_journal).await;
        if live {
            library.members.get("m").ask(Rename).await.unwrap();
        }
        library.books.get("b").ask(Return).await.unwrap();
        settle().await;
        library.journal.plan([Fault::UnknownWritten]);
        if closes {
            library.journal.fail_stop(2);
        }
        let unknown = if by_decision {
            let decided = library.runtime.decide(LendAnyway("b".into(), "m".into())).await;
            matches!(decided, Err(AskError::Unknown { .. }))
        } else {
            let lent = library.books.get("b").ask(lend("m")).await;
            matches!(lent, Err(AskError::Unknown { .. }))
        };
        let case = format!("live: {live}, by a decision: {by_decision}, it closes: {closes}");
        assert!(unknown, "{case}");
        library.members.get("m").read(|_, _| ()).await.unwrap();
        for _ in 0..LOAN.as_secs() + 3 {
            library.clock.advance(Duration::from_secs(1));
            settle().await;
        }
        assert_eq!(library.events("Reminded").await, 1, "{case}");
        let borrowed = library.members.get("m").read(|member, _| member.borrowed);
        assert_eq!(borrowed.await.unwrap().value, 1, "{case}");
        assert_eq!(library.members.deadlines_armed(), 0, "{case}");
    }
}

fn each_of_three() -> impl Iterator<Item = (bool, bool, bool)> {
    (0..8).map(|n| (n & 1 == 1, n & 2 == 2, n & 4 == 4))
}

/// A read that was asked while it could not be loaded says so, and does not wake it for ever.
#[tokio::test]
async fn what_was_only_read_leaves_no_deadline_when_it_cannot_be_loaded() {
    let library = Library::new().await;
    library.journal.set_unreadable(true);
    assert!(library.members.get("m").read(|_, _| ()).await.is_err());
    settle().await;
    assert_eq!(library.members.deadlines_armed(), 0);
}

#[tokio::test]
async fn a_batch_that_met_a_conflict_is_told_once_it_is_written() {
    let library = Library::new().await;
    library.books.get("b").ask(Return).await.unwrap();
    library.journal.plan([Fault::Conflict]);
    library.books.get("b").ask(lend("m")).await.unwrap();
    assert_eq!(library.members.get("m").read(|member, _| member.borrowed).await.unwrap().value, 1);
    settle().await;
    assert_eq!(library.members.deadlines_armed(), 1);
}

/// Nobody could tell whether it was written, so the runtime looks.
#[tokio::test]
async fn whom_an_event_may_concern_finds_it_if_it_was_written() {
    for (fault, deadlines) in [(Fault::UnknownWritten, 2), (Fault::UnknownLost, 0)] {
        let library = Library::new().await;
        library.members.get("live").ask(Rename).await.unwrap();
        for member in ["live", "stored"] {
            library.journal.plan([fault]);
            library.books.get("b").ask(lend(member)).await.unwrap_err();
        }
        settle().await;
        assert_eq!(library.members.deadlines_armed(), deadlines, "{fault:?}");
    }
}
