//! The same on the durable journal.

use std::num::NonZeroUsize;
use std::time::Duration;

use bailiwick::Runtime;
use bailiwick_journal::{FileJournal, Options};
use tempfile::TempDir;

use crate::fixture::{Add, Album, album, too_large};

fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

async fn start(folder: &TempDir, options: Options) -> Runtime {
    let journal = options.open(folder.path()).expect("it opens");
    Runtime::builder(journal).aggregate::<Album>().start().await.expect("it starts")
}

#[tokio::test]
async fn many_large_commands_to_one_aggregate_all_succeed() {
    let folder = folder();
    let runtime = start(&folder, FileJournal::options()).await;
    let patient = album(&runtime, "a").timeout(Duration::from_secs(100));
    let mut asks: Vec<_> = (0..256).map(|_| tokio::spawn(patient.ask(Add::of(150_000)))).collect();
    asks.push(tokio::spawn(patient.ask(Add::of(20 << 20))));
    let large = asks.pop().unwrap();
    for (nth, ask) in asks.into_iter().enumerate() {
        assert_eq!(ask.await.unwrap().unwrap(), nth as u64 + 1);
    }
    too_large(large.await.unwrap());
}

#[tokio::test]
async fn however_many_are_cold_each_is_read_in_its_turn() {
    let folder = folder();
    let options = FileJournal::options().reader_threads(NonZeroUsize::MIN);
    let runtime = start(&folder, options).await;
    let albums = runtime.aggregates::<Album>();
    let ask = |nth: usize| {
        let album = albums.get(format!("a{nth}").parse::<crate::fixture::AlbumId>().unwrap());
        tokio::spawn(album.timeout(Duration::from_secs(100)).ask(Add::of(1)))
    };
    let asks: Vec<_> = (0..5_000).map(ask).collect();
    for ask in asks {
        assert_eq!(ask.await.unwrap().unwrap(), 1);
    }
}
