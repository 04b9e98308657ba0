//! A runner that notices when two turns of one ID overlap.
//!
//! Every command of an ID carries the same [`Track`]. A decision takes the track and puts it into
//! its event, which gives it back only after it was applied. So whoever decides or applies for one
//! ID while another does, on whatever thread, finds the track taken and is counted.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use bailiwick::{Aggregate, Context, Decide, Event, RoundTrip, Timestamp, View, id, require};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

id!(
    /// Which runner.
    pub RunnerId: "runner"
);

/// Counts its laps.
#[derive(Debug, Default)]
pub struct Runner {
    /// How many laps were run.
    pub laps: u64,
}

/// What happened to a runner.
#[derive(Event, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum RunnerEvent {
    Ran {
        lap: u64,
        taken: Taken,
    },
    /// Makes `apply` panic.
    Fell {
        taken: Taken,
    },
}

/// Run a lap, unless the limit is reached.
#[derive(Clone)]
pub struct Run {
    /// The track of this runner.
    pub track: Arc<Track>,
    /// How many laps at most.
    pub limit: u64,
    /// Whether the decision takes its time, so that others have a chance to interfere.
    pub slow: bool,
    /// What goes wrong.
    pub mishap: Option<Mishap>,
}

impl Run {
    /// A lap without a limit or a mishap.
    pub fn on(track: &Arc<Track>) -> Run {
        Run { track: track.clone(), limit: u64::MAX, slow: false, mishap: None }
    }
}

/// Where the rules panic. They do so without the panic hook, which would write a line each time.
#[derive(Debug, Clone, Copy)]
pub enum Mishap {
    /// In `decide`, after an event.
    InDecide,
    /// In `apply`.
    InApply,
}

/// The message of every panic on purpose.
pub const MISHAP: &str = "a mishap";

/// The limit is reached.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("that was the last lap")]
pub struct Finished;

/// What two turns of one runner must never have at the same time.
#[derive(Debug, Default)]
pub struct Track {
    taken: AtomicBool,
    overlaps: AtomicU64,
}

impl Track {
    /// How often it was taken while it was taken.
    pub fn overlaps(&self) -> u64 {
        self.overlaps.load(Relaxed)
    }

    fn take(self: &Arc<Self>) -> Taken {
        if self.taken.swap(true, Relaxed) {
            self.overlaps.fetch_add(1, Relaxed);
        }
        Taken(Some(self.clone()))
    }
}

/// A track, until it is dropped. An event that comes out of the journal has none.
#[derive(Debug)]
pub struct Taken(Option<Arc<Track>>);

/// It does not, and says so, or the event that holds the track would not be the one that is applied.
impl RoundTrip for Taken {}

impl Serialize for Taken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit_struct("Taken")
    }
}

impl<'de> Deserialize<'de> for Taken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Taken(None))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(track) = &self.0 {
            track.taken.store(false, Relaxed);
        }
    }
}

impl View for Runner {
    type Key = RunnerId;
    type Event = RunnerEvent;

    fn new(_: &RunnerId) -> Self {
        Runner::default()
    }

    fn apply(&mut self, event: &RunnerEvent, _: Timestamp) {
        match event {
            RunnerEvent::Ran { lap, .. } => {
                assert_eq!(*lap, self.laps + 1, "a lap is missing or was run twice");
                self.laps = *lap;
            }
            RunnerEvent::Fell { .. } => {
                // What is left behind is garbage.
                self.laps += 1_000;
                resume_unwind(Box::new(MISHAP));
            }
        }
    }
}

impl Aggregate for Runner {
    const NAME: &'static str = "Runner";
}

impl Decide<Run> for Runner {
    type Reply = u64;
    type Rejection = Finished;

    fn decide(&self, run: &Run, ctx: &mut Context<RunnerEvent>) -> Result<u64, Finished> {
        let taken = run.track.take();
        if run.slow {
            // A few microseconds, on this thread.
            (0..64).for_each(|_| std::hint::spin_loop());
        }
        require(self.laps < run.limit, Finished)?;
        if let Some(Mishap::InApply) = run.mishap {
            ctx.emit(RunnerEvent::Fell { taken });
            return Ok(0);
        }
        let lap = self.laps + 1;
        ctx.emit(RunnerEvent::Ran { lap, taken });
        if let Some(Mishap::InDecide) = run.mishap {
            resume_unwind(Box::new(MISHAP));
        }
        Ok(lap)
    }
}
