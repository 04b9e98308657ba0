//! Bounds: what is large, or too many, is refused or waits by itself, and costs nobody else anything.

mod batches;
mod durable;
mod fixture;
mod flood;
mod narrow_journal;
mod race;
mod reads;
mod texts;
mod work;

/// What a task has come to when everybody has done what there is to do. It does not wait for ever.
#[track_caller]
fn now<T>(task: tokio::task::JoinHandle<T>) -> impl Future<Output = T> {
    let asked = std::panic::Location::caller();
    async move {
        bailiwick_tests::stage::settle().await;
        assert!(task.is_finished(), "it has no answer yet: {asked}");
        task.await.expect("it does not panic")
    }
}
