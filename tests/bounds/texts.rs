//! What a caller says beside a command has a bound, and is looked at before anything waits.

use bailiwick::{AskError, Cause, ManualClock, MemoryJournal, Runtime};
use bailiwick_tests::stage::BEGIN;

use crate::fixture::{Add, Album, Print, album};

fn refused<T, C, R: std::fmt::Debug>(
    asked: Result<T, AskError<C, R>>,
) -> (&'static str, usize, usize) {
    let Err(error) = asked else { panic!("it is not refused") };
    match error.not_run() {
        Some(Cause::TextTooLong { what, bytes, most }) => (what, *bytes, *most),
        _ => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_correlation_or_a_principal_that_is_too_long_is_refused() {
    let runtime = Runtime::builder(MemoryJournal::new())
        .aggregate::<Album>()
        .decision::<Print>()
        .clock(ManualClock::at(BEGIN))
        .config(|config| config.call_text_bytes(10))
        .start()
        .await
        .unwrap();
    let (fits, long) = ("x".repeat(10), "x".repeat(11));
    let a = album(&runtime, "a");
    assert_eq!(a.correlation(fits.clone()).ask(Add::of(1)).await.unwrap(), 1);
    assert_eq!(a.principal(fits.clone()).ask(Add::of(1)).await.unwrap(), 2);
    let told = refused(a.correlation(long.clone()).ask(Add::of(1)).await);
    assert_eq!(told, ("correlation", 11, 10));
    let told = refused(a.principal(long.clone()).once("key").ask(Add::of(1)).await);
    assert_eq!(told, ("principal", 11, 10));
    let decisions = runtime.decisions();
    assert_eq!(decisions.principal(fits).decide(Print(1)).await.unwrap(), 1);
    let told = refused(decisions.principal(long.clone()).decide(Print(1)).await);
    assert_eq!(told, ("principal", 11, 10));
    let told = refused(decisions.correlation(long).once("key").decide(Print(1)).await);
    assert_eq!(told, ("correlation", 11, 10));
    let counts = runtime.counts();
    assert_eq!((counts.accepted, counts.not_admitted), (3, 4));
}
