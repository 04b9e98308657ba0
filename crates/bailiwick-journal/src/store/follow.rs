//! A store that another process writes: what can be read of it, and nothing that is not certainly durable.
//!
//! Nothing is written. The indexes of the segments that the log has left for good are taken from their files; of
//! those that have none yet, and of the last one, they are in memory.

use std::sync::Arc;

use bailiwick_core::journal::Head;
use bailiwick_core::{Position, Timestamp};

use super::StoreError;
use super::view::{Run, State, View, push};
use crate::files::Folder;
use crate::index::Active;
use crate::log::{Follower, Record, Segments};

/// A store, open for reading beside the one who writes it.
pub struct Following {
    view: Arc<View>,
    follower: Follower,
}

impl Following {
    /// Opens the store in a folder; none if there is none yet.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(
        folder: Arc<dyn Folder>,
        filter_bytes: usize,
    ) -> Result<Option<Following>, StoreError> {
        let Some((log, segments)) = Segments::found(folder.clone())? else { return Ok(None) };
        let (number, before) = segments.last_begun()?;
        let head = Head { position: before, recorded_at: Timestamp::EPOCH };
        let active = Active::from(Position::START.plus(1));
        let state = State { left: Vec::new(), runs: Vec::new(), active, number, head };
        let view = View::new(segments.clone(), log, folder, filter_bytes, state);
        let view = Arc::new(view.read_only());
        let (active, recorded_at) = view.open_left(number, before)?;
        {
            let mut state = view.change();
            (state.active, state.head) = (active, Head { recorded_at, ..head });
        }
        let follower = Follower::behind(segments, number, before)?;
        let mut following = Following { view, follower };
        while !following.catch_up()?.is_empty() {}
        Ok(Some(following))
    }

    /// Which log it is.
    pub fn id(&self) -> u128 {
        self.view.log
    }

    /// What can be read.
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// Takes in some more of what is durable by now, and returns that; nothing if there is no more yet.
    ///
    /// # Errors
    /// If it cannot be read. What can be read is as it was.
    pub fn catch_up(&mut self) -> Result<Vec<Record>, StoreError> {
        /// How many events are taken in at once: readers wait that long.
        const MOST: usize = 1_000;
        let mut records = Vec::new();
        while records.len() < MOST
            && let Some(record) = self.follower.next_record()?
        {
            records.push(record);
        }
        if records.is_empty() {
            self.view.take_files();
            return Ok(records);
        }
        let mut state = self.view.change();
        for record in &records {
            if record.place.segment != state.number {
                state.leave(record.place.segment);
            }
            push(&mut state.active, record)?;
            state.head.position = record.position;
            state.head.recorded_at = state.head.recorded_at.max(state.active.latest());
        }
        Ok(records)
    }
}

impl View {
    /// Takes the files of indexes that were written meanwhile, in the place of those in memory.
    fn take_files(&self) {
        if self.state().runs.iter().all(|run| run.file().is_some()) {
            return;
        }
        let Ok(files) = self.indexes() else { return };
        let mut state = self.change();
        for run in files {
            let Run { segments: (first, last), .. } = run;
            let within = |known: &Arc<Run>| first <= known.segments.0 && known.segments.1 <= last;
            let Some(begin) = state.runs.iter().position(within) else { continue };
            let known = &state.runs[begin..];
            let count = known.iter().take_while(|known| within(known)).count();
            let ends = (known[0].segments.0, known[count - 1].segments.1);
            let is_new = known[..count].iter().any(|known| known.file().is_none());
            let events = (known[0].first, known[count - 1].last);
            if is_new && ends == (first, last) && events == (run.first, run.last) {
                state.runs.splice(begin..begin + count, [Arc::new(run)]);
            }
        }
    }
}
