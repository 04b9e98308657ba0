//! The audit of a race: the journal, the clients' ledger and the runtime's counters tell one story.
//!
//! | what | how it is known |
//! |---|---|
//! | accepted = replied + rejected + panicked + expired | exactly |
//! | given back, unknown, conflicts, deadlines | exactly: none |
//! | replied | exactly: every reply has one event in the journal, and there are no others |
//! | a reply that a client saw | exactly: its event, its lap, its position |
//! | an abandoned or unknown command | in the journal at most once |
//! | any other | not in the journal |
//! | rejected, panicked | at least what clients saw; at most those, the unknown and the abandoned |
//! | judged at all | at least what clients saw and the unknown; at most those and the abandoned |
//! | turned away | at least what clients saw for sure; at most those and the timed out |
//! | turned away or expired | at least what clients saw of both; at most those and the abandoned |
//! | asked at all = accepted + turned away | exactly, but for the abandoned, of which some never got to the door |

use std::ops::RangeInclusive;

use bailiwick::journal::{Journal, Query, Read, RecordedEvent};
use bailiwick::{Counts, MemoryJournal};
use bailiwick_tests::fixtures::runner::RunnerEvent;

use super::client::{Fate, Ledger};

pub struct Audit {
    ledger: Ledger,
    /// Which commands have an event in the journal.
    written: Vec<bool>,
    /// How many laps each runner ran.
    pub laps: Vec<u32>,
    events: u64,
}

impl Audit {
    /// Goes through the journal once.
    pub async fn read(journal: &MemoryJournal, ids: usize, ledger: Ledger) -> Audit {
        let mut audit =
            Audit { written: vec![false; ledger.0.len()], laps: vec![0; ids], events: 0, ledger };
        let mut read = Read::new(Query::all());
        loop {
            let page = journal.read(read.clone()).await.expect("it is in memory");
            page.events.iter().for_each(|event| audit.enter(event));
            read.after = page.upto;
            if !page.more {
                return audit;
            }
        }
    }

    fn enter(&mut self, recorded: &RecordedEvent) {
        let event = &recorded.event;
        self.events += 1;
        let runner: usize = parse(event.tags.as_slice()[0].value());
        self.laps[runner] += 1;
        let laps = self.laps[runner];
        match event.decode() {
            Ok(Some(RunnerEvent::Ran { lap, .. })) => {
                assert_eq!(lap, u64::from(laps), "runner {runner}");
            }
            other => panic!("{other:?} at {}", recorded.position),
        }
        let correlation = event.metadata.extra().correlation.as_ref();
        let command: usize = parse(correlation.expect("every command has a number").as_str());
        assert!(!self.written[command], "command {command} was run twice");
        self.written[command] = true;
        match self.ledger.0[command] {
            Fate::Replied { lap, position } => {
                let told = (lap, u64::from(position));
                assert_eq!(told, (laps, recorded.position.get()), "command {command}");
            }
            Fate::Abandoned | Fate::Unknown => {}
            fate => panic!("command {command} was run, but {fate:?}"),
        }
    }

    /// Compares the three.
    pub fn balance(&self, counts: &Counts) {
        for (command, fate) in self.ledger.0.iter().enumerate() {
            let lost = matches!(fate, Fate::Replied { .. }) && !self.written[command];
            assert!(!lost, "command {command} is lost: {fate:?}");
        }
        let seen = Seen::of(&self.ledger);
        let judged = counts.replied + counts.rejected + counts.panicked;
        let saw_judged = seen.replied + seen.rejected + seen.panicked;
        let unheard = seen.unknown + seen.abandoned;
        let polled = self.ledger.0.len() as u64 - seen.never_asked;
        let not_admitted = seen.full + seen.shut_out;
        let not_run = not_admitted + seen.timed_out;
        // Shown only if something is wrong.
        println!("{counts:?}\n{seen:?}");

        assert_eq!(counts.accepted, judged + counts.expired, "{counts:?}");
        assert_eq!((counts.returned, counts.unknown), (0, 0));
        assert_eq!((counts.conflicts, counts.deadlines), (0, 0));
        assert_eq!(counts.replied, self.events, "replies and events");
        within("replied", counts.replied, seen.replied, unheard);
        within("rejected", counts.rejected, seen.rejected, unheard);
        within("panicked", counts.panicked, seen.panicked, unheard);
        within("judged", judged, saw_judged + seen.unknown, seen.abandoned);
        let away = counts.not_admitted;
        within("turned away", away, not_admitted, seen.timed_out);
        within("not run", away + counts.expired, not_run, seen.abandoned);
        let asked = counts.accepted + away;
        within("asked", asked, polled - seen.abandoned, seen.abandoned);
        seen.assert_everything_happened();
    }
}

fn within(what: &str, count: u64, at_least: u64, and_up_to: u64) {
    let range: RangeInclusive<u64> = at_least..=at_least + and_up_to;
    assert!(range.contains(&count), "{what}: {count} is not in {range:?}");
}

fn parse<T: std::str::FromStr>(text: &str) -> T {
    let Ok(number) = text.parse() else { panic!("{text:?} is no number") };
    number
}

/// How many commands had which fate, as far as clients know.
#[derive(Debug, Default)]
struct Seen {
    replied: u64,
    rejected: u64,
    panicked: u64,
    full: u64,
    shut_out: u64,
    timed_out: u64,
    unknown: u64,
    abandoned: u64,
    never_asked: u64,
}

impl Seen {
    fn of(ledger: &Ledger) -> Seen {
        let mut seen = Seen::default();
        for fate in &ledger.0 {
            *match fate {
                Fate::Replied { .. } => &mut seen.replied,
                Fate::Rejected => &mut seen.rejected,
                Fate::Panicked => &mut seen.panicked,
                Fate::Full => &mut seen.full,
                Fate::ShutOut => &mut seen.shut_out,
                Fate::TimedOut => &mut seen.timed_out,
                Fate::Unknown => &mut seen.unknown,
                Fate::Abandoned => &mut seen.abandoned,
                Fate::NeverAsked => &mut seen.never_asked,
            } += 1;
        }
        seen
    }

    fn assert_everything_happened(&self) {
        for (what, count) in [
            ("replied", self.replied),
            ("rejected", self.rejected),
            ("panicked", self.panicked),
            ("full", self.full),
            ("timed out", self.timed_out),
            ("unknown", self.unknown),
            ("abandoned", self.abandoned),
        ] {
            assert!(count > 100, "only {count} commands were {what}");
        }
    }
}
