//! Reads in a cell: counted wherever they are held, and taken out as soon as nobody waits for them.

use std::sync::Arc;

use bailiwick_core::Aggregate;

use super::admit::NotAdmitted;
use super::life::Life;
use super::{Cell, Core};
use crate::glance::{Glance, Reader};

impl<A: Aggregate> Cell<A> {
    /// Puts a read before the cell's next turn.
    pub(crate) fn admit_read(
        self: &Arc<Self>,
        glance: Arc<dyn Glance<A>>,
    ) -> Result<(), NotAdmitted> {
        let mut core = self.open()?;
        let most = self.kind.shared.config.waiting_reads;
        let mut gone = Vec::new();
        if core.reads() >= most {
            gone = core.take_reads(Reader::abandoned);
        }
        if core.reads() >= most {
            drop(core);
            return Err(NotAdmitted::Full);
        }
        let until = glance.until();
        let desk = self.desk(&mut core);
        desk.readers.push(Reader::new(glance));
        self.be_patient(desk, until);
        self.put_in(core, true);
        // The lock first: what is dropped is the caller's.
        drop(gone);
        Ok(())
    }

    /// The caller of a read has gone away. Those that nobody waits for are taken out once they are
    /// half of all.
    pub(crate) fn forget_read(self: &Arc<Self>) {
        let mut core = self.core.lock();
        if let Some(desk) = &mut core.desk {
            desk.left_reads += 1;
        }
        let gone = core.take_left_reads();
        self.withdrawn(core);
        drop(gone);
    }
}

impl<A: Aggregate> Core<A> {
    /// How many reads it holds: those that wait for a turn, for what they saw to be durable, or to be
    /// run again.
    pub(super) fn reads(&self) -> usize {
        let Some(desk) = &self.desk else { return 0 };
        let held = match &self.life {
            Life::Out => desk.reads_out,
            life => life.reads(),
        };
        desk.readers.len() + held
    }

    /// Takes out those that are `gone`, as far as they can be seen.
    pub(super) fn take_reads(&mut self, gone: impl Fn(&Reader<A>) -> bool) -> Vec<Reader<A>> {
        let mut taken = Vec::new();
        let mut take = |readers: &mut Vec<Reader<A>>| {
            if readers.iter().any(&gone) {
                let (out, left) = std::mem::take(readers).into_iter().partition(&gone);
                *readers = left;
                taken.push(out);
            }
        };
        if let Some(desk) = &mut self.desk {
            take(&mut desk.readers);
        }
        self.life.each_readers(take);
        taken.into_iter().flat_map(|out: Vec<_>| out).collect()
    }

    /// Each of them, as far as they can be seen.
    pub(super) fn each_read(&mut self, mut look: impl FnMut(&Reader<A>)) {
        if let Some(desk) = &self.desk {
            desk.readers.iter().for_each(&mut look);
        }
        self.life.each_readers(|readers| readers.iter().for_each(&mut look));
    }

    /// Those that were given up, if they are half of all.
    pub(super) fn take_left_reads(&mut self) -> Vec<Reader<A>> {
        let held = self.reads();
        match &mut self.desk {
            Some(desk) if desk.left_reads > 0 && desk.left_reads * 2 >= held => {
                desk.left_reads = 0;
                self.take_reads(Reader::abandoned)
            }
            _ => Vec::new(),
        }
    }
}

impl<A: Aggregate> Life<A> {
    /// How many reads wait in it.
    pub(super) fn reads(&self) -> usize {
        match self {
            Life::Live(live) => {
                let running = live.running.as_ref().map_or(0, |running| running.readers.len());
                running + live.forming.readers.len() + live.again.readers.len()
            }
            Life::Loading(loading) => loading.again.readers.len(),
            _ => 0,
        }
    }

    fn each_readers(&mut self, mut take: impl FnMut(&mut Vec<Reader<A>>)) {
        match self {
            Life::Live(live) => {
                if let Some(running) = &mut live.running {
                    take(&mut running.readers);
                }
                take(&mut live.forming.readers);
                take(&mut live.again.readers);
            }
            Life::Loading(loading) => take(&mut loading.again.readers),
            _ => {}
        }
    }
}
