//! Nothing is said of an append before it is durable, in whichever order the steps are taken: not to whoever
//! appended it, nor to whoever reads, or is refused for it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use bailiwick_core::Position;
use bailiwick_core::journal::{Answer, AppendError, EncodedEvent, Journal, Query, Read};
use bailiwick_journal::files::{Fault, File, Identity, Simulated};
use bailiwick_journal::{FileJournal, Steps};
use parking_lot::Mutex;

use crate::hooked::Hooked;
use crate::simulated::open_in;
use crate::support::{Outcome, event, pages, poll, poll_with, small, unless};

/// What of each file was synced.
#[derive(Clone, Default)]
struct Synced(Arc<Mutex<Files>>);

type Files = Vec<(Identity, Vec<u8>)>;

impl Synced {
    /// A disk that takes note of it.
    fn of(&self, disk: &Simulated) -> Hooked {
        let synced = self.clone();
        Hooked::new(disk, move |file| synced.note(file).expect("it is on"))
    }

    fn note(&self, file: &dyn File) -> io::Result<()> {
        let mut bytes = vec![0; usize::try_from(file.size()?).expect("it is small")];
        file.read_at(&mut bytes, 0)?;
        let (identity, mut synced) = (file.identity()?, self.0.lock());
        synced.retain(|(other, _)| *other != identity);
        synced.push((identity, bytes));
        Ok(())
    }

    /// Whether a power loss leaves it, whatever else it takes.
    fn has(&self, number: u64) -> bool {
        let number = marker(number);
        self.0.lock().iter().any(|(_, bytes)| bytes.windows(16).any(|found| found == number))
    }
}

fn marker(number: u64) -> [u8; 16] {
    let mut marker = *b"appended........";
    marker[8..].copy_from_slice(&(number ^ 0x5a5a_5a5a_5a5a_5a5a).to_le_bytes());
    marker
}

fn number_of(event: &EncodedEvent) -> u64 {
    u64::from_le_bytes(event.payload[8..16].try_into().unwrap()) ^ 0x5a5a_5a5a_5a5a_5a5a
}

/// Whether it was durable when somebody was woken for it: what comes between that and the next look is not
/// counted.
struct Woken {
    synced: Synced,
    number: u64,
    was_durable: AtomicBool,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.was_durable.store(self.synced.has(self.number), Ordering::SeqCst);
    }
}

struct Trial {
    seed: u64,
    random: fastrand::Rng,
    disk: Simulated,
    synced: Synced,
    next: u64,
    appending: Vec<(Arc<Woken>, Answer<Outcome>)>,
    acknowledged: usize,
}

impl Trial {
    fn append(&mut self, journal: &FileJournal) {
        self.next += 1;
        let name = format!("name:{}", self.random.u8(0..20));
        let mut event = event("A", &[&name], 0);
        let filler = vec![b'x'; self.random.usize(0..2_000)];
        event.payload = [&marker(self.next)[..], &filler].concat().into();
        let condition = self.random.bool().then(|| unless(&name, 0));
        let mut answer = journal.append(vec![event], condition);
        let (synced, number) = (self.synced.clone(), self.next);
        let woken = Arc::new(Woken { synced, number, was_durable: AtomicBool::new(false) });
        match poll_with(&mut answer, &Waker::from(woken.clone())) {
            None => self.appending.push((woken, answer)),
            Some(outcome) => assert!(matches!(outcome, Err(AppendError::Closed(_))), "so soon?"),
        }
    }

    /// What was answered since, and what can be read, is durable.
    fn look(&mut self, journal: &FileJournal, steps: &Steps) {
        let (seed, synced) = (self.seed, self.synced.clone());
        let read = |read: Read| {
            let mut answer = journal.read(read);
            while steps.read() {}
            poll(&mut answer).expect("it was read").expect("it can be")
        };
        let mut told = 0;
        self.appending.retain_mut(|(woken, answer)| {
            match poll_with(answer, &Waker::from(woken.clone())) {
                None => true,
                Some(outcome) => {
                    match outcome {
                        Ok(_) => {
                            assert!(woken.was_durable.load(Ordering::SeqCst), "seed {seed}");
                            told += 1;
                        }
                        Err(AppendError::Conflict { at }) => {
                            let found =
                                read(Read::new(Query::all()).after(Position::new(at.get() - 1)));
                            assert!(synced.has(number_of(&found.events[0].event)), "seed {seed}");
                        }
                        Err(_) => {}
                    }
                    false
                }
            }
        });
        self.acknowledged += told;
        let found = pages(read);
        assert!(found.iter().all(|found| synced.has(number_of(&found.event))), "seed {seed}");
    }

    fn run(&mut self) {
        let folder = Arc::new(self.synced.of(&self.disk));
        let (journal, mut steps) = open_in(folder, &small()).expect("it opens");
        for _ in 0..40 {
            match self.random.u8(0..8) {
                0..3 => self.append(&journal),
                3..5 => drop(steps.write()),
                5 => drop(steps.tidy()),
                6 => steps.rest(),
                _ if self.random.u8(..) < 40 => self.disk.plan(0, Fault::Fails),
                _ => drop(journal.reopen()),
            }
            self.look(&journal, &steps);
        }
    }
}

#[test]
fn nobody_is_told_before_it_is_durable() {
    let mut acknowledged = 0;
    for seed in 0..150 {
        let random = fastrand::Rng::with_seed(seed);
        let appending = Vec::new();
        let (disk, synced) = (Simulated::new(seed), Synced::default());
        let mut trial = Trial { seed, random, disk, synced, next: 0, appending, acknowledged: 0 };
        trial.run();
        acknowledged += trial.acknowledged;
    }
    assert!(acknowledged > 500, "{acknowledged}");
}
