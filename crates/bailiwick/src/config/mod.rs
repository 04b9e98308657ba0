//! The bounds of a runtime, each with a name and a unit, a row each ([`bounds`]), and which of them a runtime cannot
//! keep to.

mod bounds;

use std::num::NonZeroUsize;
use std::time::Duration;

use bailiwick_core::Tag;
use bailiwick_core::journal::{AppendLimits, Read};
use bailiwick_core::views::OnceKey;

pub use bounds::WrongBound;
use bounds::{bounds, value};

/// The longest idempotency key, in bytes.
pub(crate) const KEY_BYTES: usize = 256;

bounds! {
    set {
    timeout / get_timeout: Duration = 5 s, "How long a caller waits unless it says otherwise.",
        zero "no caller would wait for its answer";
    mailbox_commands / get_mailbox_commands: usize = 1_024 commands,
        "How many may wait in the mailbox of one aggregate.",
        zero "no command could wait for its turn";
    /// For the aggregate to be loaded, for a turn, or for what they saw to be durable. Further ones are
    /// refused at once.
    waiting_reads / get_waiting_reads: usize = 16_384 reads, "How many of one aggregate may wait.",
        zero "no read could wait for the aggregate to be loaded";
    /// To be loaded, or for an append. Each may have an actor, of about 7 KB. What is asked of others
    /// waits in order, within its time-out; reads of what is in memory are answered.
    waiting_aggregates / get_waiting_aggregates: usize = 16_384 aggregates,
        "How many of the runtime may wait for the journal at a time.",
        zero "nothing could be loaded or appended";
    /// From when they queue until they have their outcome.
    waiting_decisions / get_waiting_decisions: usize = 16_384 decisions,
        "How many are accepted at a time.",
        zero "no decision could be accepted";
    /// Each has a page of events in memory, and the view. Further ones wait in order, within their
    /// time-out.
    view_reads / get_view_reads: usize = 256 views,
        "How many are folded at a time for those who read them.",
        zero "no view could be read";
    call_text_bytes / get_call_text_bytes: usize = 1_024 bytes,
        "How many the correlation and the principal of a call may have each.";
    batch_commands / get_batch_commands: usize = 256 commands,
        "How many at most go into one append of one aggregate.",
        zero "nothing could be appended";
    /// As the journal counts them ([`counted_bytes`](crate::journal::EncodedEvent::counted_bytes)). One command
    /// that needs more goes alone; what one may need is up to the journal
    /// ([`limits`](crate::journal::Journal::limits)).
    batch_bytes / get_batch_bytes: usize = 1 MiB,
        "How many bytes at most go into one append of one aggregate, or of decisions that are decided together.",
        zero "nothing could be appended";
    attempts / get_attempts: u32 = 16 times,
        "How often a command or decision is decided at most when other writers are faster.",
        zero "nothing would ever be decided";
    warm / get_warm: Duration = 1 s,
        "How long an aggregate that has nothing to do keeps what its next turn would have to make anew.";
    /// That is less than 500 bytes each.
    warm_aggregates / get_warm_aggregates: usize = 16_384 aggregates,
        "How many of one aggregate type keep that.",
        zero "none could: let `warm` be zero instead";
    worker_idle / get_worker_idle: Duration = 1 s,
        "How long a worker of a policy or an effect stays although it has nothing to do.";
    idle / get_idle: Duration = 60 s,
        "How long an aggregate that has nothing to do stays in memory.";
    /// One takes less than 250 bytes beside its ID and its state.
    ///
    /// With more than that, or with more than [`resting_bytes`](Config::resting_bytes), those give
    /// way that were used least, lately: an ID that is used once does not push out one that is used
    /// again and again.
    resting_aggregates / get_resting_aggregates: usize = 1_000_000 aggregates,
        "How many of one type stay in memory although they have nothing to do.",
        zero "no aggregate would stay between two commands";
    /// Each counts for 256 bytes (its ID, and what the runtime knows of it), the size of its state's type,
    /// the idempotency keys that it remembers with their replies, and what the state says it holds on
    /// the heap ([`View::heap_bytes`](crate::View::heap_bytes)), all as of when it last came
    /// to rest. Not counted are aggregates at work, or with an actor still, and what the journal keeps in
    /// memory.
    ///
    /// It should be many times what one aggregate weighs. One that is heavier than all of it is not
    /// kept.
    resting_bytes / get_resting_bytes: usize = 1 GiB,
        "How many bytes the aggregates of one type that have nothing to do may weigh together.",
        zero "no aggregate would stay between two commands";
    /// Doubled each time, unless it is the journal that cannot be read.
    reload_backoff / get_reload_backoff: Duration = 1 s,
        "How long an aggregate that cannot be loaded is left alone.",
        zero "it would be tried again and again without a pause";
    reload_backoff_max / get_reload_backoff_max: Duration = 60 s,
        "The bound of the doubling of `reload_backoff`.";
    /// Doubled each time. While the journal is closed for writing none is tried.
    deadline_backoff / get_deadline_backoff: Duration = 1 s,
        "How much later a deadline is tried again after a failure.",
        zero "it would be tried again and again without a pause";
    deadline_backoff_max / get_deadline_backoff_max: Duration = 60 s,
        "The bound of the doubling of `deadline_backoff`.";
    /// From when they are handed out until what they decided is durable, or somebody else has the aggregate: a
    /// caller with a command, say, or an actor.
    due_at_once / get_due_at_once: usize = 256 deadlines,
        "How many due ones of one aggregate type have a place at a time.",
        zero "no deadline would ever fire";
    /// Then another has it, and the aggregate waits for the journal like any other: no more of all do than
    /// [`waiting_aggregates`](Config::waiting_aggregates).
    due_timeout / get_due_timeout: Duration = 1 s,
        "How long a due deadline keeps its place at most while the journal does not answer.",
        zero "no deadline would have a place";
    /// With what its command was answered, from when that was decided. It is never forgotten earlier,
    /// however many there are. The default is longer than who asks again waits in between, be it for a
    /// restart. A call with a key whose time-out is longer is refused
    /// ([`Cause::WindowTooShort`](crate::Cause::WindowTooShort)).
    ///
    /// By the clocks of the runtimes on the journal: where those differ it is as much shorter or
    /// longer for what another runtime has decided.
    answers_for / get_answers_for: Duration = 1 h, "How long an idempotency key is remembered.",
        zero "no key would be remembered";
    /// With so many it takes no new ones ([`Cause::KeysFull`](crate::Cause::KeysFull)) until the oldest
    /// is as old as [`answers_for`](Config::answers_for); those that it knows, and commands without a
    /// key, go on. What the journal has is remembered even if it is more. The default is 18 new keys a
    /// second for 1 h, of one aggregate.
    answers / get_answers: usize = 65_536 keys, "How many an aggregate remembers.",
        zero "no key would be remembered";
    /// With so many it takes no new ones. Each counts for 200 bytes, the key, and the encoded reply.
    answers_bytes / get_answers_bytes: usize = 64 MiB,
        "How many bytes the keys of one aggregate and their replies may take.",
        zero "no key would be remembered";
    /// A larger one refuses its command or decision
    /// ([`Cause::ReplyTooLarge`](crate::Cause::ReplyTooLarge)).
    reply_bytes / get_reply_bytes: usize = 64 KiB,
        "How many bytes a reply may have that is to be remembered, encoded; of a decision too.",
        zero "no reply could be remembered";
    /// If it was [told to](crate::Builder::reopen_journal); doubled each time, until it stays open for as long.
    reopen_backoff / get_reopen_backoff: Duration = 100 ms,
        "How long the runtime waits before it tries for the second time to open a failed journal again.",
        zero "it would be tried again and again without a pause";
    reopen_backoff_max / get_reopen_backoff_max: Duration = 30 s,
        "The bound of the doubling of `reopen_backoff`.";
    /// So that only what is new is folded: those that were used last.
    cached_views / get_cached_views: usize = 1_024 views, "How many are kept between decisions.";
    /// Each counts for 256 bytes, the size of its type, and what it says that it holds on the heap
    /// ([`View::heap_bytes`](crate::View::heap_bytes)), as of when it was last used; a
    /// [`Last`](crate::Last) for its encoded event. A view that does not say what it holds counts as if
    /// it held nothing: a runtime cannot know more. Those that were used last are kept; one that is
    /// heavier than all of this is not.
    cached_view_bytes / get_cached_view_bytes: usize = 256 MiB,
        "How many bytes those may weigh together that are kept between decisions, or by one policy or effect.";
    /// Half of them at most are lanes that failed before. Each is an actor, of about 7 KB, that ends when it has
    /// nothing to do for [`worker_idle`](Config::worker_idle).
    policy_lanes / get_policy_lanes: usize = 256 lanes,
        "How many of one policy are worked on at a time.",
        zero "no policy could do anything";
    /// With so many it reads on when some are done.
    policy_news / get_policy_news: usize = 16_384 news,
        "How many that are not done a policy or an effect holds.",
        zero "no policy could do anything";
    /// What comes beyond that is read again when the lane comes to it.
    lane_news / get_lane_news: usize = 64 news,
        "How many of these one lane of a policy or an effect holds.",
        zero "no policy could do anything";
    /// Doubled each time; a quarter of it is by chance.
    policy_backoff / get_policy_backoff: Duration = 200 ms,
        "How long a lane of a policy is left alone after a failure.",
        zero "it would be tried again and again without a pause";
    policy_backoff_max / get_policy_backoff_max: Duration = 60 s,
        "The bound of the doubling of `policy_backoff`.";
    /// Then it is [parked](crate::Reactions).
    policy_retry_for / get_policy_retry_for: Duration = 300 s,
        "How long a lane of a policy that fails is tried again.";
    /// With so many it stops, until the runtime is started again.
    parked_lanes / get_parked_lanes: usize = 10_000 lanes,
        "How many of one policy or effect may be parked.",
        zero "no lane could be parked";
    /// So many lanes are worked on at a time; half of them at most are lanes that failed before, so that an
    /// outside that hangs for some leaves room for the others. Each is an actor, of about 7 KB, that ends when
    /// it has nothing to do for [`worker_idle`](Config::worker_idle).
    effect_calls / get_effect_calls: usize = 64 calls,
        "How many of one effect are under way at a time.",
        zero "no effect could do anything";
    /// Then it is dropped, at the `.await` that it has come to, and tried again: it may have arrived.
    effect_timeout / get_effect_timeout: Duration = 30 s,
        "How long a call of an effect may take.",
        zero "no call could succeed";
    /// Doubled each time; a quarter of it is by chance.
    effect_backoff / get_effect_backoff: Duration = 1 s,
        "How long a lane of an effect is left alone after a failure.",
        zero "it would be tried again and again without a pause";
    effect_backoff_max / get_effect_backoff_max: Duration = 60 s,
        "The bound of the doubling of `effect_backoff`.";
    /// A `Retry-After` is a floor under the back-off. One that asks for more is tried again after so long, and
    /// up to a quarter of it more.
    effect_retry_after_max / get_effect_retry_after_max: Duration = 1 h,
        "For how long an effect may ask not to be retried.";
    /// Then it is [parked](crate::Reactions), and somebody has to see to it. The default rides out an outage of
    /// somebody else's service, at night too, without anybody: it is tried every minute until then. Until it
    /// is parked it counts among [`policy_news`](Config::policy_news), and holds up the record of how far the
    /// effect has come: after a restart, what was done since is looked up. Health says at once that it stands
    /// still. Where a failure can only be mended by people, let the effect give up instead.
    effect_retry_for / get_effect_retry_for: Duration = 24 h,
        "How long a lane of an effect that fails is tried again.";
    /// Policies that answer each other would do so for ever: beyond that the lane is parked.
    policy_hops / get_policy_hops: u32 = 64 deliveries,
        "How many may follow from one another.",
        zero "no policy could send anything";
    /// Or after 5 s. After a restart so many are looked at again.
    policy_mark_news / get_policy_mark_news: u64 = 1_000 news,
        "After how many that are done a policy or an effect records how far it has come.",
        zero "there would be a mark for nothing";
    /// Of a type that is recorded ([`Decide::RECORDED`](crate::Decide::RECORDED)). A larger one is run as
    /// ever, and not recorded; a rehearsal counts it. 0 records none.
    recorded_bytes / get_recorded_bytes: usize = 4 KiB,
        "How many a command or decision may have that is recorded, encoded.";
    /// Of commands and decisions that are recorded. With so many, further ones are told to their callers
    /// as ever, and not recorded: [`Counts::unrecorded`](crate::Counts::unrecorded).
    unwritten_refusals / get_unwritten_refusals: usize = 1_024 refusals,
        "How many may be on their way to the journal.";
    /// Each of its rows is loaded and written once for a batch, and one transaction is committed. So many are
    /// folded together when a projection catches up; else what there is.
    projection_batch_events / get_projection_batch_events: usize = 10_000 events,
        "How many at most a projection folds in one transaction.",
        zero "nothing could be folded";
    /// As the journal counts them ([`counted_bytes`](crate::journal::EncodedEvent::counted_bytes)), and one event
    /// more. A projection that catches up holds two batches, and a page.
    projection_batch_bytes / get_projection_batch_bytes: usize = 8 MiB,
        "How many bytes of events a projection folds in one transaction.",
        zero "nothing could be folded";
    /// Doubled each time.
    projection_backoff / get_projection_backoff: Duration = 100 ms,
        "How long the database of a projection is left alone after a failure.",
        zero "it would be tried again and again without a pause";
    projection_backoff_max / get_projection_backoff_max: Duration = 10 s,
        "The bound of the doubling of `projection_backoff`.";
    /// Then the projection has [failed](crate::ProjectionState::Failed).
    projection_retry_for / get_projection_retry_for: Duration = 300 s,
        "How long the database of a projection that fails is tried again.";
    /// Then it is [called silent](crate::StaleReason::DatabaseSilent), counts as failing, and is waited for all the
    /// same: what a store does cannot be taken back.
    projection_answer / get_projection_answer: Duration = 30 s,
        "How long the database of a projection may take for a transaction.",
        zero "each transaction would be called too slow";
    /// Unless somebody [waits](crate::ProjectionHandle::reached) for more: a transaction for each few events costs more
    /// than their commands.
    projection_gather / get_projection_gather: Duration = 10 ms,
        "How long a projection that has caught up, and committed, lets events gather before it folds them.";
    /// At once, if somebody [waits](crate::ProjectionHandle::reached) for that. While another runtime keeps the rows
    /// up, their mark is looked at as often.
    projection_pass / get_projection_pass: Duration = 1 s,
        "How late the mark of a projection moves past events that it does not want.",
        zero "each event that it does not want would be a transaction";
    /// If there is something to fold.
    projection_standby / get_projection_standby: Duration = 30 s,
        "How long a projection that another runtime keeps up may stand still before this one goes on with it.";
    /// With what an aggregate remembers of idempotency keys. A larger one is not kept
    /// ([`SnapshotCounts::too_large`](crate::SnapshotCounts::too_large)). The state of an aggregate that cannot
    /// be [copied](crate::View::try_clone) is encoded between two of its commands, after the answers have left:
    /// so this bounds for how long, by about a millisecond for each MiB.
    snapshot_bytes / get_snapshot_bytes: usize = 1 MiB, "How many a snapshot may have, encoded.";
    /// States that were not encoded yet, of all types together. With so many, further ones are dropped
    /// ([`SnapshotCounts::dropped`](crate::SnapshotCounts::dropped)).
    unsaved_snapshots / get_unsaved_snapshots: usize = 256 snapshots,
        "How many may wait to be written to their store.",
        zero "no snapshot could be saved: give the runtime no store instead";
    /// Then its history is read.
    snapshot_timeout / get_snapshot_timeout: Duration = 1 s,
        "How long what is loaded waits for its snapshot.",
        zero "no snapshot could be used: give the runtime no store instead";
    /// In the background, one at a time. What is different is logged and counted
    /// ([`SnapshotCounts::different`](crate::SnapshotCounts::different)). 0 for none, 1 for each.
    compared_snapshots / get_compared_snapshots: u64 = 1_000 snapshots,
        "Of so many that are used, one is compared with what its events fold to.";
    page_events / get_page_events: usize = 1_000 events,
        "How many are read from the journal at once.",
        zero "nothing could be read";
    /// The event with which it has so many is the last of a page, so a larger one comes alone.
    page_bytes / get_page_bytes: usize = 4 MiB,
        "How many bytes of events are read from the journal at once.",
        zero "nothing could be read";
    /// At least 10 ms. What is further ahead is a leap: nothing runs out before the clock has kept to it
    /// for [`clock_confirm`](Config::clock_confirm).
    clock_leap / get_clock_leap: Duration = 1 s,
        "By how much the clock may step ahead and be followed at once.";
    /// By elapsed time: an NTP correction, or a machine that was suspended. So a deadline may be late by
    /// this and two seconds after a leap; none is early because a clock was wrong for a moment. 0
    /// believes every reading, [`Duration::MAX`] no leap at all.
    clock_confirm / get_clock_confirm: Duration = 5 s,
        "How long the clock has to keep to a leap before it is believed.";
    /// `now` is not earlier than that then. A runtime on a journal that is further ahead does not start,
    /// unless it was [told to](crate::Builder::allow_journal_ahead); what it meets later does not move
    /// `now`.
    journal_ahead / get_journal_ahead: Duration = 60 s,
        "How far ahead of the clock somebody may have recorded an event.";
    /// Drawn by chance from all, to see whether their deadlines are the ones that were recorded; 0 for
    /// none. If one in a hundred is not, 256 find it out with a probability of 92 %. Of a journal that has an
    /// [outline](crate::journal::Journal::outline) it is 136 at most, after the start. See
    /// [`DEADLINE_VERSION`](crate::Aggregate::DEADLINE_VERSION).
    compared_aggregates / get_compared_aggregates: usize = 256 aggregates,
        "How many of each type a start folds to compare their deadlines.";
    /// They weigh no more than [`resting_bytes`](Config::resting_bytes) either. If there are more, the
    /// journal is read as many times.
    judged_at_once / get_judged_at_once: usize = 10_000 aggregates,
        "How many of a type are folded at a time when the deadlines of many are judged anew.",
        zero "no deadline could be judged anew";
    }
    fixed {
    "the idempotency key of a command" = 256 bytes, KEY_BYTES,
        "At least 1. See [`AggregateRef::once`](crate::AggregateRef::once).";
    "the idempotency key of a decision" = 200 bytes, OnceKey::MAX_BYTES,
        "At least 1, and it can be a tag. See [`Decisions::once`](crate::Decisions::once).";
    "the text of an ID, the value of a tag" = 200 bytes, Tag::MAX_VALUE_BYTES,
        "At least 1. See [`Tag`](crate::Tag).";
    "the key of an ID or of a tag" = 50 bytes, Tag::MAX_KEY_BYTES,
        "At least 1: `course` in `course:c1`.";
    "the name of an event type" = 65_534 bytes, AppendLimits::STANDARD.type_bytes,
        "At least 1; up to the journal. See [`AppendLimits`].";
    "the tags of an event" = 65_534 tags, AppendLimits::STANDARD.tags,
        "Up to the journal.";
    "an append" = 16 MiB, AppendLimits::STANDARD.bytes,
        "How many bytes its events may have together; up to the journal.";
    "a page that is read by hand" = 1_000 events, Read::DEFAULT_LIMIT.get(),
        "Unless it says otherwise. See [`Read`].";
    }
}

