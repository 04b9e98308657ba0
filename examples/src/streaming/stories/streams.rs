//! Streams are started and stopped.

use std::time::Duration;

use bailiwick_core::{
    By, GivenEvents, MockAnswer, MockService, Position, Timestamp, by, given_events, quiesce,
};

use super::sample::*;
use crate::streaming::{
    AccountSessions, STOPS_FOR, SessionEvent, StartStream, StopStream, StreamOrder,
};

type Service = MockService<StreamOrder>;

const MINUTE: u64 = 60_000;

fn account(event: SessionEvent) -> By<AccountSessions> {
    by::<AccountSessions>("a", event)
}

fn start(session: &'static str, token: u64, lease_ms: u64) -> StreamOrder {
    let (account, session, token) = ("a".into(), session.into(), Position::new(token));
    StreamOrder::Start { account, session, token, lease_ms }
}

fn stop(session: &'static str, token: u64) -> StreamOrder {
    let (account, session, token) = ("a".into(), session.into(), Position::new(token));
    StreamOrder::Stop { account, session, token }
}

/// A session that has started at 1 000, for a minute, whose stream was not started: the service is dead.
fn not_started(service: &Service) -> GivenEvents {
    service.answer([MockAnswer::Hang]);
    let news = account(started("s1", 1_000 + MINUTE));
    given_events().at(1_000).performs(StartStream(service.clone()), news).times_out()
}

#[test]
fn a_stream_is_started_for_the_time_of_its_lease_with_its_place_as_token() {
    let service = Service::new();
    let story = given_events().at(1_000);
    let _ =
        story.performs(StartStream(service.clone()), account(started("s1", 1_000 + MINUTE))).done();
    assert_eq!(service.inputs(), [start("s1", 1, MINUTE)]);
}

#[test]
fn a_service_that_fails_in_any_way_is_told_again_under_the_same_key() {
    let after = Duration::from_secs(7);
    let service = Service::new();
    let again = || StartStream(service.clone());
    let story = not_started(&service);
    service.answer([MockAnswer::Retry, MockAnswer::RetryAfter(after)]);
    let story = story.at(5_000).performs_again(again()).retries("told to");
    let story = story.at(9_000).performs_again(again()).retries_after(after, "told to");
    let _ = story.at(16_000).performs_again(again()).done();
    assert_eq!(service.inputs(), vec![start("s1", 1, MINUTE); 4]);
    assert_eq!(service.keys().len(), 1);
}

#[test]
fn it_gives_up_once_the_lease_has_ended_and_not_earlier() {
    let service = Service::new();
    let again = || StartStream(service.clone());
    service.always(MockAnswer::Retry);
    let story = not_started(&service).at(MINUTE + 999).performs_again(again()).retries("told to");
    let _ = story.at(MINUTE + 1_000).performs_again(again()).gives_up("the lease has ended");
    assert_eq!(service.calls().len(), 2);
    // Or before its time, by whoever has it.
    let story = not_started(&service).at(5_000).event(account(ended("s1")));
    let _ = story.performs_again(again()).gives_up("the lease has ended");
}

#[test]
fn a_lease_that_was_renewed_by_others_goes_on() {
    let service = Service::new();
    let story = not_started(&service).at(50_000).event(account(renewed("s1", 110_000)));
    let _ = story.at(100_000).performs_again(StartStream(service.clone())).done();
}

#[test]
fn a_stream_is_stopped_when_its_session_ends_or_runs_out() {
    for end in [ended("s1"), expired("s1")] {
        let service = Service::new();
        let _ = given_events().performs(StopStream(service.clone()), account(end)).done();
        assert_eq!(service.inputs(), [stop("s1", 1)]);
    }
}

#[test]
fn nobody_goes_on_for_ever_to_stop_a_stream() {
    let service = Service::new();
    service.always(MockAnswer::Retry);
    let again = || StopStream(service.clone());
    let story = given_events().performs(again(), account(ended("s1"))).retries("told to");
    let last = u64::try_from(STOPS_FOR.as_millis()).unwrap();
    let story = story.at(Timestamp::from_millis(last)).performs_again(again()).retries("told to");
    let _ = story.at(last + 1).performs_again(again()).gives_up("by itself");
}

/// With the aggregate: what it decides is what is started and stopped, each with a key of its own, and a stop has a
/// higher token than its start.
#[test]
fn whatever_an_account_does_its_streams_follow() {
    let service = Service::new();
    quiesce()
        .aggregate::<AccountSessions>()
        .effect(StartStream(service.clone()))
        .effect(StopStream(service.clone()))
        .get::<AccountSessions>("a")
        .ask(acquire("s1", 10))
        .accepted()
        .get::<AccountSessions>("a")
        .ask(acquire("s2", MINUTE))
        .accepted()
        .get::<AccountSessions>("a")
        .ask(release("s2"))
        .accepted()
        .at(10);
    let mut orders = service.inputs();
    orders.dedup();
    let expected = [start("s1", 1, 10), start("s2", 3, MINUTE), stop("s2", 5), stop("s1", 7)];
    assert_eq!((orders, service.keys().len()), (expected.to_vec(), 4));
}
