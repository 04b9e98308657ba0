//! The attributes of serde work on the fields of every shape.

use std::collections::BTreeMap;

use bailiwick_core::{ErrorReport, Event};
use serde::{Deserialize, Serialize};

use crate::{CourseEvent, TermEnded, decoded, stored};

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
enum FieldsEvent {
    Attributed {
        #[serde(rename = "n")]
        number: u32,
        #[serde(default)]
        added_later: u32,
        #[serde(with = "as_text")]
        as_text: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maybe: Option<bool>,
    },
    Flattened {
        id: u32,
        #[serde(flatten)]
        rest: Size,
    },
    Keyed {
        by: BTreeMap<(u8, u8), u8>,
    },
    Failing {
        before: u32,
        #[serde(with = "failing")]
        after: u32,
    },
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Measured {
    #[serde(flatten)]
    size: Size,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Size {
    width: u32,
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

mod failing {
    use serde::{Deserialize, Deserializer, Serializer, ser::Error};

    pub fn serialize<S: Serializer>(_: &u32, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("not today"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        u32::deserialize(deserializer)
    }
}

#[test]
fn the_attributes_of_fields_work() {
    let event =
        |added_later| FieldsEvent::Attributed { number: 1, added_later, as_text: 3, maybe: None };
    let bytes = r#"{"n": 1, "addedLater": 2, "asText": "3"}"#;
    stored(&event(2), "Attributed", bytes);
    assert_eq!(decoded::<FieldsEvent>("Attributed", r#"{"n":1,"asText":"3"}"#).unwrap(), event(0));
    let moved = CourseEvent::Moved { to_course: "c2".into() };
    stored(&moved, "Moved", r#"{"toCourse": "c2"}"#);

    let rest = Size { width: 2 };
    let flattened = FieldsEvent::Flattened { id: 1, rest };
    stored(&flattened, "Flattened", r#"{"id": 1, "width": 2}"#);
    let size = Size { width: 2 };
    stored(&Measured { size }, "Measured", r#"{"width": 2}"#);
    let by = [((1, 2), 3)].into();
    stored(&FieldsEvent::Keyed { by }, "Keyed", r#"{"by": {[1, 2]: 3}}"#);
}

#[test]
fn an_event_that_cannot_be_encoded_leaves_no_bytes() {
    let event = FieldsEvent::Failing { before: 1, after: 2 };
    let mut out = b"kept".to_vec();
    let error = event.encode(&mut out).unwrap_err();
    assert_eq!(ErrorReport::of(&error).to_string(), "it cannot be encoded: not today");
    assert_eq!(out, b"kept");
    TermEnded.encode(&mut out).unwrap();
    assert_eq!(out, b"kept\x80");
}
