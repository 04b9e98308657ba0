//! An ID whose key cannot be that of a tag.

bailiwick_core::id!(pub CourseId: "Course ID");

fn main() {}
