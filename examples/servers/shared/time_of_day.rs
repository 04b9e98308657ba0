//! The time of day, for people: UTC.

use bailiwick::Timestamp;

/// `14:03:12.5`
pub fn time_of_day(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(11..21).unwrap_or(&text).to_owned()
}
