//! What an event was before, said in a way that would lose history.

use bailiwick_core::{BoxError, Event, Fields};
use serde::{Deserialize, Serialize};

fn step(_: &mut Fields) -> Result<(), BoxError> {
    Ok(())
}

#[derive(Event, Serialize, Deserialize)]
#[event(version = 2, was = "Old", rename = "New")]
enum OnTheSet {
    Opened,
}

#[derive(Event, Serialize, Deserialize)]
#[event(retired("Opened", "bailiwick.Answered", "", "Gone", "Gone"))]
enum Names {
    #[event(was = "Closed")]
    Opened,
    #[event(was("bailiwick.Closed", "Opened"), retired("Locked"))]
    Closed,
    #[event(was())]
    Locked,
}

#[derive(Event, Serialize, Deserialize)]
enum Versions {
    #[event(version = 2)]
    WithoutAStep,
    #[event(version = 2, upcast(step, step))]
    WithOneTooMany,
    #[event(upcast = step)]
    WithoutAVersion,
    #[event(version = 0)]
    FromNothing,
    #[event(version = "2", upcast = step)]
    InText,
}

#[derive(Event, Serialize, Deserialize)]
#[event(was = "Itself")]
struct Itself;

#[derive(Event)]
enum Including {
    #[event(was = "Other")]
    Itself(Itself),
    #[event(only())]
    Nothing(Names),
    #[event(only(Opened, Closed, Opened))]
    Twice(Names),
    #[event(only(Locked))]
    Inline,
}

fn main() {}
