//! Folding step by step: what is read for it, what is ahead, what is kept.

use bailiwick_core::journal::AppendCondition;
use bailiwick_core::views::{Boundary, Folded, Slot, ViewIdentity};
use bailiwick_core::{ErrorReport, Last, Position, Unguarded, Views};

use crate::journal::{Journal, encoded};
use crate::vocabulary::*;

fn of<Vs: Views>(keys: Vs::Keys) -> Boundary {
    Boundary::of::<Vs>(&keys).unwrap()
}

fn at(number: u64) -> Position {
    Position::new(number)
}

/// Lends what was kept.
fn lend(kept: &mut Vec<Slot>) -> impl FnMut(&ViewIdentity) -> Option<Slot> {
    |view| {
        let place = kept.iter().position(|slot| slot.identity() == view)?;
        Some(kept.swap_remove(place))
    }
}

fn count<Vs: for<'a> Views<Refs<'a> = &'a X>>(folded: &Folded, boundary: &Boundary) -> usize {
    folded.refs::<Vs>(boundary).seen.len()
}

#[test]
fn all_views_are_read_with_one_query_page_by_page() {
    let mut journal =
        Journal::of([red("a", 1), blue("q", 2), blue("p", 3), linked("a", "p", 4), red("b", 5)]);
    let boundary = of::<(X, Y)>(("a".into(), "p".into()));
    let mut folded = Folded::of(&boundary);
    assert_eq!(folded.level(), None, "nothing is known yet");
    assert_eq!(journal.level(&mut folded, 2).unwrap(), at(5));
    assert_eq!(journal.reads, [(at(0), 2), (at(3), 1)]);
    let (x, y) = folded.refs::<(X, Y)>(&boundary);
    assert_eq!((x.seen.len(), y.seen.len()), (2, 2));
}

#[test]
fn a_view_that_was_kept_is_not_read_again() {
    let mut journal = Journal::of([red("a", 1), red("a", 2), blue("p", 3), red("a", 4)]);
    let x = of::<X>("a".into());
    let mut kept: Vec<_> = journal.fold(&x).keep().collect();
    journal.append(encoded(&blue("p", 5), 5));
    journal.append(encoded(&red("a", 6), 6));
    journal.reads.clear();
    let both = of::<(X, Y)>(("a".into(), "p".into()));
    let mut folded = Folded::default();
    folded.add(&both, lend(&mut kept));
    assert_eq!(journal.level(&mut folded, 10).unwrap(), at(6));
    // The new one from the beginning, alone; then both from where the kept one was.
    assert_eq!(journal.reads, [(at(0), 2), (at(4), 2)]);
    let (x, y) = folded.refs::<(X, Y)>(&both);
    assert_eq!((x.seen.len(), y.seen.len()), (4, 2));
}

#[test]
fn views_that_are_level_need_no_reading_until_they_are_behind() {
    let mut journal = Journal::of([red("a", 1)]);
    let boundary = of::<X>("a".into());
    let mut kept: Vec<_> = journal.fold(&boundary).keep().collect();
    journal.append(encoded(&red("a", 2), 2));
    let mut folded = Folded::default();
    folded.add(&boundary, lend(&mut kept));
    assert_eq!(folded.level(), Some(at(1)));
    assert_eq!(count::<X>(&folded, &boundary), 1);
    // The condition did not hold.
    folded.behind();
    journal.reads.clear();
    assert_eq!(journal.level(&mut folded, 10).unwrap(), at(2));
    assert_eq!(journal.reads, [(at(1), 1)]);
    assert_eq!(count::<X>(&folded, &boundary), 2);
}

