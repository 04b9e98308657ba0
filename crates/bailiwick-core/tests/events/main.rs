//! `#[derive(Event)]`: what is stored for each shape, and that every set reads the same bytes.

mod bytes;
mod evolution;
mod fields;
mod hygiene;
mod including;
mod sets;

use std::fmt::Debug;

use bailiwick_core::codec::{encode_value, show};
use bailiwick_core::{CodecError, Event, Timestamp, id};
use serde::{Deserialize, Serialize};

id!(SessionId: "session", CourseId: "course", StudentId: "student");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum SessionEvent {
    SessionStarted { session: SessionId, expires_at: Timestamp },
    LeasesCleared,
    Empty {},
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Subscribed {
    #[tag]
    student: StudentId,
    #[tag]
    course: CourseId,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct TermEnded;

/// Includes only: serde need not know it.
#[derive(Event, Clone, Debug, PartialEq)]
enum StudentEvent {
    Subscribed(Subscribed),
    TermEnded(TermEnded),
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum CourseEvent {
    Joined(Subscribed),
    Opened {
        #[tag]
        course: CourseId,
        /// Its name is that of the generated method's parameter.
        tags: u32,
    },
    #[serde(rename_all = "camelCase")]
    Moved {
        #[tag]
        to_course: CourseId,
    },
}

/// Includes sets that include.
#[derive(Event, Clone, Debug, PartialEq)]
enum EverythingEvent {
    Course(CourseEvent),
    Student(StudentEvent),
}

fn encoded(event: &impl Event) -> Vec<u8> {
    let mut out = Vec::new();
    event.encode(&mut out).unwrap();
    out
}

/// The bytes of what is written here in JSON.
fn bytes(json: &str) -> Vec<u8> {
    encode_value(&serde_json::from_str::<serde_json::Value>(json).unwrap()).unwrap()
}

/// An event of version 1, whose type is not retired.
fn decoded<E: Event>(event_type: &str, payload: &str) -> Result<E, CodecError> {
    E::decode(event_type, 1, &bytes(payload)).map(|event| event.expect("an event"))
}

/// `event` is stored under this name with these bytes, and read back from them.
#[track_caller]
fn stored<E: Event + PartialEq + Debug>(event: &E, name: &str, payload: &str) {
    let encoded = encoded(event);
    assert_eq!((event.event_type(), show(&encoded).as_str()), (name, payload));
    let version = event.descriptor().version();
    assert_eq!(E::decode(name, version, &encoded).unwrap().as_ref(), Some(event));
}

fn subscribed() -> Subscribed {
    Subscribed { student: "s1".into(), course: "c1".into() }
}
