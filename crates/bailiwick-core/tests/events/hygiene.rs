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
