//! The log on a disk that loses what was not synced: whatever fails, and whenever, nothing acknowledged is lost,
//! nothing is there in part, and no log is refused that only lost its power.
//!
//! `POWER_SEEDS=1000000 cargo test --release -p bailiwick-journal --test power` for as many seeds.

use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_journal::files::{Fault, Simulated};
use bailiwick_journal::log::{Log, OpenError, Options, Record, WriteError};

/// What is known of a log from outside.
#[derive(Default)]
struct Known {
    /// Everybody was told of these.
    acknowledged: Vec<Vec<u8>>,
    /// The batch of which nobody knows.
    unknown: Vec<Vec<u8>>,
}

struct Trial {
    seed: u64,
    disk: Simulated,
    random: fastrand::Rng,
    known: Known,
}

impl Trial {
    fn new(seed: u64) -> Trial {
        let random = fastrand::Rng::with_seed(seed);
        Trial { seed, disk: Simulated::new(seed), random, known: Known::default() }
    }

    fn open(&mut self) -> Result<Log, OpenError> {
        let blocks = self.random.u64(1..=6);
        self.open_with(blocks)
    }

    /// With segments of so many blocks.
    fn open_with(&mut self, blocks: u64) -> Result<Log, OpenError> {
        let options = Options { segment_bytes: Some(blocks * 4_096) };
        let mut entropy = self.random.fork();
        let entropy = Box::new(move || entropy.u64(..));
        Ok(Log::open(Arc::new(self.disk.clone()), options, entropy)?.log)
    }

    /// A fault that may come at one of the next calls.
    fn plan(&mut self, among: &[Fault]) {
        if let Some(fault) = self.random.choice(among)
            && self.random.bool()
        {
            self.disk.plan(self.random.u64(0..12), *fault);
        }
    }

    fn batch(&mut self) -> Vec<Vec<u8>> {
        let most = if self.random.u8(..) < 8 { 6_000 } else { 700 };
        let record = |random: &mut fastrand::Rng| {
            let fill = random.u8(..);
            let mut record = vec![fill; random.usize(1..most)];
            record[0] = random.u8(..);
            record
        };
        (0..self.random.usize(1..5)).map(|_| record(&mut self.random)).collect()
    }

    /// Writes until something fails, or for so long.
    fn write(&mut self, mut log: Log, batches: usize) {
        for _ in 0..batches {
            if self.random.u8(..) < 40 {
                drop(log.ahead().make());
            }
            let batch = self.batch();
            let synced = log.write(&batch).and_then(|_| log.sync());
            match synced {
                Ok(last) => {
                    self.known.acknowledged.extend(batch);
                    assert_eq!(last.get(), self.known.acknowledged.len() as u64);
                }
                Err(WriteError::NotWritten(_)) => {}
                Err(WriteError::Failed(_)) => {
                    assert!(log.is_closed());
                    assert!(matches!(log.write(&batch), Err(WriteError::Closed)));
                    self.known.unknown = batch;
                    return;
                }
                Err(error) => panic!("{error}"),
            }
            if self.random.u8(..) < 100 && log.mark().is_err() {
                return;
            }
        }
        if self.random.bool() {
            drop(log.close());
        }
    }

    /// What is there is all that was acknowledged, and perhaps what was on its way, wholly.
    fn check(&mut self, log: &Log) {
        let there: Vec<_> = log
            .records()
            .enumerate()
            .map(|(nth, record)| {
                let Record { position, place, bytes } =
                    record.unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(log.segments().record(position, place).expect("it is there"), bytes);
                assert_eq!(position, Position::new(nth as u64 + 1));
                bytes
            })
            .collect();
        let unknown = std::mem::take(&mut self.known.unknown);
        if there.len() > self.known.acknowledged.len() {
            self.known.acknowledged.extend(unknown);
        }
        assert!(there == self.known.acknowledged, "seed {}: {} records", self.seed, there.len());
        assert_eq!(log.durable().get(), there.len() as u64);
    }
}

fn seeds(few: u64) -> std::ops::Range<u64> {
    let seeds = std::env::var("POWER_SEEDS").ok().map(|seeds| seeds.parse().expect("a number"));
    0..seeds.unwrap_or(few)
}

