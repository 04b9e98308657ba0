//! That a story which goes another way is not told to its end.

use bailiwick::{MemoryJournal, Position};

use super::cast::{PHONE, TV};
use super::ledger::Ledger;
use super::*;

async fn stage(runtime: &Runtime) -> Stage<Vec<u8>> {
    let account = runtime.aggregates::<AccountSessions>().get(cast::ACCOUNT);
    let changes = account.watch(Position::START).await.unwrap();
    let narrator = Narrator::new(Vec::new(), SystemClock::new().now());
    Stage::new(account, changes, Ledger::default(), narrator)
}

async fn runtime() -> Runtime {
    let builder = Runtime::builder(MemoryJournal::new());
    builder.aggregate::<AccountSessions>().start().await.unwrap()
}

#[tokio::test]
async fn each_step_is_checked() {
    let runtime = runtime().await;
    let mut stage = stage(&runtime).await;
    stage.limits().await.unwrap();
    stage.grants(TV).await.unwrap();
    let error = stage.grants(TV).await.unwrap_err().to_string();
    let expected = "a slot for living-room TV was expected, but the answer was \"rejected: ";
    assert!(error.contains(expected), "{error}");
    let error = stage.refuses(PHONE, "nothing is taken").await.unwrap_err().to_string();
    assert!(error.starts_with("the story did not go as told: at +"), "{error}");
    assert!(error.ends_with("no slot for Mia's phone was expected, but it got one"), "{error}");
}

#[tokio::test]
async fn nothing_happens_that_is_not_told() {
    let runtime = runtime().await;
    let mut stage = stage(&runtime).await;
    stage.limits().await.unwrap();
    let accounts = runtime.aggregates::<AccountSessions>();
    let limit = bailiwick_examples::streaming::SetLimit { limit: 9 };
    accounts.get(cast::ACCOUNT).ask(limit).await.unwrap();
    let error = stage.until(60_000).await.unwrap_err().to_string();
    assert!(error.contains("nothing was expected, but"), "{error}");
    assert!(error.contains("LimitChanged { limit: 9 }"), "{error}");
}

#[tokio::test]
async fn the_page_is_no_wider_than_it_may_be() {
    let runtime = runtime().await;
    let mut stage = stage(&runtime).await;
    stage.limits().await.unwrap();
    stage.grants(TV).await.unwrap();
    stage.heartbeat(&[TV]).await.unwrap();
    stage.disowns(PHONE).await.unwrap();
    stage.releases(TV).await.unwrap();
    let page = String::from_utf8(stage.narrator.out).unwrap();
    let plain = anstream::adapter::strip_str(&page).to_string();
    for line in plain.lines().filter(|line| line.contains('[')) {
        assert_eq!(line.chars().count(), crate::style::WIDTH - 1, "{line}");
    }
}
