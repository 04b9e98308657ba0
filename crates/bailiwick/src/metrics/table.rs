//! Which metrics there are.

use metrics::{Key, KeyName, Level, Metadata, Recorder, Unit};

use super::Labels;

/// What a metric is.
///
/// For an example see [`Row`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from when the runtime was started.
    Counter,
    /// It is what it is just now.
    Gauge,
    /// Of each of many, how long it took.
    Histogram,
}

/// A metric: a row of [`TABLE`].
///
/// ```
/// use bailiwick::metrics::{Kind, TABLE};
///
/// let named = |name: &str| TABLE.iter().find(|row| row.name == name).expect("there is one");
/// let waits = named("bailiwick_queue_wait_seconds");
/// assert_eq!((waits.kind, waits.labels), (Kind::Histogram, &["kind", "name"][..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The keys of its labels; besides, `runtime` if the builder was told a name.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

impl Row {
    pub(crate) fn key(&self, labels: &Labels, own: &[(&'static str, &'static str)]) -> Key {
        debug_assert!(own.iter().map(|(key, _)| key).eq(self.labels), "{} {own:?}", self.name);
        Key::from_parts(self.name, labels.with(own))
    }

    /// Says what it is, to a recorder that wants to know.
    pub(super) fn describe(&self, recorder: &dyn Recorder) {
        let (name, help) = (KeyName::from_const_str(self.name), self.help.into());
        let is_time = self.name.ends_with("_seconds");
        let unit = Some(if is_time { Unit::Seconds } else { Unit::Count });
        match self.kind {
            Kind::Counter => recorder.describe_counter(name, unit, help),
            Kind::Gauge => recorder.describe_gauge(name, unit, help),
            Kind::Histogram => recorder.describe_histogram(name, unit, help),
        }
    }
}

pub(crate) const METADATA: Metadata<'static> =
    Metadata::new("bailiwick", Level::INFO, Some("bailiwick"));

macro_rules! table {
    ($($row:ident: $kind:ident $name:literal [$($label:ident),*] $help:literal;)+) => {
        $(pub(crate) const $row: Row = Row {
            name: $name,
            kind: Kind::$kind,
            labels: &[$(stringify!($label)),*],
            help: $help,
        };)+

        /// All metrics. Times are in seconds, everything else is counted.
        /// For an example see [`Row`].
        ///
        /// | metric | is a | labels | what it says |
        /// |---|---|---|---|
        $(#[doc = concat!(
            "| `", $name, "` | ", stringify!($kind), " |", $(" `", stringify!($label), "`",)* " | ", $help, " |"
        )])+
        ///
        /// `kind` is `aggregate`, `decision`, `policy`, `effect` or `projection`, and `name` the `NAME` of that type; all
        /// decisions together have the name `all`. `outcome` is what became of it: see
        /// [`Counts`](crate::Counts) and [`ReactionCounts`](crate::ReactionCounts).
        pub const TABLE: &[Row] = &[$($row),+];
    };
}

