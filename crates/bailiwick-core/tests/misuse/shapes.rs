//! Types that are not of the shape of an event set.

use bailiwick_core::{Event, id};

id!(CourseId: "course");

#[derive(Event)]
enum CourseEvent {
    CourseMoved(CourseId, CourseId),
    CourseClosed(),
    Included(#[tag] Tuple),
    #[tag]
    CourseOpened {
        #[tag("course")]
        course: CourseId,
    },
}

#[derive(Event)]
struct Tuple(CourseId);

#[derive(Event)]
struct Generic<'a, T> {
    of: &'a T,
}

#[derive(Event)]
enum Nothing {}

#[derive(Event)]
union Either {
    number: u32,
    bytes: [u8; 4],
}

fn main() {}
