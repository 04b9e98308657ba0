//! The bounds of a runtime, each with a name and a unit.

use std::num::NonZeroUsize;
use std::time::Duration;

/// The bounds of a runtime. All have defaults that suit a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// How many commands may wait in the mailbox of one aggregate. Default 1 024.
    pub mailbox_commands: NonZeroUsize,
    /// How many reads of one aggregate may wait: for the aggregate to be loaded, for a turn, or for
    /// what they saw to be durable. Further ones are refused at once. Default 16 384.
    pub waiting_reads: NonZeroUsize,
    /// How many aggregates of the runtime may wait for the journal at a time: to be loaded, or for an
    /// append. Each may have an actor, of about 7 KB. What is asked of others waits in order, within its
    /// time-out; reads of what is in memory are answered. Default 16 384.
    pub waiting_aggregates: NonZeroUsize,
    /// How many bytes the correlation and the principal of a call may have each. Default 1 024.
    pub call_text_bytes: usize,
    /// How many commands at most go into one append of one aggregate. Default 256.
    pub batch_commands: NonZeroUsize,
    /// How many bytes at most go into one append of one aggregate, or of decisions that are decided
    /// together, as the journal counts them
    /// ([`counted_bytes`](crate::EncodedEvent::counted_bytes)). One that needs more goes alone; what
    /// one may need is up to the journal ([`limits`](crate::Journal::limits)). Default 1 MiB.
    pub batch_bytes: NonZeroUsize,
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
    ///
    /// With more than that, or with more than [`resting_bytes`](Config::resting_bytes), those give
    /// way that were used least, lately: an ID that is used once does not push out one that is used
    /// again and again.
    pub resting_aggregates: NonZeroUsize,
    /// How many bytes the aggregates of one type that have nothing to do may weigh together. Each
    /// counts for 256 bytes (its ID, and what the runtime knows of it), the size of its state's type,
    /// the idempotency keys that it remembers with their replies, and what the state says it holds on
    /// the heap ([`Aggregate::heap_bytes`](crate::Aggregate::heap_bytes)), all as of when it last came
    /// to rest. Not
    /// counted are aggregates at work, or with an actor still, and what the journal keeps in memory.
    /// Default 1 GiB.
    ///
    /// It should be many times what one aggregate weighs. One that is heavier than all of it is not
    /// kept.
    pub resting_bytes: NonZeroUsize,
    /// How long an aggregate that cannot be loaded is left alone; doubled each time, unless it is the
    /// journal that cannot be read. Default 1 s.
    pub reload_backoff: Duration,
    /// The bound of that doubling. Default 60 s.
    pub reload_backoff_max: Duration,
    /// How late a deadline is tried again after a failure; doubled each time. While the journal is
    /// closed for writing none is tried. Default 1 s.
    pub deadline_backoff: Duration,
    /// The bound of that doubling. Default 60 s.
    pub deadline_backoff_max: Duration,
    /// How many due deadlines of one aggregate type have a place at a time, from when they are
    /// handed out until what they decided is durable. Default 256.
    pub due_at_once: NonZeroUsize,
    /// How long an idempotency key is remembered, with what its command was answered, from when that
    /// was decided. It is never forgotten earlier, however many there are. Default 1 h: longer than
    /// who asks again waits in between, be it for a restart. A call with a key whose time-out is longer
    /// is refused ([`Cause::WindowTooShort`](crate::Cause::WindowTooShort)).
    ///
    /// By the clocks of the runtimes on the journal: where those differ it is as much shorter or
    /// longer for what another runtime has decided.
    pub answers_for: Duration,
    /// How many keys an aggregate remembers. With so many it takes no new ones
    /// ([`Cause::KeysFull`](crate::Cause::KeysFull)) until the oldest is as old as
    /// [`answers_for`](Config::answers_for); those that it knows, and commands without a key, go on.
    /// What the journal has is remembered even if it is more. Default 65 536, which is 18 new keys a
    /// second for 1 h, of one aggregate.
    pub answers: NonZeroUsize,
    /// How many bytes they and their replies may take, of one aggregate; with so many it takes no new
    /// ones. Each counts for 200 bytes, the key, and the encoded reply. Default 64 MiB.
    pub answers_bytes: NonZeroUsize,
    /// How many bytes a reply may have that is to be remembered, encoded; of a decision too. A larger
    /// one refuses its command ([`Cause::ReplyTooLarge`](crate::Cause::ReplyTooLarge)). Default 64 KiB.
    pub reply_bytes: NonZeroUsize,
    /// How long the runtime waits before it tries for the second time to open a failed journal again,
    /// if it was told to; doubled each time. Default 100 ms.
    pub reopen_backoff: Duration,
    /// The bound of that doubling. Default 30 s.
    pub reopen_backoff_max: Duration,
    /// How long a due deadline keeps its place at most while the journal does not answer; then
    /// another has it. Default 1 s.
    pub due_patience: Duration,
    /// How many due deadlines of one aggregate type are under way at most, with a place or without:
    /// more are not begun until the journal has answered. Default 16 384.
    pub due_unanswered: NonZeroUsize,
    /// How many decisions are accepted at a time, from when they queue until they have their outcome.
    /// Default 16 384.
    pub waiting_decisions: NonZeroUsize,
    /// How many views are kept between decisions, so that only what is new is folded: those that were
    /// used last. Default 1 024.
    pub cached_views: usize,
    /// How many events are read from the journal at once. Default 1 000.
    pub page_events: NonZeroUsize,
    /// By how much the clock may step ahead and be followed at once, at least 10 ms. What is further
    /// ahead is a leap: nothing runs out before the clock has kept to it for
    /// [`clock_confirm`](Config::clock_confirm). Default 1 s.
    pub clock_leap: Duration,
    /// How long the clock has to keep to a leap, by elapsed time, before it is believed: an NTP
    /// correction, or a machine that was suspended. So a deadline may be late by this and two seconds
    /// after a leap; none is early because a clock was wrong for a moment. 0 believes every reading,
    /// [`Duration::MAX`] no leap at all. Default 5 s.
    pub clock_confirm: Duration,
    /// How far ahead of the clock somebody may have recorded an event: `now` is not earlier than that
    /// then. A runtime on a journal that is further ahead does not start, unless it was
    /// [told to](crate::Builder::allow_journal_ahead); what it meets later does not move `now`.
    /// Default 60 s.
    pub journal_ahead: Duration,
    /// How many aggregates of each type a start folds, drawn by chance from all, to see whether their
    /// deadlines are the ones that were recorded; 0 for none. If one in a hundred is not, 256 find it
    /// out with a probability of 92 %. See
    /// [`DEADLINE_VERSION`](crate::Aggregate::DEADLINE_VERSION). Default 256.
    pub compared_aggregates: usize,
    /// How many aggregates of a type are folded at a time when the deadlines of many are judged anew.
    /// They weigh no more than [`resting_bytes`](Config::resting_bytes) either. If there are more, the
    /// journal is read as many times. Default 10 000.
    pub judged_at_once: NonZeroUsize,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            mailbox_commands: NonZeroUsize::new(1_024).unwrap(),
            waiting_reads: NonZeroUsize::new(16_384).unwrap(),
            waiting_aggregates: NonZeroUsize::new(16_384).unwrap(),
            call_text_bytes: 1_024,
            batch_commands: NonZeroUsize::new(256).unwrap(),
            batch_bytes: NonZeroUsize::new(1 << 20).unwrap(),
            attempts: 16,
            timeout: Duration::from_secs(5),
            linger: Duration::from_secs(1),
            lingering_actors: NonZeroUsize::new(16_384).unwrap(),
            idle: Duration::from_secs(60),
            resting_aggregates: NonZeroUsize::new(1_000_000).unwrap(),
            resting_bytes: NonZeroUsize::new(1 << 30).unwrap(),
            reload_backoff: Duration::from_secs(1),
            reload_backoff_max: Duration::from_secs(60),
            deadline_backoff: Duration::from_secs(1),
            deadline_backoff_max: Duration::from_secs(60),
            due_at_once: NonZeroUsize::new(256).unwrap(),
            answers_for: Duration::from_secs(60 * 60),
            answers: NonZeroUsize::new(65_536).unwrap(),
            answers_bytes: NonZeroUsize::new(64 << 20).unwrap(),
            reply_bytes: NonZeroUsize::new(64 << 10).unwrap(),
            reopen_backoff: Duration::from_millis(100),
            reopen_backoff_max: Duration::from_secs(30),
            due_patience: Duration::from_secs(1),
            due_unanswered: NonZeroUsize::new(16_384).unwrap(),
            waiting_decisions: NonZeroUsize::new(16_384).unwrap(),
            cached_views: 1_024,
            page_events: NonZeroUsize::new(1_000).unwrap(),
            clock_leap: Duration::from_secs(1),
            clock_confirm: Duration::from_secs(5),
            journal_ahead: Duration::from_secs(60),
            compared_aggregates: 256,
            judged_at_once: NonZeroUsize::new(10_000).unwrap(),
        }
    }
}

