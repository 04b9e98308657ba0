//! Attributes of serde that would change the name or the layout of an event.

use bailiwick_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, rename_all_fields = "camelCase")]
enum CourseEvent {
    CourseOpened {
        #[serde(rename = "n", default)]
        seats: u32,
    },
    #[serde(alias = "CourseEnded")]
    CourseClosed,
    #[serde(rename(serialize = "Moved", deserialize = "Moved"))]
    CourseMoved,
    #[serde(skip)]
    CourseForgotten,
    #[serde(other)]
    Unknown,
}

#[derive(Event, Serialize, Deserialize)]
#[serde(tag = "type", content = "fields")]
enum Tagged {
    Opened,
}

#[derive(Event, Serialize, Deserialize)]
#[serde(transparent)]
struct Transparent {
    seats: u32,
}

#[derive(Event, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Renamed {
    free_seats: u32,
}

fn main() {}
