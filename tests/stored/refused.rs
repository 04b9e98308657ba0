//! What serde writes and cannot read again, or reads as something else.
#![allow(
    unreachable_patterns,
    reason = "two fields by one name: serde writes it, and the compiler sees it"
)]

use std::collections::BTreeMap;
use std::fmt::Debug;

use bailiwick::{Cause, ErrorReport, Event, Unstorable};
use serde::{Deserialize, Serialize};

use crate::fixture::emit_and_tell;

/// The event is refused, under its name and for this reason.
async fn refused<E: Event + Debug + Clone + PartialEq + Sync>(
    event: E,
    reason: &str,
) -> Unstorable {
    let name = event.event_type();
    match emit_and_tell([event]).await {
        Err(Cause::Unstorable(why)) => {
            let message = ErrorReport::of(&*why).to_string();
            assert!(message.contains(name) && message.contains(reason), "{message}");
            std::sync::Arc::into_inner(why).expect("nobody else has it")
        }
        other => panic!("{name} should have been refused: {other:?}"),
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Money {
    cents: u128,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Payment {
    Cash { cents: u128 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Amount {
    Text(String),
    Cents(u128),
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Odd {
    Flattened {
        #[serde(flatten)]
        price: Money,
    },
    Labelled {
        id: u32,
        #[serde(flatten)]
        labels: BTreeMap<String, String>,
    },
    Paid {
        payment: Payment,
    },
    Weighed {
        amount: Amount,
    },
    Sparse {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    },
    Skipped {
        #[serde(skip)]
        cache: u32,
    },
    Renamed {
        #[serde(rename(serialize = "out", deserialize = "in"))]
        value: u32,
    },
    #[serde(rename_all = "camelCase")]
    Collides {
        some_name: u32,
        #[serde(rename = "someName")]
        other: u32,
    },
    Optional {
        outer: Option<Option<u32>>,
    },
    Unit {
        marker: Option<()>,
    },
    Free {
        value: Option<serde_json::Value>,
    },
}

fn labels(key: &str) -> BTreeMap<String, String> {
    [(key.to_owned(), "x".to_owned())].into()
}

#[tokio::test]
async fn what_could_never_be_read_again_is_refused() {
    let unreadable = [
        (Odd::Flattened { price: Money { cents: 5 } }, "u128 is not supported"),
        (Odd::Labelled { id: 1, labels: labels("id") }, "duplicate field `id`"),
        (Odd::Paid { payment: Payment::Cash { cents: 5 } }, "u128"),
        (Odd::Sparse { notes: vec![] }, "missing field `notes`"),
        (Odd::Renamed { value: 1 }, "missing field `in`"),
        (Odd::Collides { some_name: 1, other: 2 }, "duplicate field `someName`"),
    ];
    for (event, reason) in unreadable {
        let why = refused(event, reason).await;
        assert!(matches!(why, Unstorable::Undecodable { .. }), "{why:?}");
    }
}

#[tokio::test]
async fn what_would_be_read_as_another_value_is_refused() {
    let weighed = Odd::Weighed { amount: Amount::Cents(0x6162_6364_6566_6768_696a_6b6c_6d6e_6f70) };
    let others = [
        // Its sixteen bytes are a text.
        (weighed, "amount"),
        (Odd::Skipped { cache: 1 }, "not stored"),
    ];
    for (event, reason) in others {
        let why = refused(event, reason).await;
        assert!(matches!(why, Unstorable::Different { .. }), "{why:?}");
    }
}

#[tokio::test]
async fn something_that_is_stored_as_nothing_is_refused() {
    for event in [
        Odd::Optional { outer: Some(None) },
        Odd::Unit { marker: Some(()) },
        Odd::Free { value: Some(serde_json::Value::Null) },
    ] {
        let why = refused(event, "Some").await;
        assert!(matches!(why, Unstorable::SomeOfNothing { .. }), "{why:?}");
    }
}

#[tokio::test]
async fn the_same_types_are_stored_where_nothing_is_lost() {
    for event in [
        Odd::Labelled { id: 1, labels: labels("colour") },
        Odd::Weighed { amount: Amount::Text("5".into()) },
        Odd::Sparse { notes: vec!["n".into()] },
        Odd::Skipped { cache: 0 },
        Odd::Optional { outer: None },
        Odd::Optional { outer: Some(Some(1)) },
        Odd::Unit { marker: None },
        Odd::Free { value: Some(serde_json::json!({"a": [1, null]})) },
    ] {
        assert_eq!(emit_and_tell([event.clone()]).await.unwrap(), [format!("{event:?}")]);
    }
}

#[tokio::test]
async fn one_event_that_is_refused_takes_the_whole_command_along() {
    let good = Odd::Optional { outer: None };
    let bad = Odd::Optional { outer: Some(None) };
    let told = emit_and_tell([good.clone(), bad, good]).await;
    assert!(matches!(told, Err(Cause::Unstorable(_))), "{told:?}");
}