#[test]
fn nothing_acknowledged_is_lost_whatever_fails() {
    const FAULTS: [Fault; 3] = [Fault::PowerOff, Fault::Fails, Fault::NoRoom];
    for seed in seeds(4_000) {
        let mut trial = Trial::new(seed);
        for _ in 0..trial.random.usize(1..6) {
            trial.plan(&FAULTS);
            match trial.open() {
                // The last call was done, and then the power went.
                Ok(_) if trial.disk.is_off() => {}
                Ok(log) => {
                    trial.check(&log);
                    trial.plan(&FAULTS);
                    let batches = trial.random.usize(0..12);
                    trial.write(log, batches);
                }
                Err(OpenError::Io(_)) => {}
                Err(error) => panic!("seed {seed}: {error}\n{:?}", trial.known.acknowledged.len()),
            }
            // Sometimes it is the process that ends, and what is in the cache stays.
            if trial.disk.is_off() || trial.random.bool() {
                trial.disk.restart();
            }
        }
        trial.disk.restart();
        let log = trial.open().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        trial.check(&log);
    }
}

/// One bit is flipped while nobody is looking: what was acknowledged is read as it was, or refused.
#[test]
fn a_flipped_bit_is_never_read() {
    for seed in seeds(2_000) {
        let mut trial = Trial::new(seed);
        let mut log = trial.open().expect("it opens");
        for _ in 0..trial.random.usize(1..6) {
            let batch = trial.batch();
            log.write(&batch).and_then(|_| log.sync()).expect("it is written");
            trial.known.acknowledged.extend(batch);
        }
        log.close().expect("it ends well");
        let names = bailiwick_journal::files::Folder::names(&trial.disk).expect("names");
        let name = trial.random.choice(&names).expect("one").clone();
        let bits = trial.disk.contents(&name).len() * 8;
        // Most of a segment is zeros.
        let most = if trial.random.bool() { bits } else { bits.min(60_000) };
        let bit = trial.random.usize(0..most);
        trial.disk.flip(&name, bit);
        let Ok(log) = trial.open() else { continue };
        let read: Result<Vec<_>, _> = log.records().collect();
        let Ok(read) = read else { continue };
        let read: Vec<_> = read.into_iter().map(|record| record.bytes).collect();
        assert!(
            read == trial.known.acknowledged,
            "seed {seed}: {name}, bit {bit}: {} of {}",
            read.len(),
            trial.known.acknowledged.len()
        );
    }
}

/// The same where the power went before there was a mark: of a record without zeros it is known that it arrived.
#[test]
fn a_bit_flipped_in_the_last_batch_is_not_taken_for_a_torn_one() {
    for seed in seeds(2_000) {
        let mut trial = Trial::new(seed);
        let mut log = trial.open_with(4).expect("it opens");
        let records: Vec<_> = (0..3).map(|nth| vec![nth + 1_u8; 700]).collect();
        log.write(&records).and_then(|_| log.sync()).expect("it is written");
        drop(log);
        let bit = trial.random.usize(4_096 * 8..(4_096 + 3 * 736) * 8);
        trial.disk.flip("0000000001.segment", bit);
        // What fills a frame up is nobody's.
        let padding = (bit / 8 - 4_096) % 736 >= 732;
        assert_eq!(trial.open_with(4).is_ok(), padding, "seed {seed}: bit {bit}");
    }
}

/// A sync that says it was done, and was not, may cost what it was for; it is never hidden by what came later.
#[test]
fn what_a_lying_sync_has_lost_is_not_passed_over() {
    let (mut refused, mut shorter) = (0, 0);
    for seed in seeds(2_000) {
        let mut trial = Trial::new(seed);
        let mut log = trial.open().expect("it opens");
        let batches = trial.random.usize(2..8);
        trial.disk.plan(trial.random.u64(0..16), Fault::Lies);
        for _ in 0..batches {
            let batch = trial.batch();
            if log.write(&batch).and_then(|_| log.sync()).is_err() {
                break;
            }
            trial.known.acknowledged.extend(batch);
        }
        drop(log);
        trial.disk.restart();
        let Ok(log) = trial.open() else {
            refused += 1;
            continue;
        };
        let read: Result<Vec<_>, _> = log.records().collect();
        let Ok(read) = read else {
            refused += 1;
            continue;
        };
        let read: Vec<_> = read.into_iter().map(|record| record.bytes).collect();
        let known = &trial.known.acknowledged;
        assert!(read.len() >= known.len() || known[..read.len()] == read[..], "seed {seed}");
        shorter += usize::from(read.len() < known.len());
    }
    assert!(refused > 0 && shorter > 0, "{refused} refused, {shorter} shorter");
}
