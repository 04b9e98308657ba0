//! The time of day, for people: UTC.

use bailiwick::{Clock, SystemClock};

/// `14:03:12.5`
pub fn time_of_day() -> String {
    let text = SystemClock::new().now().to_string();
    text.get(11..21).unwrap_or(&text).to_owned()
}
