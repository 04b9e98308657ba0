//! What the processes of a server use.

use std::time::{Duration, Instant};

use crate::cpu;
use crate::memory::in_status;

/// The processor time of this process and of a server's, from here on.
pub(super) struct Watch {
    begun: Instant,
    own: Option<Duration>,
    server: Duration,
    pids: Vec<u32>,
}

impl Watch {
    pub(super) fn begin(pids: &[u32]) -> Watch {
        let (own, server) = (cpu::used(), cpu::used_by(pids));
        Watch { begun: Instant::now(), own, server, pids: pids.to_owned() }
    }

    /// Cores that this process used.
    pub(super) fn own_cores(&self) -> Option<f64> {
        Some(self.share(cpu::used()?.saturating_sub(self.own?)))
    }

    /// Cores that the server's processes used, if it has any that are known.
    pub(super) fn server_cores(&self) -> Option<f64> {
        let used = || cpu::used_by(&self.pids).saturating_sub(self.server);
        (!self.pids.is_empty()).then(|| self.share(used()))
    }

    fn share(&self, used: Duration) -> f64 {
        used.as_secs_f64() / self.begun.elapsed().as_secs_f64()
    }
}

/// Bytes of a process that are in memory and nowhere else: without pages of files, which the system keeps for as
/// long as it has room. None where there is no `/proc`, or no such process.
pub(super) fn memory_of(pid: u32) -> Option<u64> {
    in_status(&pid.to_string(), "RssAnon:")
}