#[test]
fn the_last_event_is_enough() {
    let mut journal = Journal::of((0..100).map(rang));
    journal.append(encoded(&red("a", 1), 1));
    let boundary = of::<Last<Rang>>(());
    let mut folded = Folded::of(&boundary);
    let lasts: Vec<_> = folded.lasts().collect();
    let [(view, query)] = &lasts[..] else { panic!("one") };
    let last = journal.last(query).unwrap();
    folded.found(view, Some(last), last.position).unwrap();
    assert_eq!(folded.level(), Some(at(100)), "without a read");
    assert_eq!(folded.lasts().count(), 0);
    assert_eq!(folded.refs::<Last<Rang>>(&boundary).event(), Some(&Rang { n: 99 }));
    assert!(journal.reads.is_empty());
}

#[test]
fn that_there_is_no_last_event_is_known_up_to_where_it_was_looked_for() {
    let boundary = of::<Last<Rang>>(());
    let mut folded = Folded::of(&boundary);
    let (view, _) = folded.lasts().next().unwrap();
    folded.found(&view, None, at(7)).unwrap();
    assert_eq!(folded.level(), Some(at(7)));
    assert_eq!(folded.refs::<Last<Rang>>(&boundary).event(), None);
}

#[test]
fn the_last_event_and_other_views_come_to_one_position() {
    let mut journal = Journal::of([rang(1), red("a", 2), rang(3), red("a", 4)]);
    let boundary = of::<(Last<Rang>, X)>(((), "a".into()));
    let mut folded = Folded::of(&boundary);
    let (view, query) = folded.lasts().next().unwrap();
    let last = journal.last(&query).unwrap();
    folded.found(&view, Some(last), last.position).unwrap();
    assert_eq!(folded.level(), None);
    assert_eq!(journal.level(&mut folded, 10).unwrap(), at(4));
    assert_eq!(journal.reads, [(at(0), 2), (at(3), 1)]);
    let (last, x) = folded.refs::<(Last<Rang>, X)>(&boundary);
    assert_eq!((last.event(), x.seen.len()), (Some(&Rang { n: 3 }), 2));
}

#[test]
fn what_was_emitted_is_seen_by_every_view_that_it_concerns_before_it_is_durable() {
    let mut journal = Journal::of([red("a", 1)]);
    let first = of::<(X, Y)>(("a".into(), "p".into()));
    let second = of::<(Y, Bell)>(("p".into(), ()));
    let mut folded = Folded::of(&first);
    folded.add(&second, |_| None);
    journal.level(&mut folded, 10).unwrap();
    folded.fold_ahead(&encoded(&linked("a", "p", 2), 9)).unwrap();
    folded.fold_ahead(&encoded(&linked("b", "p", 3), 9)).unwrap();
    let (x, y) = folded.refs::<(X, Y)>(&first);
    assert_eq!((x.seen.len(), y.seen.len()), (2, 2));
    assert_eq!(x.seen[1].1, 9.into());
    let (y, bell) = folded.refs::<(Y, Bell)>(&second);
    assert_eq!((y.seen.len(), bell.seen.len()), (2, 0));
}

#[test]
fn what_is_durable_is_not_read_back() {
    let mut journal = Journal::of([red("a", 1)]);
    let boundary = of::<X>("a".into());
    let mut folded = journal.fold(&boundary);
    let own = encoded(&red("a", 2), 2);
    journal.append(encoded(&blue("p", 2), 2));
    folded.fold_ahead(&own).unwrap();
    assert_eq!(count::<X>(&folded, &boundary), 2);
    let last = journal.append(own);
    folded.settled(last);
    assert_eq!(folded.level(), Some(at(3)));
    journal.append(encoded(&red("a", 4), 4));
    folded.behind();
    journal.reads.clear();
    journal.level(&mut folded, 10).unwrap();
    assert_eq!(journal.reads, [(at(3), 1)]);
    assert_eq!(count::<X>(&folded, &boundary), 3);
}

