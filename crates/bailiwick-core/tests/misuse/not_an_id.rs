//! Fields and variants of types that are not what they have to be.

use bailiwick_core::{Event, id};
use serde::{Deserialize, Serialize};

id!(CourseId: "course");

#[derive(Event, Serialize, Deserialize)]
struct CourseOpened {
    #[tag]
    course: Result<CourseId, ()>,
    #[tag]
    seats: u32,
}

#[derive(Event)]
enum CourseEvent {
    Opened(CourseOpened),
    Seats(u32),
}

fn main() {}
