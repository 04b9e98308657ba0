//! The least that a durable log does: the same bytes behind each other in a preallocated file, one
//! sync for all that wait. No condition, no index, no state.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::accounts::{Keeper, Opens, Plan, Turn};
use super::written::Written;

/// The file's writer.
#[derive(Clone)]
pub(super) struct RawLog {
    waiting: flume::Sender<(Arc<[u8]>, oneshot::Sender<()>)>,
    written: Written,
    thread: Arc<JoinHandle<()>>,
}

/// Its bytes; it begins anew when they are full.
const FILE_BYTES: usize = 32 << 20;
/// The bytes of a batch at most.
const BATCH_BYTES: usize = 2 << 20;

impl Opens for RawLog {
    async fn open(folder: &Path, _: Plan, written: &Written) -> Self {
        let file = preallocated(folder);
        let (waiting, next) = flume::unbounded();
        let thread = std::thread::spawn(move || write(&file, &next));
        RawLog { waiting, written: written.clone(), thread: Arc::new(thread) }
    }
}

impl Keeper for RawLog {
    async fn run(&self, turn: Turn) {
        let (done, synced) = oneshot::channel();
        let bytes = self.written.of(turn).bytes.clone();
        self.waiting.send((bytes, done)).expect("the thread runs");
        synced.await.expect("it was synced");
    }

    async fn close(self) {
        drop(self.waiting);
        let thread = Arc::try_unwrap(self.thread).expect("no caller is left");
        thread.join().expect("the thread ended well");
    }
}

/// A file whose blocks are there and written.
pub(super) fn preallocated(folder: &Path) -> File {
    let path = folder.join("log");
    let file = File::options().create_new(true).read(true).write(true).open(path).expect("a file");
    file.write_all_at(&vec![0; FILE_BYTES], 0).expect("there is room");
    file.sync_all().expect("it can be synced");
    file
}

fn write(file: &File, next: &flume::Receiver<(Arc<[u8]>, oneshot::Sender<()>)>) {
    let (mut at, mut batch, mut waiters) = (0, Vec::new(), Vec::new());
    while let Ok((bytes, done)) = next.recv() {
        batch.extend_from_slice(&bytes);
        waiters.push(done);
        while batch.len() < BATCH_BYTES
            && let Ok((bytes, done)) = next.try_recv()
        {
            batch.extend_from_slice(&bytes);
            waiters.push(done);
        }
        if at + batch.len() > FILE_BYTES {
            at = 0;
        }
        file.write_all_at(&batch, at as u64).expect("it can be written");
        file.sync_data().expect("it can be synced");
        at += batch.len();
        batch.clear();
        waiters.drain(..).for_each(|done: oneshot::Sender<()>| {
            let _ = done.send(());
        });
    }
}
