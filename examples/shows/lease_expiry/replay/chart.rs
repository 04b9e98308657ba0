//! How many leases counted through the evening, as a row of bars.

use bailiwick::Timestamp;

use super::progress::clock;
use crate::style::{DIM, GOOD, WIDTH, paint};

/// How many bars fit behind a label.
const BARS: usize = WIDTH - 2 - LABEL.len();
const LABEL: &str = " in use   ";
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The chart and its axis, from the beginning to `end`. Each bar is as high as the highest level
/// of its time.
pub fn chart(levels: &[(Timestamp, usize)], end: Timestamp) -> [String; 2] {
    let highest = highest(levels, end.as_millis() + 1);
    let most = highest.iter().copied().max().unwrap_or(0).max(1);
    let bars: String = highest.iter().map(|level| HEIGHTS[(level * 8).div_ceil(most)]).collect();
    let middle = clock(Timestamp::from_millis(end.as_millis() / 2));
    let (from, until) = (clock(Timestamp::EPOCH), clock(end));
    let half = BARS / 2 - from.len() / 2;
    let rest = BARS - half - middle.len();
    let axis = format!("{:indent$}{from:<half$}{middle}{until:>rest$}", "", indent = LABEL.len());
    [format!("{LABEL}{}", paint(GOOD, bars)), paint(DIM, axis)]
}

/// The highest level in each of [`BARS`] parts of the time up to `end`.
fn highest(levels: &[(Timestamp, usize)], end: u64) -> [usize; BARS] {
    let mut highest = [0; BARS];
    let part = |at: Timestamp| {
        let part = u128::from(at.as_millis()) * BARS as u128 / u128::from(end);
        usize::try_from(part).unwrap_or(BARS).min(BARS - 1)
    };
    let mut before = (0, 0);
    for (at, level) in levels {
        // Up to here it was as before.
        let now = (part(*at), *level);
        highest[before.0..=now.0].iter_mut().for_each(|bar| *bar = before.1.max(*bar));
        highest[now.0] = highest[now.0].max(now.1);
        before = now;
    }
    highest[before.0..].iter_mut().for_each(|bar| *bar = before.1.max(*bar));
    highest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_level_lasts_until_the_next_one() {
        let end = 10 * BARS as u64 - 1;
        let levels = [(10.into(), 1), (30.into(), 8), (34.into(), 4), (55.into(), 0)];
        let [chart, axis] = chart(&levels, end.into());
        let bars: String = plain(&chart).chars().skip(LABEL.len()).take(7).collect();
        assert_eq!(bars, " ▁▁█▄▄ ");
        assert_eq!(plain(&chart).chars().count(), WIDTH - 2);
        assert_eq!(plain(&axis).chars().count(), WIDTH - 2);
    }

    #[test]
    fn nothing_is_drawn_flat() {
        let [chart, _] = chart(&[], Timestamp::EPOCH);
        assert_eq!(plain(&chart).trim_end(), LABEL.trim_end());
    }
}
