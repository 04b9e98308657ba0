//! What is read, what is guarded, and what decisions queue by.

use std::hash::{DefaultHasher, Hash, Hasher};

use bailiwick_core::journal::QueryItem;
use bailiwick_core::views::{Boundary, Folded, Pair, ReadingItem, Slot};
use bailiwick_core::{
    BoundaryError, Bounded, EmitError, ErrorReport, Id, InvalidTag, Last, Tags, Unguarded, View,
    Views,
};

use crate::vocabulary::*;

fn of<Vs: Views>(keys: Vs::Keys) -> Boundary {
    Boundary::of::<Vs>(&keys).unwrap()
}

fn item(types: &[&'static str], tags: &[&str]) -> QueryItem {
    QueryItem::new(types.iter().copied(), tags.iter().map(|text| tag(text))).unwrap()
}

#[test]
fn a_view_reads_its_types_under_the_tags_of_its_key() {
    let reading = |boundary: Boundary| {
        let [reading] = boundary.reading() else { panic!("one view") };
        reading.item().clone()
    };
    assert_eq!(reading(of::<X>("a".into())), item(&["Red", "Linked"], &["x:a"]));
    assert_eq!(reading(of::<Both>(("a".into(), "p".into()))), item(&["Linked"], &["x:a", "y:p"]));
    assert_eq!(reading(of::<Bell>(())), item(&["Rang"], &[]));
    // A type that is in the set twice is asked for once.
    let any = reading(of::<Seen<AnyEvent, XId>>("a".into()));
    assert_eq!(any, item(&["Red", "Linked", "Blue", "Rang"], &["x:a"]));
}

#[test]
fn what_is_guarded_is_what_is_read_but_for_what_is_said_to_be_unguarded() {
    let boundary = of::<(X, Unguarded<(Y, Vec<Bell>)>, Last<Rang>)>((
        "a".into(),
        ("p".into(), vec![(), ()]),
        (),
    ));
    let read: Vec<_> =
        boundary.reading().iter().map(|r| (r.identity().to_string(), r.guards())).collect();
    let expected = [("Seen x:a", true), ("Seen y:p", false), ("Seen", false), ("Last", true)];
    assert_eq!(read, expected.map(|(view, guards)| (view.to_owned(), guards)));
    let guard = boundary.guard().unwrap();
    let guarded = [item(&["Red", "Linked"], &["x:a"]), item(&["Rang"], &[])];
    assert_eq!(guard.items(), Some(&guarded[..]));
    // Behind a view that is unguarded, others are guarded again.
    assert_eq!(
        of::<(Unguarded<X>, Y)>(("a".into(), "p".into())).guard().unwrap().items().unwrap(),
        [item(&["Blue", "Linked"], &["y:p"])]
    );
}

#[test]
fn a_view_that_is_guarded_somewhere_is_guarded() {
    type Twice = (Unguarded<X>, X, Unguarded<X>);
    let boundary = of::<Twice>(("a".into(), "a".into(), "b".into()));
    let guards: Vec<_> = boundary.reading().iter().map(ReadingItem::guards).collect();
    assert_eq!(guards, [true, false]);
}

#[test]
fn nothing_guarded_is_no_condition() {
    assert_eq!(of::<()>(()).guard(), None);
    assert_eq!(of::<Vec<X>>(vec![]).guard(), None);
    assert_eq!(of::<Unguarded<X>>("a".into()).guard(), None);
    assert_eq!(Folded::of(&of::<Option<X>>(None)).level(), Some(bailiwick_core::Position::START));
}

#[test]
fn an_event_is_selected_by_the_views_that_would_fold_it_in() {
    let boundary = of::<(X, Unguarded<Y>, Bell)>(("a".into(), "p".into(), ()));
    let selecting = |event_type: &str, tags: &[&str]| -> Vec<String> {
        let tags: Tags = tags.iter().map(|text| tag(text)).collect();
        let readings = boundary.selecting(event_type, &tags);
        readings.map(|reading| reading.identity().to_string()).collect()
    };
    assert_eq!(selecting("Linked", &["x:a", "y:p"]), ["Seen x:a", "Seen y:p"]);
    assert_eq!(selecting("Linked", &["x:b", "y:p"]), ["Seen y:p"]);
    assert_eq!(selecting("Rang", &["z:1"]), ["Seen"]);
    assert!(selecting("Blue", &["x:a"]).is_empty());
}

#[test]
fn what_is_guarded_comes_as_pairs_in_order_each_once() {
    type Guarding = (Both, Last<Rang>, Unguarded<Y>, Vec<X>);
    let keys = (("a".into(), "p".into()), (), "q".into(), vec!["b".into(), "a".into()]);
    let pairs: Vec<_> = of::<Guarding>(keys)
        .pairs()
        .map(|pair| (pair.event_type.to_string(), pair.tag.map(|tag| tag.to_string())))
        .collect();
    let expected = [
        ("Linked", Some("x:a")),
        ("Linked", Some("x:b")),
        ("Linked", Some("y:p")),
        ("Rang", None),
        ("Red", Some("x:a")),
        ("Red", Some("x:b")),
    ];
    assert_eq!(pairs, expected.map(|(t, tag)| (t.to_owned(), tag.map(str::to_owned))));
}

#[test]
fn pairs_overlap_in_type_and_tag_or_where_the_tag_does_not_matter() {
    let pair = |event_type: &'static str, of: Option<&str>| Pair {
        event_type: event_type.into(),
        tag: of.map(tag),
    };
    let any = pair("Red", None);
    let a = pair("Red", Some("x:a"));
    for (one, other, overlaps) in [
        (&a, &a, true),
        (&a, &any, true),
        (&any, &any, true),
        (&a, &pair("Red", Some("x:b")), false),
        (&a, &pair("Blue", Some("x:a")), false),
        (&any, &pair("Blue", None), false),
    ] {
        assert_eq!(one.overlaps(other), overlaps, "{one:?} {other:?}");
        assert_eq!(other.overlaps(one), overlaps);
    }
}

