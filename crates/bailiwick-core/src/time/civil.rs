//! Days and dates of the Gregorian calendar, as RFC 3339 has it for all times.
//!
//! Years are counted from March, so that the day that is not always there is the last one; 400 of them
//! have 146 097 days.

const DAYS_PER_400_YEARS: i64 = 146_097;
/// From the first of March of the year 0 to 1970.
const EPOCH: i64 = 719_468;

/// A date: year, month from 1, day from 1.
pub type Date = (i64, i64, i64);

/// The date of a day, counted from 1970-01-01.
pub fn date(days: i64) -> Date {
    let days = days + EPOCH;
    let (cycle, day) = (days.div_euclid(DAYS_PER_400_YEARS), days.rem_euclid(DAYS_PER_400_YEARS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + 400 * cycle + next, month, day)
}

/// The day of a date, counted from 1970-01-01; none if there is no such date.
pub fn day((year, month, day): Date) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year_of_march, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (cycle, of_cycle) = (year_of_march.div_euclid(400), year_of_march.rem_euclid(400));
    let of_year = (153 * months + 2) / 5 + day - 1;
    let of_cycle = 365 * of_cycle + of_cycle / 4 - of_cycle / 100 + of_year;
    let days = DAYS_PER_400_YEARS * cycle + of_cycle - EPOCH;
    (date(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Day by day, with the lengths of the months as everybody knows them.
    #[test]
    fn every_day_from_1970_to_2400_has_its_date() {
        let mut days = 0;
        for year in 1970..=2400 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if leap { 29 } else { 28 };
            let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(lengths) {
                for of_month in 1..=length {
                    assert_eq!(
                        (date(days), day((year, month, of_month))),
                        ((year, month, of_month), Some(days))
                    );
                    days += 1;
                }
                assert_eq!(day((year, month, length + 1)), None);
            }
        }
        assert_eq!(days, 157_420);
    }

    #[test]
    fn no_date_is_no_day() {
        for no_date in [(2023, 2, 29), (1900, 2, 29), (2026, 4, 31), (2026, 13, 1), (2026, 0, 1)] {
            assert_eq!(day(no_date), None, "{no_date:?}");
        }
        assert_eq!((day((1969, 12, 31)), date(-1)), (Some(-1), (1969, 12, 31)));
        assert_eq!(day((0, 1, 1)), Some(-719_528));
    }
}
