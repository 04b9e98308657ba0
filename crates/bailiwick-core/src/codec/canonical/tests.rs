use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;

use super::*;

fn bytes<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out).expect("it can be written");
    out
}

fn same<T: Serialize + ?Sized, U: Serialize + ?Sized>(one: &T, other: &U) {
    assert_eq!(String::from_utf8_lossy(&bytes(one)), String::from_utf8_lossy(&bytes(other)));
}

/// Each differs from every other.
fn all_differ(values: &[&dyn Fn() -> Vec<u8>]) {
    let seen: HashSet<_> = values.iter().map(|value| value()).collect();
    assert_eq!(seen.len(), values.len());
}

#[test]
fn a_number_is_its_value_whatever_its_width() {
    same(&5_u8, &5_i64);
    same(&5_u16, &5_u128);
    same(&-1_i8, &-1_i128);
    same(&1.5_f32, &1.5_f64);
    same(&0.0, &-0.0);
    same(&f64::NAN, &f64::from_bits(0xfff0_0000_0000_0001));
    same(&f32::NAN, &-f64::NAN);
    all_differ(&[
        &|| bytes(&1),
        &|| bytes(&-1),
        &|| bytes(&1.0),
        &|| bytes(&"1"),
        &|| bytes(&true),
        &|| bytes(&u128::MAX),
        &|| bytes(&i128::MIN),
        &|| bytes(&0.1_f32),
        &|| bytes(&0.1_f64),
        &|| bytes(&f64::INFINITY),
        &|| bytes(&f64::NAN),
    ]);
}

#[test]
fn maps_are_in_order_whatever_they_are_made_of_and_however_deep() {
    type Inner = HashMap<u8, String>;
    let entries = || (0..9).map(|n| (n, n.to_string()));
    let map = || -> HashMap<(u8, bool), Inner, RandomState> {
        (0..9).map(|n| ((n, n > 3), entries().collect())).collect()
    };
    let sorted: BTreeMap<(u8, bool), BTreeMap<u8, String>> =
        (0..9).rev().map(|n| ((n, n > 3), entries().rev().collect())).collect();
    for _ in 0..9 {
        same(&map(), &sorted);
        same(&vec![Some(Arc::new(map()))], &vec![&sorted]);
    }
    let backwards: indexmap::IndexMap<_, _> = entries().rev().collect();
    same(&backwards, &entries().collect::<BTreeMap<_, _>>());
    let other: hashbrown::HashMap<_, _> = entries().collect();
    same(&backwards, &other);
    let (one, two) = (BTreeMap::from([(1, 2), (3, 4)]), BTreeMap::from([(1, 4), (3, 2)]));
    assert_ne!(bytes(&one), bytes(&two));
    assert_ne!(bytes(&BTreeMap::from([(1, 2)])), bytes(&BTreeMap::from([(1, (2, 3))])));
}

#[derive(Serialize)]
struct Holding<T> {
    one: Arc<T>,
    #[serde(flatten)]
    inside: Inside<T>,
}

#[derive(Serialize, Clone)]
struct Inside<T> {
    values: Option<T>,
}

#[test]
fn sets_that_have_no_order_are_put_in_order() {
    let texts = || (0..20).map(|n| n.to_string());
    let held = |set: HashSet<String>| {
        bytes(&Holding { one: Arc::new(set.clone()), inside: Inside { values: Some(set) } })
    };
    for _ in 0..9 {
        same(&texts().collect::<HashSet<_>>(), &texts().rev().collect::<HashSet<_>>());
        assert_eq!(held(texts().collect()), held(texts().rev().collect()));
    }
    let set: HashSet<_> = texts().collect();
    same(&set, &&texts().collect::<hashbrown::HashSet<_>>());
    same(&set, &Box::new(texts().rev().collect::<indexmap::IndexSet<_>>()));
    assert_ne!(bytes(&set), bytes(&texts().skip(1).collect::<HashSet<_>>()));
    // These have an order, which is the same for equal ones, or part of the value.
    same(&texts().collect::<BTreeSet<_>>(), &texts().rev().collect::<BTreeSet<_>>());
    assert_ne!(bytes(&vec![1, 2]), bytes(&vec![2, 1]));
    assert_ne!(bytes(&vec![HashSet::from([1]), HashSet::new()]), {
        bytes(&vec![HashSet::new(), HashSet::from([1])])
    });
}

