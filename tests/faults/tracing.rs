//! Each call that writes or syncs fails, or is the last one of its process.

use bailiwick_tests::faults::tracing::{
    Fault, Hit, Scene, everywhere, in_the_first_file, is_possible, of_what_is_derived,
    told_after_sync, where_it_goes_on,
};

use super::killing::PROGRAM;

/// More calls than any process makes of a kind.
const MOST_CALLS: u64 = 1_000;

fn faults() -> Vec<Fault> {
    everywhere().into_iter().chain(in_the_first_file()).collect()
}

/// Has every `step`th call of each of these kinds fail, in two threads. Returns how many did.
fn sweep(scene: &Scene, faults: &[Fault], orders: u64, step: u64) -> u64 {
    std::thread::scope(|scope| {
        let halves = faults.chunks(faults.len().div_ceil(2));
        let halves: Vec<_> = halves
            .map(|half| {
                scope.spawn(move || half.iter().map(|f| fail(scene, *f, orders, step)).sum::<u64>())
            })
            .collect();
        halves.into_iter().map(|half| half.join().expect("no violation")).sum::<u64>()
    })
}

fn fail(scene: &Scene, fault: Fault, orders: u64, step: u64) -> u64 {
    let mut failed = 0;
    let mut nth = 1;
    loop {
        let hit = scene.copy().fail(fault, nth, orders);
        match hit.unwrap_or_else(|why| panic!("{fault:?}, call {nth}: {why}")) {
            Hit::Beyond => break,
            Hit::Yes => failed += 1,
        }
        nth += step;
        assert!(nth < MOST_CALLS, "{fault:?}: is it really made to fail?");
    }
    assert!(failed > 0 || !fault.is_certain(), "{fault:?}: there is no such call");
    failed
}

#[test]
fn a_call_that_fails_stops_the_process_and_loses_nothing() {
    if is_possible() {
        let failed = sweep(&Scene::new(PROGRAM, None), &faults(), 12, 5);
        println!("{failed} calls failed");
        assert!(failed > 20, "only {failed} calls failed");
    }
}

#[test]
fn a_process_that_has_its_journal_opened_again_goes_on() {
    if is_possible() {
        let scene = Scene::new(PROGRAM, None).that_reopens();
        let failed = sweep(&scene, &faults(), 12, 7);
        assert!(failed > 20, "only {failed} calls failed");
    }
}

#[test]
fn a_call_that_fails_where_the_journal_goes_on_in_another_file_loses_nothing() {
    if is_possible() {
        let faults = where_it_goes_on();
        let scene = Scene::before_it_goes_on(PROGRAM);
        let failed = sweep(&scene, &faults, 20, 4);
        let again = sweep(&scene.that_reopens(), &faults, 20, 6);
        println!("{failed} calls failed, {again} with a process that has it opened again");
    }
}

#[test]
fn a_call_that_fails_where_something_derived_is_written_loses_nothing() {
    if is_possible() {
        let scene = Scene::without_what_is_derived(PROGRAM);
        let failed = sweep(&scene, &of_what_is_derived(), 8, 1);
        println!("{failed} calls failed");
    }
}

#[test]
#[ignore = "minutes"]
fn every_call_that_fails_stops_the_process_and_loses_nothing() {
    assert!(is_possible(), "this needs strace");
    let new = sweep(&Scene::new(PROGRAM, None), &faults(), 80, 1);
    let old = sweep(&Scene::after_a_kill(PROGRAM, 70), &everywhere(), 20, 1);
    let again = sweep(&Scene::new(PROGRAM, None).that_reopens(), &faults(), 40, 1);
    println!(
        "{new} calls failed on a new journal, {old} on one whose process had been killed, {again} \
         with a process that has it opened again"
    );
}

#[test]
fn nothing_is_told_before_it_is_synced() {
    if is_possible() {
        let seen =
            told_after_sync(Scene::new(PROGRAM, None), 40).unwrap_or_else(|why| panic!("{why}"));
        assert!(seen > 15, "only {seen} answers were told");
    }
}
