//! The bounds of a runtime, each with a name and a unit.

use std::num::NonZeroUsize;
use std::time::Duration;

/// The bounds of a runtime. All have defaults that suit a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// How many commands, and how many reads, may wait for one aggregate. Default 1 024.
    pub mailbox_commands: NonZeroUsize,
    /// How many commands at most go into one append of one aggregate. Default 256.
    pub batch_commands: NonZeroUsize,
    /// How often a command is decided at most when other writers are faster. Default 16.
    pub attempts: u32,
    /// How long a caller waits unless it says otherwise. Default 5 s.
    pub timeout: Duration,
    /// How long an actor stays with an aggregate that has nothing to do. Default 1 s.
    pub linger: Duration,
    /// How many actors of one aggregate type stay although they have nothing to do; an actor takes
    /// about 7 KB. Default 16 384.
    pub lingering_actors: NonZeroUsize,
    /// How long an aggregate that has nothing to do stays in memory. Default 60 s.
    pub idle: Duration,
    /// How many aggregates of one type stay in memory although they have nothing to do; one takes
    /// less than 250 bytes beside its ID and its state. Default 1 000 000.
    pub resting_aggregates: NonZeroUsize,
    /// How long an aggregate that cannot be loaded is left alone. Default 1 s.
    pub reload_backoff: Duration,
    /// How late a deadline is tried again after a failure; doubled each time. Default 1 s.
    pub deadline_backoff: Duration,
    /// The bound of that doubling. Default 60 s.
    pub deadline_backoff_max: Duration,
    /// How many due deadlines of one aggregate type have a place at a time, from when they are
    /// handed out until what they decided is durable. Default 256.
    pub due_at_once: NonZeroUsize,
    /// How long a due deadline keeps its place at most while the journal does not answer; then
    /// another has it. Default 1 s.
    pub due_patience: Duration,
    /// How many due deadlines of one aggregate type are under way at most, with a place or without:
    /// more are not begun until the journal has answered. Default 16 384.
    pub due_unanswered: NonZeroUsize,
    /// How many events are read from the journal at once. Default 1 000.
    pub page_events: NonZeroUsize,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            mailbox_commands: NonZeroUsize::new(1_024).unwrap(),
            batch_commands: NonZeroUsize::new(256).unwrap(),
            attempts: 16,
            timeout: Duration::from_secs(5),
            linger: Duration::from_secs(1),
            lingering_actors: NonZeroUsize::new(16_384).unwrap(),
            idle: Duration::from_secs(60),
            resting_aggregates: NonZeroUsize::new(1_000_000).unwrap(),
            reload_backoff: Duration::from_secs(1),
            deadline_backoff: Duration::from_secs(1),
            deadline_backoff_max: Duration::from_secs(60),
            due_at_once: NonZeroUsize::new(256).unwrap(),
            due_patience: Duration::from_secs(1),
            due_unanswered: NonZeroUsize::new(16_384).unwrap(),
            page_events: NonZeroUsize::new(1_000).unwrap(),
        }
    }
}
