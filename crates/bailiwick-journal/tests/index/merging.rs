//! Indexes that were merged, against one that was made at once; and on disks that fail.

use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_journal::files::{Fault, Folder, Simulated};
use bailiwick_journal::index::{Active, Index, IndexError, MergeError, Run, install, merge};

use crate::asked::ask;
use crate::model::Model;
use crate::{LOG, file_of, index_of, seeds, some};

fn seed_of(segment: u64) -> u64 {
    segment * 31
}

fn run_of(first: u64, segments: u64) -> Run {
    Run::of(LOG, first, (first..first + segments).map(seed_of))
}

fn open(bytes: &[u8], run: &Run) -> Index {
    Index::open(file_of(bytes).1, run).expect("it is whole")
}

fn merged(inputs: &[Index], run: &Run) -> Vec<u8> {
    let (disk, file) = file_of(&[]);
    let inputs: Vec<_> = inputs.iter().collect();
    merge(&inputs, run, &*file).expect("it is written");
    disk.contents("file")
}

/// Neighbouring segments, some of them without events.
fn segments(random: &mut fastrand::Rng, seed: u64, count: usize) -> (Vec<Model>, usize) {
    let (_, values) = some(random, seed);
    let (mut models, mut first) = (Vec::new(), random.u64(1..1 << 40));
    for _ in 0..count {
        let events = if random.u8(0..5) == 0 { 0 } else { some(random, seed).0 };
        models.push(Model::segment(random, first, events, values));
        first = models.last().expect("one").end() + random.u64(0..3);
    }
    (models, values)
}

/// The segments merged by two steps at least, if there are several.
fn in_steps(random: &mut fastrand::Rng, models: &[Model], first: u64) -> Index {
    let run = run_of(first, models.len() as u64);
    if let [model] = models {
        return open(&index_of(&model.index(), &run), &run);
    }
    let (mut inputs, mut at) = (Vec::new(), 0);
    while at < models.len() {
        let most = (models.len() - at).min(models.len() - 1);
        let count = random.usize(1..=most);
        inputs.push(in_steps(random, &models[at..at + count], first + at as u64));
        at += count;
    }
    open(&merged(&inputs, &run), &run)
}

#[test]
fn what_was_merged_answers_as_all_events_do() {
    for seed in seeds(40) {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = random.usize(2..7);
        let (models, values) = segments(&mut random, seed, count);
        let index = in_steps(&mut random, &models, 5);
        let model = Model::of_all(&models);
        ask(&model, &index, &mut random, values).expect("it is whole");
        index.load_filter().expect("it is whole");
        ask(&model, &index, &mut random, values).expect("it is whole");
    }
}

/// All but the filter, which may have more pages.
#[test]
fn what_was_merged_is_what_is_made_at_once() {
    for seed in seeds(20) {
        let mut random = fastrand::Rng::with_seed(seed);
        let (models, _) = segments(&mut random, seed, 4);
        let run = run_of(5, 4);
        let each = models.iter().zip(5..).map(|(model, number)| {
            let run = run_of(number, 1);
            open(&index_of(&model.index(), &run), &run)
        });
        let merged = merged(&each.collect::<Vec<_>>(), &run);
        let at_once = index_of(&Model::of_all(&models).index(), &run);
        let before_filter = |bytes: &[u8]| {
            let at = bytes.len() - 128 + 96;
            let at = u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
            bytes[..usize::try_from(at).expect("a few")].to_vec()
        };
        assert_eq!(before_filter(&merged), before_filter(&at_once), "seed {seed}");
    }
}

