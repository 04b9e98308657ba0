//! Reads in a cell: counted wherever they are held, and taken out as soon as nobody waits for them.

use std::sync::Arc;
use std::task::Waker;

use bailiwick_core::Aggregate;

use super::admit::NotAdmitted;
use super::attend::Attending;
use super::life::{Life, Live};
use super::waiters::{self, GONE_SHARE};
use super::{Cell, Core};
use crate::request::entry::Entries;
use crate::request::read::{ReadRequest, Reader};

/// Reads that nobody waits for.
type Gone<A> = Vec<Arc<dyn ReadRequest<A>>>;

impl<A: Aggregate> Cell<A> {
    /// Puts a read before the cell's next turn; as [`admit`](Self::admit).
    pub(crate) fn admit_read(
        self: &Arc<Self>,
        request: Arc<dyn ReadRequest<A>>,
        waker: &Waker,
    ) -> Result<Option<Attending<A>>, NotAdmitted> {
        let mut core = self.open()?;
        let most = self.kind.shared.config.waiting_reads;
        let mut gone = Vec::new();
        if core.reads() >= most {
            gone = core.take_gone_reads();
        }
        if core.reads() >= most {
            drop(core);
            return Err(NotAdmitted::Full);
        }
        let until = request.until();
        let inbox = self.inbox(&mut core);
        inbox.readers.push(Reader::new(request));
        let attending = self.run_or_hand_over(core, until, waker, true);
        // The lock first: what is dropped is the caller's.
        drop(gone);
        Ok(attending)
    }

    /// The caller of a read has gone away. Those that nobody waits for are taken out once they are
    /// a [certain share](GONE_SHARE) of all.
    pub(crate) fn forget_read(self: &Arc<Self>) {
        let mut core = self.core.lock();
        if let Some(inbox) = &mut core.inbox {
            inbox.left_reads += 1;
        }
        let gone = core.take_left_reads();
        self.withdrawn(core);
        drop(gone);
    }
}

impl<A: Aggregate> Core<A> {
    /// How many reads it holds: those that wait for a turn, for what they saw to be durable, or to be
    /// run again.
    pub(super) fn reads(&mut self) -> usize {
        let Some(inbox) = &self.inbox else { return 0 };
        let held = match &mut self.life {
            Life::Out => inbox.reads_out,
            life => life.reads(),
        };
        inbox.readers.len() + held
    }

    /// Takes out those that nobody waits for, as far as they can be seen. To be dropped once the cell
    /// is unlocked.
    fn take_gone_reads(&mut self) -> Gone<A> {
        let mut taken = Vec::new();
        let is_gone = |reader: &Reader<A>| {
            waiters::look();
            reader.is_gone()
        };
        let mut take = |readers: &mut Vec<Reader<A>>| {
            if readers.iter().any(is_gone) {
                let (out, left): (Vec<_>, _) =
                    std::mem::take(readers).into_iter().partition(is_gone);
                *readers = left;
                taken.push(out);
            }
        };
        if let Some(inbox) = &mut self.inbox {
            inbox.left_reads = 0;
            take(&mut inbox.readers);
        }
        self.life.each_waiting(|_, readers| take(readers));
        taken.into_iter().flatten().filter_map(Reader::let_go).collect()
    }

    /// Takes out those that nobody waits for, if they may be a [certain share](GONE_SHARE) of all.
    pub(super) fn take_left_reads(&mut self) -> Gone<A> {
        let held = self.reads();
        match &self.inbox {
            Some(inbox) if inbox.left_reads > 0 && inbox.left_reads * GONE_SHARE >= held => {
                self.take_gone_reads()
            }
            _ => Vec::new(),
        }
    }
}

impl<A: Aggregate> Life<A> {
    /// How many reads wait in it.
    pub(super) fn reads(&mut self) -> usize {
        let mut reads = 0;
        self.each_waiting(|_, readers| reads += readers.len());
        reads
    }

    /// Shows what has had its turn, or is to have it again, in the order in which it came.
    pub(super) fn each_waiting(
        &mut self,
        mut show: impl FnMut(&mut Entries<A>, &mut Vec<Reader<A>>),
    ) {
        match self {
            Life::Live(live) => {
                let Live { running, forming, again, .. } = &mut **live;
                if let Some(running) = running {
                    show(&mut running.entries, &mut running.readers);
                }
                show(&mut forming.entries, &mut forming.readers);
                show(&mut again.entries, &mut again.readers);
            }
            Life::Loading(loading) => show(&mut loading.again.entries, &mut loading.again.readers),
            _ => {}
        }
    }
}
