//! Indexes against a look at every event: in memory, in a file, and merged.

mod asked;
mod figures;
mod model;

use asked::ask;
use model::Model;

/// Small segments mostly, and some in which a list has many chunks.
fn some(random: &mut fastrand::Rng, seed: u64) -> (usize, usize) {
    match seed % 10 {
        0 => (4_000, random.usize(1..3_000)),
        1 => (random.usize(0..3), 2),
        _ => (random.usize(1..400), random.usize(1..200)),
    }
}

#[test]
fn in_memory_what_is_found_is_what_a_look_at_every_event_finds() {
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (count, values) = some(&mut random, seed);
        let first = random.u64(1..1 << 40);
        let model = Model::segment(&mut random, first, count, values);
        let index = model.index();
        assert_eq!(index.is_empty(), count == 0);
        ask(&model, &index, &mut random, values).expect("it is in memory");
        for nth in 0..=model.end() - model.first {
            let expected = model.events.get(&(model.first + nth)).map(|event| event.offset);
            assert_eq!(index.offset(nth as u32), expected, "seed {seed}");
        }
    }
}