#[test]
fn what_never_became_durable_is_forgotten_and_the_rest_is_kept() {
    let mut journal = Journal::of([red("a", 1), blue("p", 2)]);
    let boundary = of::<(X, Y)>(("a".into(), "p".into()));
    let mut folded = journal.fold(&boundary);
    folded.fold_ahead(&encoded(&red("a", 3), 3)).unwrap();
    folded.discard();
    let upto = |folded: Folded| -> Vec<_> {
        folded.keep().map(|slot| (slot.identity().to_string(), slot.upto())).collect()
    };
    assert_eq!(folded.level(), None);
    journal.level(&mut folded, 10).unwrap();
    let (x, y) = folded.refs::<(X, Y)>(&boundary);
    assert_eq!((x.seen.len(), y.seen.len()), (1, 1));
    assert_eq!(upto(folded), [("Seen x:a".into(), at(2)), ("Seen y:p".into(), at(2))]);
}

#[test]
fn a_view_that_can_be_copied_goes_on_from_where_it_was() {
    let mut journal = Journal::of([blue("p", 1), blue("p", 2)]);
    let boundary = of::<Y>("p".into());
    let mut folded = journal.fold(&boundary);
    folded.fold_ahead(&encoded(&blue("p", 3), 3)).unwrap();
    folded.fold_ahead(&encoded(&blue("p", 4), 4)).unwrap();
    assert_eq!(folded.refs::<Y>(&boundary).seen.len(), 4);
    folded.discard();
    assert_eq!((folded.level(), folded.refs::<Y>(&boundary).seen.len()), (Some(at(2)), 2));
    journal.append(encoded(&blue("p", 5), 5));
    folded.behind();
    journal.reads.clear();
    journal.level(&mut folded, 10).unwrap();
    assert_eq!(journal.reads, [(at(2), 1)], "what is new, and nothing else");
    let times: Vec<_> = folded.refs::<Y>(&boundary).seen.iter().map(|(_, at)| *at).collect();
    assert_eq!(times, [0.into(), 1.into(), 5.into()]);
}

#[test]
fn views_that_are_ahead_or_on_the_way_are_not_kept() {
    let mut journal = Journal::of([red("a", 1), red("a", 2), blue("p", 3)]);
    let boundary = of::<(X, Y)>(("a".into(), "p".into()));
    let mut folded = Folded::of(&boundary);
    folded.take(&journal.read(&folded.next_read().limit(1.try_into().unwrap()))).unwrap();
    assert_eq!(folded.keep().count(), 0, "on the way");
    let mut folded = journal.fold(&boundary);
    folded.fold_ahead(&encoded(&red("a", 4), 4)).unwrap();
    let kept: Vec<_> = folded.keep().map(|slot| slot.identity().to_string()).collect();
    assert_eq!(kept, ["Seen y:p"]);
}

#[test]
fn a_view_that_is_not_guarded_may_have_missed_something() {
    let mut journal = Journal::of([red("a", 1), blue("p", 2)]);
    let boundary = of::<(X, Unguarded<(Y, Bell)>)>(("a".into(), ("p".into(), ())));
    let mut folded = journal.fold(&boundary);
    let own = encoded(&linked("a", "p", 4), 4);
    folded.fold_ahead(&own).unwrap();
    // This does not stop the append, which guards the X alone.
    journal.append(encoded(&blue("p", 3), 3));
    folded.settled(journal.append(own));
    let upto: Vec<_> =
        folded.keep().map(|slot| (slot.identity().to_string(), slot.upto())).collect();
    assert_eq!(upto, [("Seen x:a".into(), at(4)), ("Seen".into(), at(2))]);
}

#[test]
fn an_unguarded_view_that_was_ahead_is_read_again() {
    let mut journal = Journal::of([red("a", 1), blue("p", 2)]);
    type V = (X, Unguarded<Y>);
    let boundary = of::<V>(("a".into(), "p".into()));
    let mut folded = journal.fold(&boundary);
    let own = encoded(&linked("a", "p", 4), 4);
    folded.fold_ahead(&own).unwrap();
    journal.append(encoded(&blue("p", 3), 3));
    folded.settled(journal.append(own));
    journal.level(&mut folded, 10).unwrap();
    let (_, y) = folded.refs::<V>(&boundary);
    let times: Vec<_> = y.seen.iter().map(|(_, at)| at.as_millis()).collect();
    assert_eq!(times, [1, 3, 4], "in the order of the journal, each once");
}