/// Who writes a set by hand is asked to give it in order.
#[test]
fn a_set_without_its_type_can_be_put_in_order_by_its_field() {
    fn in_order<S: Serializer>(set: &HashSet<u8>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(set.iter().collect::<BTreeSet<_>>())
    }
    #[derive(Serialize)]
    struct Marks(#[serde(serialize_with = "in_order")] HashSet<u8>);
    same(&Marks((0..20).collect()), &Marks((0..20).rev().collect()));
}

#[derive(Serialize)]
enum Shape {
    Unit,
    New(Option<u8>),
    Pair(u8, u8),
    Fields { a: u8 },
}

#[test]
fn what_differs_is_told_apart() {
    all_differ(&[
        &|| bytes(&Shape::Unit),
        &|| bytes(&Shape::New(None)),
        &|| bytes(&Shape::New(Some(1))),
        &|| bytes(&Shape::Pair(1, 2)),
        &|| bytes(&Shape::Fields { a: 1 }),
        &|| bytes("Unit"),
        &|| bytes(&("ab", "c")),
        &|| bytes(&("a", "bc")),
        &|| bytes(&("a", "b", "c")),
        &|| bytes(&(("a", "b"), "c")),
        &|| bytes(&BTreeMap::from([("a", "b")])),
        &|| bytes(&[1, 2]),
        &|| bytes(&[[1], [2]]),
        &|| bytes(&[[1, 2]]),
        &|| bytes(&BTreeMap::from([("a", None::<u8>)])),
        &|| bytes(&BTreeMap::<&str, Option<u8>>::new()),
        &|| bytes(&None::<u8>),
        &|| bytes(&Some(None::<u8>)),
        &|| bytes(&Some(Some(None::<u8>))),
        &|| bytes(&Some(Some(Some(3)))),
    ]);
}

/// In another version of the program.
mod later {
    #[derive(serde::Serialize)]
    pub struct Order {
        pub note: Option<&'static str>,
        pub count: u64,
        pub article: Option<String>,
        pub gift: Option<bool>,
    }

    #[derive(serde::Serialize)]
    pub struct Cancel {
        pub reason: Option<String>,
    }

    #[derive(serde::Serialize)]
    pub enum Shape {
        Unit { colour: Option<u8> },
    }
}

#[test]
fn a_type_may_be_changed_so_that_its_values_stay_what_they_were() {
    #[derive(Serialize)]
    struct Order {
        article: &'static str,
        count: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<&'static str>,
    }
    #[derive(Serialize)]
    struct Cancel;
    let article = || Some("tea".to_owned());
    let order = Order { article: "tea", count: 2, note: None };
    same(&order, &later::Order { note: None, count: 2, article: article(), gift: None });
    let order = Order { article: "tea", count: 2, note: Some("hot") };
    same(&order, &later::Order { note: Some("hot"), count: 2, article: article(), gift: None });
    assert_ne!(bytes(&order), {
        let gift = Some(false);
        bytes(&later::Order { note: Some("hot"), count: 2, article: article(), gift })
    });
    same(&Cancel, &later::Cancel { reason: None });
    same(&Shape::Unit, &later::Shape::Unit { colour: None });
}

#[test]
fn types_are_in_their_form_for_people() {
    same(&IpAddr::from([10, 0, 0, 1]), "10.0.0.1");
    same(&'ü', "ü");
}

#[test]
fn what_is_nested_too_deep_is_refused_before_the_stack_is_used_up() {
    #[derive(Serialize)]
    enum Nested {
        Nothing,
        List(Vec<Nested>),
        Variant(Box<Nested>),
        Newtype(Option<Box<Newtype>>),
    }
    #[derive(Serialize)]
    struct Newtype(Option<Box<Newtype>>);
    // A variant is a level, and what it holds is one.
    let lists =
        |depth: usize| (0..depth).fold(Nested::Nothing, |inner, _| Nested::List(vec![inner]));
    let variants =
        |depth| (0..depth).fold(Nested::Nothing, |inner, _| Nested::Variant(inner.into()));
    let newtypes = |depth: usize| {
        let inner = (0..depth).fold(None, |inner, _| Some(Box::new(Newtype(inner))));
        Nested::Newtype(inner)
    };
    let half = MOST_NESTED / 2;
    for (most, value) in [
        (half - 1, &lists as &dyn Fn(usize) -> Nested),
        (MOST_NESTED - 1, &variants),
        (half - 1, &newtypes),
    ] {
        bytes(&value(most));
        for depth in [most + 1, 5_000] {
            let error = write(&value(depth), &mut Vec::new()).unwrap_err();
            assert_eq!(error.to_string(), "it is nested deeper than 256 levels");
        }
    }
}
