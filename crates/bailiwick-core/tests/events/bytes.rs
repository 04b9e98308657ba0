//! An event is stored as the map of its fields, and read from nothing else.

use std::fmt::Debug;

use bailiwick_core::{CodecError, ErrorReport, Event, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{SessionEvent, Subscribed, TermEnded, decoded, stored, subscribed};

#[test]
fn an_event_is_stored_as_the_map_of_its_fields() {
    let started = SessionEvent::SessionStarted {
        session: "s1".into(),
        expires_at: Timestamp::from_millis(10),
    };
    stored(&started, "SessionStarted", r#"{"session": "s1", "expires_at": 10}"#);
    stored(&SessionEvent::LeasesCleared, "LeasesCleared", "{}");
    stored(&SessionEvent::Empty {}, "Empty", "{}");
    stored(&subscribed(), "Subscribed", r#"{"student": "s1", "course": "c1"}"#);
    stored(&TermEnded, "TermEnded", "{}");
}

#[test]
fn a_unit_can_gain_fields_and_a_struct_can_lose_them() {
    let more = r#"{"session":"s1","since":{"at":[1,2]},"expires_at":1}"#;
    assert_eq!(
        decoded::<SessionEvent>("LeasesCleared", more).unwrap(),
        SessionEvent::LeasesCleared
    );
    assert_eq!(decoded::<TermEnded>("TermEnded", more).unwrap(), TermEnded);
    assert!(decoded::<SessionEvent>("SessionStarted", more).is_ok());
}

#[test]
fn bytes_that_are_not_the_map_of_the_fields_are_refused() {
    fn refused<E: Event + Debug>(event_type: &str, payload: &str) {
        let result = decoded::<E>(event_type, payload);
        assert!(matches!(result, Err(CodecError::Decode(_))), "{result:?}");
    }
    refused::<SessionEvent>("LeasesCleared", "null");
    refused::<SessionEvent>("SessionStarted", r#"["s1",10]"#);
    refused::<SessionEvent>("SessionStarted", r#"{"session":"s1"}"#);
    refused::<TermEnded>("TermEnded", "[]");
    refused::<Subscribed>("Subscribed", r#"["s1", "c1"]"#);
    refused::<Subscribed>("Subscribed", r#"{"student": "", "course": "c1"}"#);
}

/// A struct whose serde is written by hand, and no map.
#[derive(Event, Debug)]
struct ByHand {}

impl Serialize for ByHand {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("no map")
    }
}

impl<'de> Deserialize<'de> for ByHand {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| ByHand {})
    }
}

#[test]
fn an_event_that_is_no_map_is_refused() {
    let error = ByHand {}.encode(&mut Vec::new()).unwrap_err();
    assert!(ErrorReport::of(&error).to_string().ends_with("the map of its fields"));
    assert!(decoded::<ByHand>("ByHand", r#""no map""#).is_err());
}
