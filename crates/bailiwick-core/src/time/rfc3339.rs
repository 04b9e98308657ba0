//! Times as RFC 3339: written in one way, read in all.

use std::fmt;

use super::civil;

const MS_PER_DAY: u64 = 86_400_000;
const SECONDS_PER_DAY: i128 = 86_400;

/// Writes a time that is given in milliseconds since 1970.
pub fn write(millis: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (days, of_day) = (millis / MS_PER_DAY, millis % MS_PER_DAY);
    let (year, month, day) = civil::date(i64::try_from(days).unwrap_or(i64::MAX));
    let plus = if year > 9_999 { "+" } else { "" };
    let (seconds, millis) = (of_day / 1_000, of_day % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    write!(f, "{plus}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Reads a time, in milliseconds since 1970; none if it is no time.
pub fn read(text: &str) -> Option<i128> {
    let mut rest = Rest(text.as_bytes());
    let date = (rest.year()?, rest.after(b'-', 2)?, rest.after(b'-', 2)?);
    rest.one_of(b"Tt ")?;
    let (hour, minute, second) = (rest.number(2)?, rest.after(b':', 2)?, rest.after(b':', 2)?);
    let millis = rest.fraction()?;
    let offset = rest.offset()?;
    if !rest.0.is_empty() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let of_day = 3_600 * hour + 60 * minute + second - offset;
    let seconds = SECONDS_PER_DAY * i128::from(civil::day(date)?) + i128::from(of_day);
    if second < 60 {
        return Some(1_000 * seconds + i128::from(millis));
    }
    // A leap second is the last one of a day in UTC, and has no place of its own in Unix time.
    (seconds % SECONDS_PER_DAY == 0).then_some(1_000 * seconds)
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn one_of(&mut self, expected: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        expected.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// A number of so many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        let add = |number, digit: &u8| {
            digit.is_ascii_digit().then(|| 10 * number + i64::from(digit - b'0'))
        };
        number.iter().try_fold(0, add)
    }

    fn after(&mut self, separator: u8, digits: usize) -> Option<i64> {
        self.one_of(&[separator])?;
        self.number(digits)
    }

    fn digits(&self) -> usize {
        self.0.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    fn year(&mut self) -> Option<i64> {
        if self.one_of(b"+").is_none() {
            return self.number(4);
        }
        let digits = self.digits();
        (5..=12).contains(&digits).then(|| self.number(digits))?
    }

    /// The milliseconds; what is finer is passed over.
    fn fraction(&mut self) -> Option<i64> {
        if self.one_of(b".").is_none() {
            return Some(0);
        }
        let (digits, mut millis) = (self.digits(), 0);
        if digits == 0 {
            return None;
        }
        for place in 0..digits.max(3) {
            let digit = if place < digits { self.number(1)? } else { 0 };
            if place < 3 {
                millis = 10 * millis + digit;
            }
        }
        Some(millis)
    }

    /// In seconds.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let (hours, minutes) = (self.number(2)?, self.after(b':', 2)?);
        (hours < 24 && minutes < 60).then_some(sign * (3_600 * hours + 60 * minutes))
    }
}

#[cfg(test)]
mod tests {
    use crate::time::{InvalidTimestamp, Timestamp};

    const TABLE: [(u64, &str); 9] = [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_795_828_464_000, "2026-11-28T01:14:24.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (253_402_300_800_000, "+10000-01-01T00:00:00.000Z"),
        (u64::MAX, "+584556019-04-03T14:25:51.615Z"),
    ];

    #[test]
    fn a_time_is_shown_as_rfc_3339_and_read_again() {
        for (millis, text) in TABLE {
            let time = Timestamp::from_millis(millis);
            assert_eq!((time.to_string().as_str(), text.parse()), (text, Ok(time)));
            assert_eq!(format!("{time:?}"), text);
        }
        // Every power of two and its neighbours.
        for millis in (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]) {
            let time = Timestamp::from_millis(millis);
            assert_eq!(time.to_string().parse(), Ok(time));
        }
    }

    #[test]
    fn whatever_rfc_3339_allows_is_read() {
        let time = Ok(Timestamp::from_millis(1_795_828_464_120));
        for text in [
            "2026-11-28T01:14:24.12Z",
            "2026-11-28t01:14:24.120z",
            "2026-11-28 01:14:24.1209999999999999999999Z",
            "2026-11-28T02:14:24.120+01:00",
            "2026-11-27T23:44:24.120-01:30",
            "2026-11-28T01:14:24.120-00:00",
            "+002026-11-28T01:14:24.120Z",
        ] {
            assert_eq!(text.parse(), time, "{text}");
        }
        let leap = Ok(Timestamp::from_millis(1_483_228_800_000));
        for text in ["2016-12-31T23:59:60Z", "2017-01-01T00:59:60.5+01:00", "2017-01-01T00:00:00Z"]
        {
            assert_eq!(text.parse(), leap, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026",
            "2026-11-28",
            "2026-11-28T01:14:24",
            "2026-11-28T01:14Z",
            "10 ms",
            "2026-02-29T00:00:00Z",
            "2026-11-28T24:00:00Z",
            "2026-11-28T01:60:00Z",
            "2026-11-28T01:14:61Z",
            "2026-11-28T01:14:60Z",
            "2026-11-28T01:14:24.Z",
            "2026-11-28T01:14:24.000",
            "2026-11-28T01:14:24+1:00",
            "2026-11-28T01:14:24+01:60",
            "2026-11-28T01:14:24+24:00",
            "2026-11-28T01:14:24Zulu",
            "26-11-28T01:14:24Z",
            "+9999-01-01T00:00:00Z",
            "-2026-11-28T01:14:24Z",
            "2026-1１-28T01:14:24Z",
            "+1000000000000-01-01T00:00:00Z",
            "2026-11-28T0\u{e9}:14:24Z",
        ] {
            let read = text.parse::<Timestamp>();
            assert_eq!(read, Err(InvalidTimestamp::Syntax(text.into())), "{text}");
        }
        for text in
            ["1969-12-31T23:59:59.9999Z", "1970-01-01T00:59:59+01:00", "0000-01-01T00:00:00Z"]
        {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp::BeforeEpoch), "{text}");
        }
        for text in ["+584556019-04-03T14:25:51.616Z", "+999999999999-12-31T00:00:00Z"] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp::TooLate), "{text}");
        }
    }
}