#[test]
fn boundaries_are_equal_that_read_and_guard_the_same_views() {
    let hash = |boundary: &Boundary| {
        let mut hasher = DefaultHasher::new();
        boundary.hash(&mut hasher);
        hasher.finish()
    };
    let one = of::<(X, Y)>(("a".into(), "p".into()));
    let other = of::<(Vec<Y>, X, X)>((vec!["p".into()], "a".into(), "a".into()));
    assert_eq!((&one, hash(&one)), (&other, hash(&other)));
    assert_ne!(one, of::<(X, Y)>(("a".into(), "q".into())));
    assert_ne!(one, of::<(X, Unguarded<Y>)>(("a".into(), "p".into())));
    assert_ne!(one, of::<X>("a".into()));
    // Another view of the same events is another view.
    assert_ne!(of::<Last<Rang>>(()), of::<Bell>(()));
}

/// Which of two is meant first matters to it.
#[derive(Debug)]
struct Ordered(XId);

impl View for Ordered {
    type Key = (XId, XId);
    type Event = XEvent;

    fn new((first, _): &(XId, XId)) -> Self {
        Ordered(first.clone())
    }

    fn apply(&mut self, _: &XEvent, _: bailiwick_core::Timestamp) {}
}

#[test]
fn a_key_is_more_than_its_tags() {
    let keys = (("a".into(), "b".into()), ("b".into(), "a".into()));
    let boundary = of::<(Ordered, Ordered)>(keys);
    let folded = Folded::of(&boundary);
    let (first, second) = folded.refs::<(Ordered, Ordered)>(&boundary);
    assert_eq!((first.0.as_str(), second.0.as_str()), ("a", "b"));
    // They read the same events, so that is guarded once.
    assert_eq!(boundary.guard().unwrap().items().unwrap().len(), 1);
}

#[test]
fn an_id_that_cannot_be_a_tag_has_no_boundary() {
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    struct Any(String);
    impl std::fmt::Display for Any {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.fmt(f)
        }
    }
    impl std::str::FromStr for Any {
        type Err = std::convert::Infallible;
        fn from_str(text: &str) -> Result<Self, Self::Err> {
            Ok(Any(text.into()))
        }
    }
    impl Id for Any {
        const KEY: &'static str = "any";
    }
    let error = Boundary::of::<Last<Rang, Any>>(&Any(String::new())).unwrap_err();
    assert_eq!(error, BoundaryError::Key { view: "Last", source: InvalidTag::Empty });
    let text = ErrorReport::of(&error).to_string();
    assert!(text.starts_with("the key of the view Last cannot be a tag: it is empty"), "{text}");
}

#[test]
fn an_emitted_event_has_the_tags_of_all_it_concerns() {
    let decision = Bounded::new(Emit::<X>(|| "a".into(), vec![])).unwrap();
    let tags = decision.tags_of(&linked("b", "p", 1)).unwrap();
    assert_eq!(tags.as_slice(), [tag("x:b"), tag("y:p")]);
}

#[test]
fn an_emitted_event_without_tags_needs_a_view_that_finds_it() {
    let emits = |bounded: Result<Tags, EmitError>| bounded.map(|tags| tags.as_slice().len());
    let finds = Bounded::new(Emit::<(X, Unguarded<Bell>)>(|| ("a".into(), ()), vec![])).unwrap();
    assert_eq!(emits(finds.tags_of(&rang(1))), Ok(0));
    let misses = Bounded::new(Emit::<X>(|| "a".into(), vec![])).unwrap();
    let error = misses.tags_of(&rang(1)).unwrap_err();
    assert_eq!(error, EmitError::Untagged { event_type: "Rang" });
    assert!(error.to_string().contains("nobody would find it"), "{error}");
}

#[test]
fn what_is_known_of_a_decision_can_go_to_another_thread() {
    fn goes<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    shared::<Boundary>();
    goes::<Folded>();
    goes::<Slot>();
}
