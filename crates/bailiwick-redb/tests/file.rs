//! A store in a file: what it keeps, what gives way, and what becomes of a file that is none.

use std::path::Path;

use bailiwick_core::journal::JournalId;
use bailiwick_core::snapshot::SnapshotOf;
use bailiwick_core::{Event, SnapshotKey, SnapshotStore, Snapshots, Timestamp, View, id};
use bailiwick_redb::{OpenError, RedbSnapshots};
use serde::{Deserialize, Serialize};

id!(BoxId: "box");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Opened {}

#[derive(PartialEq, Serialize, Deserialize)]
struct Chest(u64);

impl View for Chest {
    type Key = BoxId;
    type Event = Opened;
    const SNAPSHOTS: Option<Snapshots<Self>> = Some(Snapshots::version(1));
    fn new(_: &BoxId) -> Self {
        Chest(0)
    }
    fn apply(&mut self, _: &Opened, _: Timestamp) {
        self.0 += 1;
    }
}

fn key(of: SnapshotOf, nth: u64) -> SnapshotKey {
    of.key::<Chest>(&format!("b{nth}").parse().unwrap()).unwrap()
}

fn view(nth: u64) -> SnapshotKey {
    key(SnapshotOf::View, nth)
}

async fn has(store: &RedbSnapshots, key: &SnapshotKey) -> Option<Vec<u8>> {
    store.get(key).await.unwrap().map(|kept| kept.to_vec())
}

async fn put(store: &RedbSnapshots, nth: u64, bytes: usize) {
    store.put(view(nth), vec![u8::try_from(nth).unwrap(); bytes].into()).await.unwrap();
}

#[tokio::test]
async fn it_keeps_what_it_is_given_until_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = RedbSnapshots::open(&path).unwrap();
    assert_eq!(has(&store, &view(1)).await, None);
    put(&store, 1, 10).await;
    put(&store, 1, 20).await;
    put(&store, 2, 30).await;
    assert_eq!(store.claim(JournalId::from_u128(7)).await.unwrap(), JournalId::from_u128(7));
    drop(store);
    let store = RedbSnapshots::open(&path).unwrap();
    assert_eq!(has(&store, &view(1)).await, Some(vec![1; 20]));
    assert_eq!(store.claim(JournalId::from_u128(8)).await.unwrap(), JournalId::from_u128(7));
    store.remove(&view(1)).await.unwrap();
    assert_eq!(
        (has(&store, &view(1)).await, has(&store, &view(2)).await.map(|b| b.len())),
        (None, Some(30))
    );
}

#[tokio::test]
async fn a_view_is_forgotten_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = RedbSnapshots::open(folder.path().join("s")).unwrap();
    for nth in 0..5 {
        put(&store, nth, 10).await;
        store.put(key(SnapshotOf::Aggregate, nth), vec![9].into()).await.unwrap();
    }
    store.clear(view(0).view()).await.unwrap();
    for nth in 0..5 {
        assert_eq!(has(&store, &view(nth)).await, None);
        assert_eq!(has(&store, &key(SnapshotOf::Aggregate, nth)).await, Some(vec![9]));
    }
}

#[tokio::test]
async fn what_was_saved_first_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = RedbSnapshots::options().most_bytes(5_000).open(path).unwrap();
    for nth in 0..4 {
        put(&store, nth, 1_000).await;
    }
    put(&store, 0, 1_000).await;
    put(&store, 4, 1_000).await;
    let kept: Vec<_> = (0..5).map(view).collect();
    let mut there = Vec::new();
    for key in &kept {
        there.push(has(&store, key).await.is_some());
    }
    assert_eq!(there, [true, false, true, true, true], "one was saved again since");
    put(&store, 5, 6_000).await;
    assert_eq!(has(&store, &view(5)).await, None, "it is larger than all of them may be");
}

/// Opens what somebody has made of the file, and uses it.
async fn is_made_anew(path: &Path) {
    let store = RedbSnapshots::open(path).unwrap();
    put(&store, 1, 10).await;
    assert_eq!(has(&store, &view(1)).await, Some(vec![1; 10]));
}

#[tokio::test]
async fn a_file_that_is_none_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    for bytes in [&b"no database"[..], &[0; 100_000], &[0xff; 5_000]] {
        std::fs::write(&path, bytes).unwrap();
        is_made_anew(&path).await;
    }
    let whole = std::fs::read(&path).unwrap();
    for cut in [1, 100, 4_096, 10_000] {
        std::fs::write(&path, &whole[..cut.min(whole.len())]).unwrap();
        is_made_anew(&path).await;
    }
}

