//! The environment of spawning and randomness: with [time](crate::Clock) all that a runtime takes from
//! its surroundings, so that a seeded executor can drive it and replay a schedule.

pub(crate) mod clock;
pub(crate) mod health;
pub(crate) mod time;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bailiwick_core::BoxFuture;

/// Where a runtime's tasks run.
///
/// ```
/// use bailiwick::{BoxFuture, MemoryJournal, Runtime, Spawn};
/// use tokio::runtime::Handle;
///
/// /// Says what it spawns.
/// struct Told(Handle);
///
/// impl Spawn for Told {
///     fn spawn(&self, task: BoxFuture<()>) {
///         println!("another task");
///         self.0.spawn(task);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let builder = Runtime::builder(MemoryJournal::new()).spawner(Told(Handle::current()));
/// let runtime = builder.entropy(7).start().await?; // Maps are seeded alike in every run.
/// # Ok(())
/// # }
/// ```
pub trait Spawn: Send + Sync + 'static {
    /// Runs `task` to its end, concurrently with the caller. If it can no longer be run, it is
    /// dropped.
    ///
    /// Tasks need a tokio context, because kameo spawns one of its own when an actor stops.
    fn spawn(&self, task: BoxFuture<()>);

    /// Calls `check` once, before it returns, in the context that the tasks have. With it a start finds
    /// out whether the clock can sleep there: [`NoTimers`](crate::StartError::NoTimers).
    ///
    /// The default does not call it, and nothing is checked then: on a tokio runtime without timers
    /// the tasks of the runtime end when they first sleep, and no deadline fires by itself, no time-out
    /// ends a wait. [`Runtime::health`](crate::Runtime::health) names those that have ended. So whoever
    /// wraps another spawner passes this on to it.
    ///
    /// ```
    /// use bailiwick::{BoxFuture, Spawn};
    ///
    /// struct Logged(tokio::runtime::Handle);
    ///
    /// impl Spawn for Logged {
    ///     fn spawn(&self, task: BoxFuture<()>) {
    ///         println!("a task begins");
    ///         Spawn::spawn(&self.0, task);
    ///     }
    ///
    ///     fn within(&self, check: &mut dyn FnMut()) {
    ///         self.0.within(check);
    ///     }
    /// }
    /// ```
    fn within(&self, check: &mut dyn FnMut()) {
        let _ = check;
    }
}

/// Spawns on a tokio runtime.
impl Spawn for tokio::runtime::Handle {
    fn spawn(&self, task: BoxFuture<()>) {
        drop(tokio::runtime::Handle::spawn(self, task));
    }

    fn within(&self, check: &mut dyn FnMut()) {
        let _context = self.enter();
        check();
    }
}

/// A source of random numbers. It seeds the hash maps.
///
/// For an example see [`Spawn`].
pub trait Entropy: Send + Sync + 'static {
    /// The next random number.
    fn next_u64(&self) -> u64;
}

/// Randomness from the operating system, through the standard library's hasher keys.
///
/// For an example see [`Spawn`].
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn next_u64(&self) -> u64 {
        RandomState::new().hash_one(0)
    }
}

/// A constant: the same schedule then gives the same run.
impl Entropy for u64 {
    fn next_u64(&self) -> u64 {
        *self
    }
}

/// What a runtime takes from its surroundings.
#[derive(Clone)]
pub(crate) struct Environment {
    pub(crate) clock: Arc<dyn clock::Clock>,
    pub(crate) spawner: Arc<dyn Spawn>,
    pub(crate) entropy: Arc<dyn Entropy>,
}
