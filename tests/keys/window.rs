//! For how long a key is remembered: for all of the stated window, whatever is asked meanwhile.

use std::num::NonZeroUsize;

use crate::jar::{DropCoin, Jars};

#[tokio::test]
async fn a_key_is_not_forgotten_because_of_others() {
    let jars = Jars::<u64>::new().await;
    let first = jars.all.get("a").once("first").ask(DropCoin).await.unwrap();
    for nth in 0..2_000 {
        jars.all.get("a").once(format!("k{nth}")).ask(DropCoin).await.unwrap();
    }
    assert_eq!(jars.all.get("a").once("first").ask(DropCoin).await.unwrap(), first);
    assert_eq!(jars.coins().await, 2_001);
}

#[tokio::test]
async fn what_is_remembered_counts_towards_what_may_rest() {
    let jars = Jars::<u64>::with(|builder| {
        builder.config(|config| {
            config.linger = std::time::Duration::from_millis(1);
            config.resting_bytes = NonZeroUsize::new(64 << 10).unwrap();
        })
    })
    .await;
    for id in ["a", "b", "c", "d"] {
        for nth in 0..500 {
            let key = format!("{nth}{}", "k".repeat(200));
            jars.all.get(id).once(key).ask(DropCoin).await.unwrap();
        }
        jars.clock.advance(std::time::Duration::from_millis(10));
        bailiwick_tests::stage::settle().await;
    }
    assert!(jars.all.in_memory().len() <= 1, "{:?} hold 100 kB each", jars.all.in_memory());
}