/// Whatever is damaged: it is found out, or it is no part of what is read.
#[tokio::test]
async fn a_file_with_damaged_bytes_keeps_no_process_from_running() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = (0..).map(|nth| folder.path().join(format!("s{nth}")));
    let crashed = left_by_a_crash(&paths.next().unwrap()).await;
    let closed = closed(&paths.next().unwrap(), &crashed);
    for whole in [crashed, closed] {
        let mut cases = Vec::new();
        for step in [97, 997] {
            for from in (0..whole.len()).step_by(whole.len() / 4 + 1) {
                cases.push((from..whole.len()).step_by(step).collect::<Vec<_>>());
            }
        }
        // What says of which types a table is.
        let types = whole.windows(TYPE.len()).enumerate().filter(|(_, bytes)| *bytes == TYPE);
        let types: Vec<_> = types.map(|(at, _)| at).collect();
        assert!(!types.is_empty(), "it is written down otherwise");
        cases.extend(types.into_iter().flat_map(|at| at - 1..at + 2).map(|at| vec![at]));
        for case in cases {
            let mut damaged = whole.clone();
            case.iter().for_each(|at| damaged[*at] ^= 0xff);
            // A file that nobody else still has.
            let path = paths.next().unwrap();
            std::fs::write(&path, damaged).unwrap();
            is_used(&path).await;
        }
    }
}

/// The bytes of a file that nobody closes any more.
async fn left_by_a_crash(path: &Path) -> Vec<u8> {
    for _ in 0..2 {
        let store = RedbSnapshots::open(path).unwrap();
        for nth in 0..40 {
            put(&store, nth, 200).await;
        }
    }
    let store = RedbSnapshots::open(path).unwrap();
    put(&store, 1, 200).await;
    std::fs::read(path).unwrap()
}

/// The bytes of a file that was closed. Opening waits until it is.
fn closed(path: &Path, crashed: &[u8]) -> Vec<u8> {
    std::fs::write(path, crashed).unwrap();
    drop(RedbSnapshots::open(path).unwrap());
    let waits = RedbSnapshots::open(path).unwrap();
    let bytes = std::fs::read(path).unwrap();
    drop(waits);
    bytes
}

/// A start is refused for the snapshots of another journal, and must not be for those of a damaged file.
#[tokio::test]
async fn a_damaged_file_is_of_no_other_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let journal = JournalId::from_u128(0x6a6f_7572_6e61_6c20_6f66_206e_6f62_6f64);
    let store = RedbSnapshots::open(&path).unwrap();
    assert_eq!(store.claim(journal).await.unwrap(), journal);
    drop(store);
    drop(RedbSnapshots::open(&path).unwrap());
    let whole = std::fs::read(&path).unwrap();
    let bytes = journal.as_u128().to_le_bytes();
    let places: Vec<_> = (0..whole.len() - 16).filter(|at| whole[*at..at + 16] == bytes).collect();
    assert!(!places.is_empty(), "it is written down otherwise");
    for (nth, at) in places.into_iter().flat_map(|at| at..at + 16).enumerate() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        let path = folder.path().join(format!("s{nth}"));
        std::fs::write(&path, damaged).unwrap();
        let store = RedbSnapshots::open(&path).unwrap();
        // It may fail, which makes the file anew.
        let claimed = store.claim(journal).await.unwrap_or(journal);
        assert_eq!(claimed, journal, "byte {at}");
        assert_eq!(store.claim(journal).await.unwrap(), journal, "byte {at}");
    }
}

/// A number as the file has it.
fn checked(number: u128) -> Vec<u8> {
    [number.to_le_bytes(), (!number).to_be_bytes()].concat()
}

/// What was saved first is of somebody else: it would be the first for ever.
#[tokio::test]
async fn a_file_that_contradicts_itself_is_made_anew() {
    use redb::{Database, TableDefinition};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let file = Database::create(&path).unwrap();
    let write = file.begin_write().unwrap();
    {
        let table = TableDefinition::<&[u8], &[u8]>::new("kept");
        let mut table = write.open_table(table).unwrap();
        table.insert(&b"o\0\0\0\0\0\0\0\0"[..], &b"nobody"[..]).unwrap();
        table.insert(&b"anext"[..], &checked(5)[..]).unwrap();
        table.insert(&b"abytes"[..], &checked(1_000_000)[..]).unwrap();
    }
    write.commit().unwrap();
    drop(file);
    let store = RedbSnapshots::options().most_bytes(5_000).open(&path).unwrap();
    assert!(store.put(view(1), vec![1; 10].into()).await.is_err());
    put(&store, 1, 10).await;
    assert_eq!(has(&store, &view(1)).await, Some(vec![1; 10]));
}

/// As redb writes it down.
const TYPE: &[u8] = b"&[u8]";

/// Every call may fail, which makes the file anew; and then it is as good as any.
async fn is_used(path: &Path) {
    let store = RedbSnapshots::open(path).unwrap();
    for nth in 0..40 {
        let _ = store.get(&view(nth)).await;
        let _ = store.put(view(nth), vec![1; 100].into()).await;
    }
    let _ = store.clear(view(0).view()).await;
    put(&store, 1, 10).await;
    assert_eq!(has(&store, &view(1)).await, Some(vec![1; 10]));
}

#[tokio::test]
async fn it_says_who_is_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no folder").join("s");
    assert!(matches!(RedbSnapshots::open(path), Err(OpenError::NotMade { .. })));
}
