//! All IDs of a type, and what falls due, a page at a time.

use bailiwick::{Position, ReadError, Timestamp, Update};
use bailiwick_tests::fixtures::counter::{Bell, Count, CounterId, Look, SetAlarm};
use bailiwick_tests::stage::{BEGIN, Stage};

const MANY: u64 = 25;

fn id(n: u64) -> CounterId {
    format!("c{n:02}").parse().unwrap()
}

#[tokio::test]
async fn all_ids_are_listed_once_in_order_and_nobody_is_loaded() {
    let stage = Stage::new().await;
    for n in (0..MANY).rev() {
        stage.counters.get(id(n)).ask(Count::FREELY).await.unwrap();
        stage.counters.get(id(n)).ask(Count::FREELY).await.unwrap();
    }
    // It has no event of its own.
    stage.counters.get("asked").once("key").ask(Look).await.unwrap();
    let stage = stage.restart().await;
    for limit in [0, 1, 4, 5, 24, 25, 26, 1_000_000] {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = stage.counters.limit(limit).ids(after.as_ref()).await.unwrap();
            assert!(page.ids.len() <= limit.max(1), "{limit}");
            assert_eq!(page.upto.get(), 2 * MANY + 1);
            after = page.ids.last().cloned();
            all.extend(page.ids);
            if !page.more {
                break;
            }
        }
        assert_eq!(all, (0..MANY).map(id).collect::<Vec<_>>(), "{limit}");
    }
    assert_eq!(stage.counters.in_memory(), []);
}

/// The first page and a subscription from it miss nobody.
#[tokio::test]
async fn who_comes_while_pages_are_read_is_told_of_by_a_subscription() {
    let stage = Stage::new().await;
    for n in 5..MANY {
        stage.counters.get(id(n)).ask(Count::FREELY).await.unwrap();
    }
    let first = stage.counters.limit(5).ids(None).await.unwrap();
    stage.counters.get(id(0)).ask(Count::FREELY).await.unwrap();
    let rest = stage.counters.ids(first.ids.last()).await.unwrap();
    assert_eq!((first.ids.len() + rest.ids.len()) as u64, MANY - 5);
    let mut events = stage.counters.subscribe(first.upto).await.unwrap();
    let next = events.next().await.unwrap().unwrap();
    let Update::Event(news) = next else { panic!("{next:?}") };
    assert_eq!(news.id(), Ok(id(0)));
}

#[tokio::test]
async fn a_list_says_that_the_journal_cannot_be_read_or_is_gone() {
    let stage = Stage::new().await;
    let Stage { runtime, counters, .. } = stage;
    runtime.shutdown(std::time::Duration::from_secs(1)).await;
    assert!(matches!(counters.ids(None).await.unwrap_err(), ReadError::ShutDown));
    assert!(matches!(
        counters.get("a").as_of(Position::START).await.unwrap_err(),
        ReadError::ShutDown
    ));
}

#[tokio::test]
async fn what_falls_due_is_listed_in_order_of_time_and_nobody_is_loaded() {
    let stage = Stage::new().await;
    // In another order than the IDs, and some at the same time.
    let at = |n: u64| Timestamp::from_millis(BEGIN + 10_000 + n * 7 % MANY / 2);
    let mut expected: Vec<_> = (0..MANY).map(|n| (at(n), id(n))).collect();
    expected.sort();
    for n in (0..MANY).rev() {
        let set = SetAlarm { at: Some(at(n)), bell: Bell::Rings };
        stage.counters.get(id(n)).ask(set).await.unwrap();
    }
    stage.counters.get("none").ask(Count::FREELY).await.unwrap();
    let stage = stage.restart().await;
    for limit in [1, 4, 5, 24, 25, 26] {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = stage.counters.limit(limit).deadlines(after.as_ref()).await;
            assert!(page.deadlines.len() <= limit);
            after = page.deadlines.last().cloned();
            all.extend(page.deadlines.into_iter().map(|armed| (armed.at, armed.id)));
            if !page.more {
                break;
            }
        }
        assert_eq!(all, expected, "{limit}");
    }
    assert_eq!(stage.counters.in_memory(), []);
}
