//! The index of a segment that the log has left: written to a file beside it, by whoever has the time.

use std::sync::{Arc, OnceLock};

use super::view::{Segment, State, View};
use crate::files::write_all;
use crate::index::{Active, IndexError, Of, Sealed};

/// So many indexes may be in memory that are to be written to files; who appends writes one itself then.
const MOST_UNSEALED: usize = 3;

impl State {
    /// The log has left the segment: its index is in memory until it is [written](View::seal).
    pub(super) fn leave(&mut self, number: u64, index: Active) {
        if index.is_empty() {
            return;
        }
        let (first, last, filter) = (index.first(), index.last(), None);
        let memory = OnceLock::from(index);
        let segment = Segment { number, first, last, file: None, memory, filter };
        self.sealed.push(Arc::new(segment));
    }

    /// The next index to be written to a file, and how many there are.
    fn unsealed(&self) -> (Option<Arc<Segment>>, usize) {
        let mut unsealed = self.sealed.iter().filter(|segment| segment.file.is_none());
        let first = unsealed.next().cloned();
        let more = unsealed.count();
        (first, more)
    }
}

impl View {
    /// Whether so many indexes are to be written that who appends has to.
    pub(super) fn is_behind(&self) -> bool {
        self.state().unsealed().1 >= MOST_UNSEALED
    }

    /// Writes the index of a segment that the log has left to a file; false if there is none to be written.
    ///
    /// # Errors
    /// If that fails. It stays in memory.
    pub fn seal(&self) -> Result<bool, IndexError> {
        let _alone = self.sealing.lock();
        let Some(segment) = self.state().unsealed().0 else { return Ok(false) };
        let Some(index) = segment.memory.get() else { return Ok(false) };
        let file = Some(self.write_index(segment.number, index)?);
        let Segment { number, first, last, .. } = *segment;
        let (memory, filter) = (OnceLock::new(), Some(index.filter()));
        let written = Arc::new(Segment { number, first, last, file, memory, filter });
        let mut state = self.change();
        let place = state.sealed.iter().position(|known| Arc::ptr_eq(known, &segment));
        if let Some(place) = place {
            state.sealed[place] = written;
        }
        Ok(true)
    }

    /// What has its name is whole, and durable.
    fn write_index(&self, number: u64, index: &Active) -> Result<Sealed, IndexError> {
        let seed = self.segments.seed_of(number)?;
        let of = Of { log: self.log, segment: number, seed };
        let (name, unfinished) = (index_name(number), unfinished_index_name(number));
        let names = self.folder.names()?;
        if names.contains(&name)
            && let Ok(known) = Sealed::open(self.folder.open(&name)?, of)
            && (known.first(), known.last()) == (index.first(), index.last())
        {
            return Ok(known);
        }
        for name in [&name, &unfinished].into_iter().filter(|name| names.contains(name)) {
            self.folder.remove(name)?;
        }
        let file = self.folder.create(&unfinished)?;
        write_all(&*file, &index.seal(of), 0)?;
        file.sync()?;
        self.folder.rename(&unfinished, &name)?;
        Sealed::open(file, of)
    }
}

fn index_name(number: u64) -> String {
    format!("{number:010}.index")
}

fn unfinished_index_name(number: u64) -> String {
    format!("{number:010}.index.unfinished")
}
