//! Files that were harmed: each answer is right, or there is none.

use bailiwick_journal::index::{Index, IndexError, Offsets, Run, SegmentId};

use crate::asked::ask;
use crate::model::Model;
use crate::{LOG, file_of, index_of, offsets_of};

const RUN_SEED: u64 = 9;

fn run() -> Run {
    Run::of(LOG, 3, [RUN_SEED])
}

/// Opens what is left, and asks.
fn look(model: &Model, bytes: &[u8], values: usize, seed: u64) -> Result<(), IndexError> {
    let (_disk, file) = file_of(bytes);
    let index = Index::open(file, &run())?;
    let mut random = fastrand::Rng::with_seed(seed);
    ask(model, &index, &mut random, values)
}

/// Of a list with a directory, a tree with two levels, and what is short.
fn harmed(count: usize, values: usize) -> (Model, Vec<u8>) {
    let model = Model::segment(&mut fastrand::Rng::with_seed(4), 77, count, values);
    let bytes = index_of(&model.index(), &run());
    look(&model, &bytes, values, 0).expect("it is whole");
    (model, bytes)
}

#[test]
fn no_flipped_bit_is_believed() {
    let (model, bytes) = harmed(25, 6);
    let filter = 4_096;
    assert_eq!(bytes.len(), filter + 4_096 + 128, "it has one page of a filter");
    let end = bytes[..filter].iter().rposition(|byte| *byte > 0).expect("something") + 1;
    let mut noticed = 0;
    for bit in 0..bytes.len() * 8 {
        // Behind the names of the types are zeros, which are nothing; the page has bits of its own.
        let is_thin = end * 8 + 8 <= bit && bit < (filter + 4_092) * 8;
        if is_thin && bit % 61 != 0 {
            continue;
        }
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        match look(&model, &bytes, 6, bit as u64) {
            Ok(()) => assert!(end * 8 <= bit && bit < filter * 8, "bit {bit} is not noticed"),
            Err(IndexError::Damaged) => noticed += 1,
            Err(error) => panic!("bit {bit}: {error}"),
        }
    }
    assert!(noticed > end * 8, "{noticed}");
}

#[test]
fn no_flipped_bit_of_a_large_file_is_believed() {
    let (model, bytes) = harmed(6_000, 2_000);
    let mut random = fastrand::Rng::with_seed(5);
    for seed in 0..100 {
        let bit = random.usize(0..bytes.len() * 8);
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        drop(look(&model, &bytes, 2_000, seed));
    }
}

/// Sectors of zeros, and pages that stand elsewhere.
#[test]
fn what_is_lost_or_misplaced_is_not_believed() {
    let (model, bytes) = harmed(3_000, 1_000);
    let mut random = fastrand::Rng::with_seed(6);
    for seed in 0..60 {
        let size = *random.choice(&[8, 64, 512, 4_096]).expect("one");
        let mut harmed = bytes.clone();
        let one = random.usize(0..bytes.len() / size) * size;
        if random.bool() {
            harmed[one..one + size].fill(0);
        } else {
            let other = random.usize(0..bytes.len() / size) * size;
            harmed[one..one + size].copy_from_slice(&bytes[other..other + size]);
            harmed[other..other + size].copy_from_slice(&bytes[one..one + size]);
        }
        drop(look(&model, &harmed, 1_000, seed));
    }
}

#[test]
fn no_flipped_bit_of_offsets_is_believed() {
    let model = Model::segment(&mut fastrand::Rng::with_seed(4), 77, 150, 100);
    let segment = SegmentId { log: LOG, number: 3, seed: 9 };
    let bytes = offsets_of(&model.index(), segment);
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(offsets) = Offsets::open(file_of(&bytes).1, segment) else { continue };
        let mut damaged = 0;
        for (nth, expected) in model.offsets() {
            match offsets.offset(nth) {
                Ok(found) => assert_eq!(found, expected, "bit {bit}"),
                Err(IndexError::Damaged) => damaged += 1,
                Err(error) => panic!("bit {bit}: {error}"),
            }
        }
        assert!(damaged > 0, "bit {bit}");
    }
}

#[test]
fn pages_that_stand_elsewhere_are_not_believed() {
    let (_, bytes) = harmed(6_000, 2_000);
    let end = bytes.len() - 128;
    let swapped = |one: usize, other: usize, size: usize, bytes: &[u8]| {
        let mut swapped = bytes.to_vec();
        swapped[one..one + size].copy_from_slice(&bytes[other..other + size]);
        swapped[other..other + size].copy_from_slice(&bytes[one..one + size]);
        swapped
    };
    let filter = swapped(end - 2 * 4_096, end - 4_096, 4_096, &bytes);
    let index = Index::open(file_of(&filter).1, &run()).expect("all else is whole");
    assert!(matches!(index.load_filter(), Err(IndexError::Damaged)));

    let model = Model::segment(&mut fastrand::Rng::with_seed(4), 77, 300, 100);
    let segment = SegmentId { log: LOG, number: 3, seed: 9 };
    let bytes = swapped(0, 512, 512, &offsets_of(&model.index(), segment));
    let offsets = Offsets::open(file_of(&bytes).1, segment).expect("all else is whole");
    for nth in [0, 127] {
        assert!(matches!(offsets.offset(nth), Err(IndexError::Damaged)));
    }
}

/// As it may be once a segment was rewritten, and so its index.
#[test]
fn what_is_of_another_index_of_that_name_is_not_believed() {
    let model = Model::segment(&mut fastrand::Rng::with_seed(4), 77, 100, 30);
    let older = Run::of(LOG, 3, [RUN_SEED + 1]);
    let (older, mut bytes) = (index_of(&model.index(), &older), index_of(&model.index(), &run()));
    let footer = bytes.len() - 128;
    bytes[..footer].copy_from_slice(&older[..footer]);
    assert!(matches!(Index::open(file_of(&bytes).1, &run()), Err(IndexError::Damaged)));
}
