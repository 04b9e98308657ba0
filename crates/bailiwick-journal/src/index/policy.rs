//! Which indexes are merged, and when.
//!
//! Eight neighbours of a size make one of the next size, up to 64 segments. So an event is written three times at most:
//! by itself, among 8 segments, and among 64; and of 312 segments there are at most 18 indexes, of *n* at most
//! *n* / 64 + 14. An index of all segments would be asked faster and written ever more slowly.

use std::ops::Range;

/// How many indexes of a size make one of the next.
const WIDTH: usize = 8;
/// The most segments of an index.
const MOST: u64 = 64;

/// Which neighbouring indexes are to be merged next, of those that there are, each of so many segments; none if all is
/// well.
///
/// It is to be asked until there are none.
pub fn next_merge(segments: &[u64]) -> Option<Range<usize>> {
    let mut begin = 0;
    for alike in segments.chunk_by(|one, other| size(*one) == size(*other)) {
        for (nth, some) in alike.windows(WIDTH).enumerate() {
            let mut sum = 0;
            let fit = some.iter().take_while(|more| {
                sum += **more;
                sum <= MOST
            });
            let fit = fit.count();
            if fit > 1 {
                return Some(begin + nth..begin + nth + fit);
            }
        }
        begin += alike.len();
    }
    None
}

/// 0 of fewer than 8 segments, 1 of fewer than 64, 2.
fn size(segments: u64) -> u32 {
    segments.max(1).ilog(WIDTH as u64).min(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Merges until all is well; adds how many segments were written for that.
    fn merge_all(runs: &mut Vec<u64>, written: &mut u64) {
        while let Some(range) = next_merge(runs) {
            assert!(range.len() > 1);
            let merged: u64 = runs[range.clone()].iter().sum();
            assert!(merged <= MOST);
            *written += merged;
            runs.splice(range, [merged]);
        }
    }

    #[test]
    fn there_are_few_and_each_segment_is_rewritten_twice_at_most() {
        let (mut runs, mut written, mut most) = (Vec::new(), 0, 0);
        for count in 1..=5_000_u64 {
            runs.push(1);
            merge_all(&mut runs, &mut written);
            assert_eq!(runs.iter().sum::<u64>(), count);
            assert!(written <= 2 * count);
            assert!(runs.len() as u64 <= count / MOST + 14, "{count}: {runs:?}");
            if count <= 312 {
                most = most.max(runs.len());
            }
        }
        assert!(most <= 18, "{most}");
    }

    /// As when indexes were damaged, and made again of single segments.
    #[test]
    fn whatever_there_is_becomes_few() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..2_000 {
            let mut runs: Vec<_> = (0..random.usize(0..400)).map(|_| random.u64(1..65)).collect();
            if random.bool() {
                runs.iter_mut().for_each(|segments| *segments = if random.bool() { 1 } else { 8 });
            }
            let mut written = 0;
            merge_all(&mut runs, &mut written);
            for alike in runs.chunk_by(|one, other| size(*one) == size(*other)) {
                let are_few = alike.len() < WIDTH;
                let mut pairs = alike.windows(2).take((alike.len() + 1).saturating_sub(WIDTH));
                assert!(are_few || pairs.all(|two| two[0] + two[1] > MOST), "{runs:?}");
            }
        }
    }
}