impl Config {
    /// Whether a runtime can keep to these bounds.
    ///
    /// # Errors
    /// The first field that it cannot keep to, and why.
    pub(crate) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        const ZERO: &str = "is zero: it would be tried again and again without a pause";
        const BELOW: &str = "is the bound of a doubling, and less than where that begins";
        let checks = [
            (self.attempts == 0, "attempts", "is zero: nothing would ever be decided"),
            (self.timeout.is_zero(), "timeout", "is zero: no caller would wait for its answer"),
            (self.reload_backoff.is_zero(), "reload_backoff", ZERO),
            (self.deadline_backoff.is_zero(), "deadline_backoff", ZERO),
            (self.reopen_backoff.is_zero(), "reopen_backoff", ZERO),
            (self.reload_backoff_max < self.reload_backoff, "reload_backoff_max", BELOW),
            (self.deadline_backoff_max < self.deadline_backoff, "deadline_backoff_max", BELOW),
            (self.reopen_backoff_max < self.reopen_backoff, "reopen_backoff_max", BELOW),
            (
                self.due_patience.is_zero(),
                "due_patience",
                "is zero: no deadline would have a place",
            ),
            (
                self.due_unanswered < self.due_at_once,
                "due_unanswered",
                "is less than `due_at_once`, and counts those that have a place too",
            ),
            (self.answers_for.is_zero(), "answers_for", "is zero: no key would be remembered"),
            (
                self.clock_leap < LEAST_LEAP,
                "clock_leap",
                "is less than 10 ms: two readings of a clock never agree to the millisecond",
            ),
        ];
        let wrong = checks.into_iter().find(|(wrong, _, _)| *wrong);
        wrong.map_or(Ok(()), |(_, field, why)| Err((field, why)))
    }
}

