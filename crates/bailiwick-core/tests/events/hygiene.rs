//! The derive works whatever its surroundings are called.

#![deny(warnings)]
#![allow(dead_code, non_camel_case_types, reason = "what they are called is the test")]

use bailiwick_core::Event as Derive;
use serde::{Deserialize, Serialize};

use crate::{StudentId, stored};

struct Event;
struct String;
struct Result;
struct Vec;

#[derive(Derive, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct r#match {
    r#type: u8,
}

#[derive(Derive, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Surroundings {
    r#loop {
        #[tag]
        r#in: StudentId,
        tags: u8,
        __tags: u8,
    },
    #[deprecated]
    Ok(r#match),
    #[deprecated]
    Err,
}

/// Items of the user's own, by the names of those of the trait.
impl r#match {
    pub const TYPES: u8 = 1;
    fn encode(&self) -> u8 {
        Self::TYPES
    }
    fn descriptor() {}
    fn tags() {}
}

impl Surroundings {
    pub const TYPES: [u8; 0] = [];
    fn decode() {}
    fn event_type() {}
    fn encode(&self) {}
    fn tags(&self) {}
    fn descriptor(&self) {}
    fn equals(&self) {}
}

/// `bailiwick-core` under another name; what is encoded by way of it is counted.
mod facade {
    pub mod deep {
        pub use bailiwick_core::*;

        pub mod __private {
            pub use bailiwick_core::__private::*;

            pub static ENCODED: std::sync::atomic::AtomicUsize =
                std::sync::atomic::AtomicUsize::new(0);

            pub fn encode<T: serde::Serialize>(
                event: &T,
                out: &mut std::vec::Vec<u8>,
            ) -> std::result::Result<(), bailiwick_core::CodecError> {
                ENCODED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                bailiwick_core::__private::encode(event, out)
            }
        }
    }
}

#[derive(Derive, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[event(crate = "crate::hygiene::facade::deep", was = "Old")]
struct ByAnotherName {
    part: Part,
}

#[derive(bailiwick_core::RoundTrip, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[round_trip(crate = "facade::deep")]
struct Part(u8);

#[test]
fn the_crate_may_be_found_elsewhere() {
    let event = ByAnotherName { part: Part(1) };
    stored(&event, "ByAnotherName", r#"{"part": 1}"#);
    let encoded = facade::deep::__private::ENCODED.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(encoded, 1);
    assert!(<ByAnotherName as Derive>::TYPES[0].round_trips);
}

macro_rules! declare {
    ($name:ident, $tag:ident: $id:ty) => {
        #[derive(Derive, Clone, Debug, PartialEq, Serialize, Deserialize)]
        enum $name {
            Declared {
                #[tag]
                $tag: $id,
                #[tag]
                second: $id,
            },
        }
    };
}

declare!(Macro, student: StudentId);

#[test]
fn names_of_the_users_own_do_not_disturb() {
    let event = Surroundings::r#loop { r#in: "s1".into(), tags: 1, __tags: 2 };
    stored(&event, "loop", r#"{"in": "s1", "tags": 1, "__tags": 2}"#);
    let event = Surroundings::from(r#match { r#type: 3 });
    stored(&event, "match", r#"{"type": 3}"#);
    let event = Macro::Declared { student: "s1".into(), second: "s2".into() };
    stored(&event, "Declared", r#"{"student": "s1", "second": "s2"}"#);
}
