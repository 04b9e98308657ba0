//! Decisions are added where the runtime is built, so that its start knows what they emit and read.

use bailiwick::{Context, Decision, Event, Last, MemoryJournal, Runtime, StartError};
use serde::{Deserialize, Serialize};

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PageTurned {
    page: u64,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct BookOpened;

/// Reads what nobody emits, if it is alone.
#[derive(Serialize)]
struct TurnPage;

impl Decision for TurnPage {
    type Views = (Last<PageTurned>, Option<Last<BookOpened>>);
    type Event = PageTurned;
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn keys(&self) -> ((), Option<()>) {
        ((), None)
    }

    fn decide(
        &self,
        _: (&Last<PageTurned>, Option<&Last<BookOpened>>),
        ctx: &mut Context<PageTurned>,
    ) -> Result<(), Self::Rejection> {
        ctx.emit(PageTurned { page: 1 });
        Ok(())
    }
}

#[tokio::test]
async fn a_view_of_a_decision_that_reads_what_nobody_emits_is_refused() {
    let builder = || Runtime::builder(MemoryJournal::new()).decision::<TurnPage>();
    let refused = builder().start().await.unwrap_err();
    let StartError::NobodyEmits { reader, event: "BookOpened" } = refused else {
        panic!("{refused}")
    };
    assert!(reader.contains("Last<") && reader.contains("BookOpened"), "{reader}");
    // Also where nothing is read today: there is no key.
    let runtime = builder().emits::<BookOpened>().decision::<TurnPage>().start().await.unwrap();
    runtime.decide(TurnPage).await.unwrap();
}

async fn without() -> Runtime {
    Runtime::builder(MemoryJournal::new()).start().await.unwrap()
}

#[tokio::test]
#[should_panic(expected = "add `.decision::<names::decisions::TurnPage>()` where it is built")]
async fn a_decision_that_was_not_added_panics_at_the_call() {
    drop(without().await.decide(TurnPage));
}

#[tokio::test]
#[should_panic(expected = "add `.decision::<names::decisions::TurnPage>()` where it is built")]
async fn so_does_one_with_a_key() {
    drop(without().await.decisions().once("k").decide(TurnPage));
}
