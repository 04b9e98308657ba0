//! From and to the times of others. Rounded down, so that a reading of a clock is never ahead of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{InvalidTimestamp, Timestamp};

/// Rounded down to the millisecond.
impl TryFrom<SystemTime> for Timestamp {
    type Error = InvalidTimestamp;

    /// # Errors
    /// If it is before 1970, or later than [`Timestamp::MAX`].
    fn try_from(time: SystemTime) -> Result<Timestamp, InvalidTimestamp> {
        let since = time.duration_since(UNIX_EPOCH).map_err(|_| InvalidTimestamp::BeforeEpoch)?;
        let millis = u64::try_from(since.as_millis()).map_err(|_| InvalidTimestamp::TooLate)?;
        Ok(Timestamp(millis))
    }
}

impl TryFrom<Timestamp> for SystemTime {
    type Error = InvalidTimestamp;

    /// # Errors
    /// If the system cannot tell a time that late.
    fn try_from(time: Timestamp) -> Result<SystemTime, InvalidTimestamp> {
        UNIX_EPOCH.checked_add(Duration::from_millis(time.0)).ok_or(InvalidTimestamp::TooLate)
    }
}

/// Rounded down to the millisecond.
#[cfg(feature = "jiff")]
impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = InvalidTimestamp;

    /// # Errors
    /// If it is before 1970.
    fn try_from(time: jiff::Timestamp) -> Result<Timestamp, InvalidTimestamp> {
        Timestamp::from_signed(time.as_nanosecond().div_euclid(1_000_000))
    }
}

#[cfg(feature = "jiff")]
impl TryFrom<Timestamp> for jiff::Timestamp {
    type Error = InvalidTimestamp;

    /// # Errors
    /// If it is later than the year 9999.
    fn try_from(time: Timestamp) -> Result<jiff::Timestamp, InvalidTimestamp> {
        let millis = i64::try_from(time.0).map_err(|_| InvalidTimestamp::TooLate)?;
        jiff::Timestamp::from_millisecond(millis).map_err(|_| InvalidTimestamp::TooLate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_system_is_rounded_down_and_comes_back() {
        let time = UNIX_EPOCH + Duration::new(1, 2_999_999);
        assert_eq!(Timestamp::try_from(time), Ok(Timestamp(1_002)));
        assert_eq!(
            SystemTime::try_from(Timestamp(1_002)),
            Ok(UNIX_EPOCH + Duration::from_millis(1_002))
        );
        let before = UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(Timestamp::try_from(before), Err(InvalidTimestamp::BeforeEpoch));
        // Where the system can tell it.
        if let Ok(last) = SystemTime::try_from(Timestamp::MAX) {
            assert_eq!(Timestamp::try_from(last), Ok(Timestamp::MAX));
            let after = last + Duration::from_millis(1);
            assert_eq!(Timestamp::try_from(after), Err(InvalidTimestamp::TooLate));
        }
    }

    #[cfg(feature = "jiff")]
    #[test]
    fn a_time_of_jiff_is_the_same_time() {
        let mut time = Timestamp(1);
        while let Ok(theirs) = jiff::Timestamp::try_from(time) {
            assert_eq!(Timestamp::try_from(theirs), Ok(time));
            assert_eq!(format!("{theirs:.3}"), time.to_string());
            // About a thousand times, none of them round.
            time = Timestamp(time.0 + time.0 / 64 + 12_345);
        }
        assert!(time.0 > 253_000_000_000_000, "{time}");
        let between = jiff::Timestamp::from_nanosecond(1_999_999).unwrap();
        assert_eq!(Timestamp::try_from(between), Ok(Timestamp(1)));
        let before = jiff::Timestamp::from_nanosecond(-1).unwrap();
        assert_eq!(Timestamp::try_from(before), Err(InvalidTimestamp::BeforeEpoch));
        let late = jiff::Timestamp::try_from(Timestamp::MAX);
        assert_eq!(late, Err(InvalidTimestamp::TooLate));
    }
}