table! {
    ACCEPTED: Counter "bailiwick_commands_accepted_total" [kind, name]
        "Commands and decisions that were accepted.";
    ENDED: Counter "bailiwick_commands_total" [kind, name, outcome]
        "Those that have their outcome: `replied`, `rejected`, `panicked`, `expired`, `returned`, `already_run`, `unknown`. With those that are open they add up to those accepted.";
    OPEN: Gauge "bailiwick_commands_open" [kind, name]
        "Those accepted that have no outcome yet.";
    TURNED_AWAY: Counter "bailiwick_commands_not_admitted_total" [kind, name]
        "Those that were not accepted.";
    UNANSWERED: Counter "bailiwick_callers_unanswered_total" [kind, name, outcome]
        "Callers that did not hear of their outcome: `timed_out`, `abandoned`.";
    CONFLICTS: Counter "bailiwick_append_conflicts_total" [kind, name]
        "Appends that met what another writer had written; decided again.";
    UNRECORDED: Counter "bailiwick_refusals_unrecorded_total" [kind, name]
        "Refusals that were to be recorded, and were not.";
    WAIT: Histogram "bailiwick_queue_wait_seconds" [kind, name]
        "From the call until the turn that takes it begins; of each that was not given up before.";
    TURN: Histogram "bailiwick_turn_seconds" [kind, name]
        "A turn: expiring, deciding, folding and encoding; without the journal.";
    APPEND: Histogram "bailiwick_append_seconds" [kind, name]
        "An append, from when it is given to the journal until it is durable or has failed: with the wait for the others of its sync, the write, and the sync.";
    IN_MEMORY: Gauge "bailiwick_aggregates_in_memory" [kind, name]
        "Aggregates that are in memory.";
    STORED: Counter "bailiwick_aggregates_stored_total" [kind, name]
        "Aggregates that have left memory.";
    AT_WORK: Gauge "bailiwick_aggregates_waiting" []
        "Aggregates at work that wait for the journal: at most `waiting_aggregates`.";
    QUEUED: Gauge "bailiwick_aggregates_queued" []
        "Aggregates that have something to do, and queue for a place among those.";
    ARMED: Gauge "bailiwick_deadlines_armed" [kind, name]
        "Aggregates with a deadline ahead, in memory or not.";
    DEADLINES: Counter "bailiwick_deadlines_total" [kind, name, outcome]
        "Deadlines that were decided (`decided`), and how often one panicked or was still due afterwards (`stuck`).";
    LATE: Histogram "bailiwick_deadline_lateness_seconds" [kind, name]
        "By how much later a deadline was decided than it fell due.";
    NEWS: Counter "bailiwick_news_total" [kind, name]
        "News that a policy or an effect has dealt with.";
    DELIVERIES: Counter "bailiwick_deliveries_total" [kind, name, outcome]
        "Deliveries and calls: `caused`, `nothing`, `rejected`, `performed`, `repeated`, `gave_up`, `skipped`.";
    FAILURES: Counter "bailiwick_delivery_failures_total" [kind, name]
        "Attempts that failed and are tried again.";
    PENDING: Gauge "bailiwick_news_pending" [kind, name]
        "News that are held and not done.";
    LAG: Gauge "bailiwick_lag_seconds" [kind, name]
        "How long ago the oldest of those was recorded; 0 if there is none.";
    REACHED: Gauge "bailiwick_reached_position" [kind, name]
        "Everything that is wanted is done up to here, but for parked lanes; of a projection, up to where its rows are folded.";
    BEHIND_EVENTS: Gauge "bailiwick_lag_events" [kind, name]
        "How many positions that is behind the end of the journal.";
    STATE: Gauge "bailiwick_projection_state" [kind, name, outcome]
        "1 for what a projection is, 0 for what it is not: `ready`, `rebuilding`, `stale`, `failed`.";
    RETRIES: Gauge "bailiwick_projection_failures" [kind, name]
        "How often the database of a projection has failed in a row.";
    READ: Gauge "bailiwick_read_position" [kind, name]
        "The journal is read up to here.";
    STALLED: Gauge "bailiwick_lanes_stalled" [kind, name]
        "Lanes that fail, and are tried again.";
    PARKED: Gauge "bailiwick_lanes_parked" [kind, name]
        "Lanes that stand still until somebody has seen to them.";
    PARKINGS: Counter "bailiwick_lanes_parked_total" [kind, name]
        "How often a lane was parked.";
    RUNNING: Gauge "bailiwick_running" [kind, name]
        "1 if it goes on, 0 if it has stopped because as many lanes are parked as may be.";
    CALLS: Gauge "bailiwick_effect_calls" []
        "Calls of effects that are under way.";
    HEAD: Gauge "bailiwick_journal_position" []
        "The end of the journal.";
    JOURNAL: Gauge "bailiwick_journal_open" []
        "1 if the journal takes appends, else 0.";
    WELL: Gauge "bailiwick_well" []
        "1 if nothing is the matter with the runtime, as its health says, else 0.";
    BEHIND: Gauge "bailiwick_clock_behind_seconds" []
        "By how much the clock lies behind the time of the runtime.";
    LEAP: Gauge "bailiwick_clock_leap_seconds" []
        "By how much the clock has leapt ahead, and is not believed.";
    PANICS: Counter "bailiwick_task_panics_total" []
        "How often a background task panicked.";
}