impl Config {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a runtime can keep to these bounds.
    ///
    /// # Errors
    /// All that it cannot keep to, and why.
    pub(crate) fn check(&self) -> Result<(), Vec<WrongBound>> {
        let mut wrong = self.zeros();
        let mut refuse = |is_wrong, bound, why| {
            if is_wrong {
                wrong.push(WrongBound { bound, why });
            }
        };
        for (bound, most, first) in [
            ("reload_backoff_max", self.reload_backoff_max, self.reload_backoff),
            ("deadline_backoff_max", self.deadline_backoff_max, self.deadline_backoff),
            ("reopen_backoff_max", self.reopen_backoff_max, self.reopen_backoff),
            ("policy_backoff_max", self.policy_backoff_max, self.policy_backoff),
            ("effect_backoff_max", self.effect_backoff_max, self.effect_backoff),
            ("projection_backoff_max", self.projection_backoff_max, self.projection_backoff),
        ] {
            let why = "is the bound of a doubling, and less than where that begins";
            refuse(most < first, bound, why);
        }
        let standby = self.projection_standby;
        refuse(
            !standby.is_zero() && self.projection_gather >= standby,
            "projection_gather",
            "is not below `projection_standby`: another runtime would take a projection that gathers for one \
             that stands still",
        );
        refuse(
            self.clock_leap < Duration::from_millis(10),
            "clock_leap",
            "is less than 10 ms: two readings of a clock never agree to the millisecond",
        );
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The same read, in pages as large as may be.
    pub(crate) fn paged(&self, read: Read) -> Read {
        read.limit(self.page()).bytes(self.page_bytes)
    }

    /// How many events are read at once, as a page is told.
    pub(crate) fn page(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.page_events).unwrap_or(NonZeroUsize::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(config: &Config) -> Vec<&'static str> {
        config
            .check()
            .map_or_else(|wrong| wrong.iter().map(|wrong| wrong.bound).collect(), |()| vec![])
    }

    #[test]
    fn the_defaults_can_be_kept() {
        assert_eq!(Config::new().check(), Ok(()));
        assert_eq!(Config::new().get_batch_bytes(), 1_048_576);
        assert_eq!(Config::new().get_answers_for(), Duration::from_secs(3_600));
    }

    #[test]
    fn all_bounds_that_cannot_be_kept_are_named_at_once() {
        let none = Config::new()
            .timeout(Duration::ZERO)
            .mailbox_commands(0)
            .attempts(0)
            .clock_leap(Duration::from_millis(9))
            .reload_backoff_max(Duration::from_millis(999));
        assert_eq!(
            wrong(&none),
            ["timeout", "mailbox_commands", "attempts", "reload_backoff_max", "clock_leap"],
        );
    }

    /// Zero means something for these alone.
    #[test]
    fn zero_is_refused_unless_it_means_something() {
        let may_be = [
            "call_text_bytes",
            "warm",
            "worker_idle",
            "idle",
            "cached_views",
            "cached_view_bytes",
            "clock_confirm",
            "journal_ahead",
            "compared_aggregates",
            "policy_retry_for",
            "effect_retry_for",
            "projection_retry_for",
            "projection_gather",
            "projection_standby",
            "recorded_bytes",
            "unwritten_refusals",
            "snapshot_bytes",
            "compared_snapshots",
        ];
        let nothing = Config::nothing();
        let named = wrong(&nothing);
        for name in NAMES {
            // Those that are compared with another one are right if both are zero.
            let compared = name.ends_with("_max");
            assert_eq!(named.contains(name), !may_be.contains(name) && !compared, "{name}");
        }
    }
}
