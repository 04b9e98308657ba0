//! The course alone, reading by reading.

use std::time::Duration;

use bailiwick_core::Timestamp;

use super::course::{Course, News};
use crate::config::Config;

const SECOND: u64 = 1_000_000;
const HOUR: u64 = 3_600 * SECOND;
const BEGIN: u64 = 1_000 * HOUR;

/// A clock that begins at [`BEGIN`].
fn course() -> Course {
    Course::new(&Config::default(), BEGIN, 0)
}

/// What `now` is, since the beginning.
fn now(course: &Course, elapsed: u64) -> u64 {
    elapsed + course.offset() - BEGIN
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_leap_is_believed_after_several_readings_over_some_time() {
    let mut course = course();
    let leapt = |elapsed| BEGIN + HOUR + elapsed;
    assert_eq!(course.read(leapt(SECOND), SECOND), Some(News::Leapt { by: secs(3_600) }));
    // As often as you like, within a moment.
    for micros in 0..1_000 {
        assert_eq!(course.read(leapt(SECOND + micros), SECOND + micros), None);
    }
    assert_eq!((now(&course, 5 * SECOND), course.leap()), (5 * SECOND, Some(secs(3_600))));
    let believed = Some(News::Believed { by: secs(3_600) });
    assert_eq!(course.read(leapt(6 * SECOND), 6 * SECOND), believed);
    assert_eq!((now(&course, 6 * SECOND), course.leap()), (HOUR + 6 * SECOND, None));
}

#[test]
fn two_readings_are_too_few_however_far_apart() {
    let mut course = course();
    course.read(BEGIN + HOUR, 0);
    course.read(BEGIN + 2 * HOUR, HOUR);
    assert_eq!(now(&course, HOUR), HOUR);
    course.read(BEGIN + 2 * HOUR + SECOND, HOUR + SECOND);
    assert_eq!(now(&course, HOUR + SECOND), 2 * HOUR + SECOND);
}

#[test]
fn a_reading_that_does_not_agree_begins_anew() {
    let mut course = course();
    for second in 0..100 {
        let leap = if second % 4 == 3 { 3 * HOUR } else { HOUR };
        course.read(BEGIN + leap + second * SECOND, second * SECOND);
    }
    assert_eq!(now(&course, 0), 0);
}

#[test]
fn a_leap_that_is_taken_back_leaves_nothing() {
    let mut course = course();
    course.read(BEGIN + HOUR, 0);
    assert_eq!(course.read(BEGIN + SECOND, SECOND), Some(News::Recovered));
    assert_eq!((now(&course, SECOND), course.leap(), course.behind()), (SECOND, None, None));
}

#[test]
fn without_confirmation_every_reading_is_believed() {
    let config = Config { clock_confirm: Duration::ZERO, ..Config::default() };
    let mut course = Course::new(&config, BEGIN, 0);
    course.read(BEGIN + HOUR, 0);
    assert_eq!(now(&course, 0), HOUR);
}

#[test]
fn a_small_step_is_followed_but_not_one_after_the_other() {
    let mut course = course();
    for tenth in 1..=600 {
        let elapsed = tenth * SECOND / 10;
        course.read(BEGIN + elapsed + tenth * SECOND / 2, elapsed);
    }
    assert_eq!(now(&course, 60 * SECOND), 61 * SECOND);
}

#[test]
fn it_says_once_that_the_clock_is_set_back_and_once_that_it_is_not() {
    let mut course = course();
    let back = |elapsed| BEGIN - HOUR + elapsed;
    assert_eq!(course.read(back(SECOND), SECOND), Some(News::SetBack { by: secs(3_600) }));
    assert_eq!(course.read(back(2 * SECOND), 2 * SECOND), None);
    assert_eq!((now(&course, 2 * SECOND), course.behind()), (2 * SECOND, Some(secs(3_600))));
    assert_eq!(course.read(BEGIN + 3 * SECOND, 3 * SECOND), Some(News::CaughtUp));
    assert_eq!((now(&course, 3 * SECOND), course.behind()), (3 * SECOND, None));
}

#[test]
fn recorded_times_move_it_within_the_bound_and_no_further() {
    let mut course = course();
    let at = |seconds: u64| Timestamp::from_millis((BEGIN + seconds * SECOND) / 1_000);
    assert!(course.not_before(at(60), 0));
    assert_eq!(now(&course, 0), 60 * SECOND);
    for seconds in [61, 100, 120] {
        assert!(!course.not_before(at(seconds), 0), "it does not walk on");
    }
    assert_eq!((now(&course, 0), course.ignored()), (60 * SECOND, at(120)));
    assert!(course.not_before(at(0), 0), "what has passed is no trouble");
    assert!(!course.not_before(Timestamp::MAX, 0));
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    for (wall, elapsed) in [(0, 0), (u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
        let mut course = Course::new(&Config::default(), wall, elapsed);
        for (wall, elapsed) in [(u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX), (0, 0)] {
            course.read(wall, elapsed);
            course.not_before(Timestamp::from_millis(wall), elapsed);
        }
    }
}