#[test]
fn a_view_is_guarded_for_whoever_guards_it() {
    let unguarded = of::<Unguarded<X>>("a".into());
    let guarded = of::<X>("a".into());
    let mut folded = Folded::of(&unguarded);
    assert_eq!(folded.guard(), None);
    folded.add(&guarded, |_| None);
    assert_eq!(folded.guard(), guarded.guard());
    assert!(folded.has(&unguarded) && folded.has(&guarded));
    assert!(!folded.has(&of::<X>("b".into())));
    // Lent to another, it is what it is for that one.
    let mut journal = Journal::default();
    journal.level(&mut folded, 10).unwrap();
    let mut kept: Vec<_> = folded.keep().collect();
    let mut folded = Folded::default();
    folded.add(&unguarded, lend(&mut kept));
    assert_eq!(folded.guard(), None);
}

#[test]
fn what_is_appended_has_the_guard_and_the_level_as_its_condition() {
    let mut journal = Journal::of([red("a", 1), red("a", 2)]);
    let boundary = of::<(X, Unguarded<Y>)>(("a".into(), "p".into()));
    let folded = journal.fold(&boundary);
    let guard = of::<X>("a".into()).guard().unwrap();
    let expected = AppendCondition::new(guard).after(at(2));
    assert_eq!(folded.condition(folded.level().unwrap()), Some(expected));
    assert_eq!(Folded::of(&of::<Unguarded<X>>("a".into())).condition(at(2)), None);
}

#[test]
fn a_view_of_another_key_is_not_lent() {
    let mut journal = Journal::of([red("a", 1)]);
    let mut kept: Vec<_> = journal.fold(&of::<X>("a".into())).keep().collect();
    let boundary = of::<X>("b".into());
    let mut folded = Folded::default();
    folded.add(&boundary, |_| kept.pop());
    journal.level(&mut folded, 10).unwrap();
    assert_eq!(count::<X>(&folded, &boundary), 0);
}

#[test]
fn an_event_that_cannot_be_read_says_which_and_where() {
    let mut journal = Journal::of([red("a", 1), red("a", 2)]);
    journal.events[1].event.payload = b"{}"[..].into();
    let mut folded = Folded::of(&of::<(Bell, X)>(((), "a".into())));
    let error = journal.level(&mut folded, 10).unwrap_err();
    assert_eq!((error.view.view(), error.position), ("Seen", Some(at(2))));
    let text = ErrorReport::of(&error).to_string();
    assert!(
        text.starts_with("Seen x:a cannot read Red at position 2: it cannot be decoded"),
        "{text}"
    );
    let mut ahead = Folded::of(&of::<X>("a".into()));
    let error = ahead.fold_ahead(&journal.events[1].event).unwrap_err();
    assert_eq!(error.position, None);
    assert_eq!(error.to_string(), "Seen x:a cannot read Red");
    assert!(
        ErrorReport::of(&error).to_string().starts_with("Seen x:a cannot read Red: it cannot ")
    );
}

#[test]
#[should_panic(expected = "Seen x:b is not among the folded views")]
fn views_are_not_taken_from_others() {
    let folded = Folded::of(&of::<X>("a".into()));
    let other = of::<X>("b".into());
    let _ = folded.refs::<X>(&other);
}

#[test]
#[should_panic(expected = "the boundary is that of other views")]
fn views_are_not_taken_for_others() {
    let boundary = of::<X>("a".into());
    let _ = Folded::of(&boundary).refs::<Y>(&boundary);
}