#[test]
fn a_damaged_one_is_named() {
    let mut random = fastrand::Rng::with_seed(1);
    let (models, _) = segments(&mut random, 0, 3);
    let bytes: Vec<_> =
        models.iter().zip(5..).map(|(m, nth)| index_of(&m.index(), &run_of(nth, 1))).collect();
    let mut named = 0;
    for _ in 0..200 {
        let (nth, mut bytes) = (random.usize(0..3), bytes.clone());
        let bit = random.usize(0..bytes[nth].len() * 8);
        bytes[nth][bit / 8] ^= 1 << (bit % 8);
        let opened = bytes
            .iter()
            .zip(5..)
            .map(|(bytes, number)| Index::open(file_of(bytes).1, &run_of(number, 1)));
        let Ok(inputs) = opened.collect::<Result<Vec<_>, _>>() else { continue };
        let inputs: Vec<_> = inputs.iter().collect();
        match merge(&inputs, &run_of(5, 3), &*file_of(&[]).1) {
            Ok(()) => {}
            Err(MergeError::Input { nth: found, source: IndexError::Damaged }) => {
                assert_eq!(found, nth);
                named += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(named > 10, "{named}");
}

/// Positions are 32 bits from the first of a run.
#[test]
fn what_would_have_too_many_positions_is_not_merged() {
    let models =
        [1, 1 << 33].map(|first| Model::segment(&mut fastrand::Rng::with_seed(1), first, 9, 9));
    let inputs: Vec<_> = models
        .iter()
        .zip(5..)
        .map(|(model, nth)| {
            let run = run_of(nth, 1);
            open(&index_of(&model.index(), &run), &run)
        })
        .collect();
    let inputs: Vec<_> = inputs.iter().collect();
    let merged = merge(&inputs, &run_of(5, 2), &*file_of(&[]).1);
    assert!(matches!(merged, Err(MergeError::Write(_))));
}

#[test]
fn what_does_not_follow_is_not_merged() {
    let inputs = [(5, 40), (6, 44)].map(|(nth, first)| {
        let model = Model::segment(&mut fastrand::Rng::with_seed(1), first, 9, 9);
        open(&index_of(&model.index(), &run_of(nth, 1)), &run_of(nth, 1))
    });
    let inputs: Vec<_> = inputs.iter().collect();
    let merged = merge(&inputs, &run_of(5, 2), &*file_of(&[]).1);
    let expected = MergeError::Input { nth: 1, source: IndexError::Damaged };
    assert_eq!(merged.expect_err("they overlap").to_string(), expected.to_string());
}

/// Whatever fails: under its name a file is whole, the one before or the new one.
#[test]
fn what_has_its_name_is_whole_though_the_disk_fails() {
    let mut random = fastrand::Rng::with_seed(2);
    let (models, values) = segments(&mut random, 0, 3);
    let all = Model::of_all(&models);
    let run = run_of(5, 3);
    let inputs: Vec<_> = models
        .iter()
        .zip(5..)
        .map(|(model, nth)| {
            let run = run_of(nth, 1);
            open(&index_of(&model.index(), &run), &run)
        })
        .collect();
    let inputs: Vec<_> = inputs.iter().collect();
    let name = run.file_name();
    let mut installed = 0;
    for seed in 0..66 {
        let disk = Simulated::new(seed);
        let has_one = seed % 2 == 0;
        if has_one {
            let file = disk.create(&name).expect("a file");
            file.write_at(b"old", 0).and_then(|_| file.sync()).expect("it is written");
            Folder::sync(&disk).expect("it is durable");
        }
        let faults = [Fault::PowerOff, Fault::Fails, Fault::NoRoom];
        let fault = *random.choice(&faults).expect("one");
        disk.plan(seed / 6, fault);
        let made = install(&disk, &name, |file| merge(&inputs, &run, file));
        if made.is_err() && !disk.is_off() {
            let names = disk.names().expect("the power is on");
            assert!(names.iter().all(|left| *left == name), "it takes no room: {names:?}");
        }
        let made = made.is_ok() && Folder::sync(&disk).is_ok();
        disk.restart();
        let names = disk.names().expect("the power is on");
        if made {
            let index = Index::open(disk.open(&name).expect("it is there"), &run);
            let index = index.expect("it is whole, and durable");
            ask(&all, &index, &mut random, values).expect("it is whole");
            installed += 1;
        } else if names.contains(&name) {
            let file = disk.open(&name).expect("it is there");
            if has_one && disk.contents(&name) == b"old" {
                continue;
            }
            let index = Index::open(file, &run).expect("it was synced before it was named");
            ask(&all, &index, &mut random, values).expect("it was synced before it was named");
        }
        // It can be made later.
        let made = install(&disk, &name, |file| merge(&inputs, &run, file));
        made.expect("nothing fails any more");
    }
    assert!((12..60).contains(&installed), "{installed}");
}

#[test]
fn a_run_without_events_is_one() {
    let run = run_of(5, 2);
    let inputs = [5, 6].map(|nth| {
        let run = run_of(nth, 1);
        open(&index_of(&Active::from(Position::new(9)), &run), &run)
    });
    let index = open(&merged(&inputs, &run), &run);
    assert_eq!((index.first(), index.last()), (Position::new(9), Position::new(8)));
    assert_eq!(index.run(), run);
    let _: Arc<Index> = Arc::new(index);
}
