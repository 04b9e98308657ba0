//! Each shape of views: from keys to what a decision gets.

use bailiwick_core::views::Boundary;
use bailiwick_core::{Last, Unguarded, Views};

use crate::journal::Journal;
use crate::vocabulary::*;

/// What the views of these keys see in a journal, by `look`.
fn look<Vs: Views, T>(keys: Vs::Keys, look: impl for<'a> FnOnce(Vs::Refs<'a>) -> T) -> T {
    let mut journal = Journal::of([
        red("a", 1),
        blue("p", 2),
        linked("a", "p", 3),
        rang(4),
        red("b", 5),
        linked("b", "p", 6),
        rang(7),
    ]);
    let boundary = Boundary::of::<Vs>(&keys).unwrap();
    look(journal.fold(&boundary).refs::<Vs>(&boundary))
}

fn numbers<E: Clone + Into<AnyEvent>, K>(view: &Seen<E, K>) -> Vec<u64> {
    let all = view.seen.iter().map(|(event, at)| {
        let n = match event.clone().into() {
            AnyEvent::X(XEvent::Red { n, .. })
            | AnyEvent::Y(YEvent::Blue { n, .. })
            | AnyEvent::Rang(Rang { n })
            | AnyEvent::X(XEvent::Linked(Linked { n, .. }))
            | AnyEvent::Y(YEvent::Linked(Linked { n, .. })) => n,
        };
        assert_eq!(at.as_millis() + 1, n, "each comes with the time it was recorded");
        n
    });
    all.collect()
}

#[test]
fn a_view_sees_what_concerns_its_key() {
    look::<X, _>("a".into(), |x| assert_eq!(numbers(x), [1, 3]));
    look::<Y, _>("p".into(), |y| assert_eq!(numbers(y), [2, 3, 6]));
    look::<Y, _>("q".into(), |y| assert!(y.seen.is_empty()));
}

#[test]
fn a_key_of_two_ids_is_concerned_by_what_concerns_both() {
    look::<Both, _>(("b".into(), "p".into()), |both| {
        assert_eq!(both.seen.iter().map(|(link, _)| link.n).collect::<Vec<_>>(), [6]);
    });
}

#[test]
fn without_a_key_the_type_is_enough() {
    look::<Bell, _>((), |bell| assert_eq!(numbers(bell), [4, 7]));
}

#[test]
fn a_tuple_gives_each_its_own() {
    look::<(X, X, Y, (), Bell, Unguarded<(X, Y)>), _>(
        ("a".into(), "b".into(), "p".into(), (), (), ("b".into(), "q".into())),
        |(a, b, p, (), bell, (again, q))| {
            assert_eq!((numbers(a), numbers(b)), (vec![1, 3], vec![5, 6]));
            assert_eq!((numbers(p), numbers(bell)), (vec![2, 3, 6], vec![4, 7]));
            assert!(q.seen.is_empty());
            assert!(std::ptr::eq(b, again), "one view of one key is folded once");
        },
    );
}

#[test]
fn a_vector_has_one_for_each_key_in_the_order_of_the_keys() {
    let keys = ["b", "a", "c", "b"].map(Into::into).into();
    look::<Vec<X>, _>(keys, |views| {
        let seen: Vec<_> = views.into_iter().map(numbers).collect();
        assert_eq!(seen, [vec![5, 6], vec![1, 3], vec![], vec![5, 6]]);
    });
    look::<Vec<X>, _>(vec![], |views| assert!(views.is_empty()));
    let pairs = vec![("a".into(), vec!["p".into(), "q".into()]), ("b".into(), vec![])];
    look::<Vec<(X, Vec<Y>)>, _>(pairs, |views| {
        let [(a, of_a), (b, of_b)] = &views[..] else { panic!("two") };
        assert_eq!((numbers(a), numbers(b)), (vec![1, 3], vec![5, 6]));
        assert_eq!((of_a.len(), of_b.len()), (2, 0));
    });
}

#[test]
fn an_option_has_one_if_there_is_a_key() {
    type Views = (Option<X>, Option<X>, Y);
    look::<Views, _>((None, Some("a".into()), "q".into()), |(none, some, _)| {
        assert!(none.is_none());
        assert_eq!(some.map(numbers), Some(vec![1, 3]));
    });
}

#[test]
fn the_last_event_is_the_last_that_concerns_the_key() {
    type Views = (Last<Rang>, Last<XEvent, XId>, Last<Linked, (XId, YId)>, Last<YEvent, YId>);
    let keys = ((), "a".into(), ("a".into(), "p".into()), "q".into());
    look::<Views, _>(keys, |(rang, a, link, q)| {
        assert_eq!((rang.event(), rang.at()), (Some(&Rang { n: 7 }), Some(6.into())));
        assert_eq!(a.event(), Some(&XEvent::Linked(link.event().unwrap().clone())));
        assert_eq!(link.at(), Some(2.into()));
        assert_eq!((q.event(), q.at()), (None, None));
    });
}