/// Less is within what the readings of a clock differ by.
const LEAST_LEAP: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bound_that_cannot_be_kept_is_named() {
        type Change = fn(&mut Config, Duration);
        let zero = Duration::ZERO;
        let wrong: [(&str, Change); 11] = [
            ("attempts", |config, _| config.attempts = 0),
            ("timeout", |config, zero| config.timeout = zero),
            ("reload_backoff", |config, zero| config.reload_backoff = zero),
            ("reload_backoff_max", |config, zero| config.reload_backoff_max = zero),
            ("deadline_backoff", |config, zero| config.deadline_backoff = zero),
            ("deadline_backoff_max", |config, zero| config.deadline_backoff_max = zero),
            ("reopen_backoff", |config, zero| config.reopen_backoff = zero),
            ("reopen_backoff_max", |config, zero| config.reopen_backoff_max = zero),
            ("due_patience", |config, zero| config.due_patience = zero),
            ("answers_for", |config, zero| config.answers_for = zero),
            ("clock_leap", |config, zero| config.clock_leap = zero),
        ];
        for (field, change) in wrong {
            let mut config = Config::default();
            assert_eq!(config.check(), Ok(()));
            change(&mut config, zero);
            assert_eq!(config.check().map_err(|(field, _)| field), Err(field));
        }
        let due_unanswered = NonZeroUsize::MIN;
        let config = Config { due_unanswered, ..Config::default() };
        assert_eq!(config.check().map_err(|(field, _)| field), Err("due_unanswered"));
    }
}
