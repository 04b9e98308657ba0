//! Told in the middle of everything: while it is loaded, stored, decides, or met a conflict.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bailiwick::ManualClock;
use tokio::task::yield_now;

use crate::fixture::{BookId, LOAN, Lend, LendAnyway, Library, MemberId, Rename};
use crate::late_journal::hesitant;

const CALLERS: u64 = 16;
const CALLS: u64 = 60;
const MEMBERS: u64 = 5;
const BOOKS: u64 = 4;

fn member(nth: u64) -> MemberId {
    format!("m{nth}").parse().expect("an ID")
}

/// Who has been acknowledged something never finds less afterwards, and nobody is forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_is_told_whatever_is_under_way() {
    let library = Library::on(hesitant(), ManualClock::at(1_000), |builder| {
        builder.config(|config| {
            config
                // Out of memory as soon as there is nothing to do.
                .warm(Duration::ZERO)
                .idle(Duration::ZERO)
                .resting_aggregates(1)
        })
    })
    .await;
    let library = Arc::new(library);
    let borrowed: Arc<[AtomicU64]> = (0..MEMBERS).map(|_| AtomicU64::new(0)).collect();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| tokio::spawn(lend_and_look(caller, library.clone(), borrowed.clone())))
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    for nth in 0..MEMBERS {
        let known = library.members.get(member(nth)).read(|member, _| member.borrowed);
        let place = usize::try_from(nth).unwrap();
        assert_eq!(known.await.unwrap().value, borrowed[place].load(Ordering::SeqCst));
    }
    library.clock.advance(LOAN);
    let reminded = |library: Arc<Library>| async move {
        while library.events("Reminded").await < usize::try_from(MEMBERS).unwrap() {
            yield_now().await;
        }
    };
    let all = tokio::time::timeout(Duration::from_secs(60), reminded(library));
    all.await.expect("nobody's deadline is lost");
}

async fn lend_and_look(caller: u64, library: Arc<Library>, borrowed: Arc<[AtomicU64]>) {
    for call in 0..CALLS {
        let nth = (caller * 7 + call) % MEMBERS;
        let book: BookId = format!("b{}", (caller + call) % BOOKS).parse().unwrap();
        match call % 3 {
            0 => library.runtime.decide(LendAnyway(book, member(nth))).await.unwrap(),
            _ => {
                let lend = Lend(book.clone(), member(nth));
                library.books.get(book).ask(lend).await.unwrap();
            }
        }
        let place = usize::try_from(nth).unwrap();
        let acknowledged = borrowed[place].fetch_add(1, Ordering::SeqCst) + 1;
        let reference = library.members.get(member(nth));
        let known = match call % 5 {
            0 => reference.ask(Rename).await.unwrap(),
            _ => reference.read(|member, _| member.borrowed).await.unwrap().value,
        };
        assert!(known >= acknowledged, "{known} of {acknowledged} that were acknowledged");
    }
}
