//! To which segments a file belongs, and its name.

/// A segment of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentId {
    /// Which log.
    pub log: u128,
    /// Which segment.
    pub number: u64,
    /// Its seed: another one once it was rewritten.
    pub seed: u64,
}

/// Neighbouring segments of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub(super) log: u128,
    pub(super) first: u64,
    pub(super) last: u64,
    /// A checksum of their numbers and seeds, so that an index passes for none once one of them was rewritten.
    pub(super) seeds: u32,
}

impl Run {
    /// Of the segments from this number on, one for each seed.
    ///
    /// # Panics
    /// If there are none.
    pub fn of(log: u128, first: u64, seeds: impl IntoIterator<Item = u64>) -> Run {
        let (mut end, mut sum) = (first, 0);
        for seed in seeds {
            sum = crc32c::crc32c_append(sum, &end.to_le_bytes());
            sum = crc32c::crc32c_append(sum, &seed.to_le_bytes());
            end += 1;
        }
        assert!(end > first, "a run has a segment");
        Run { log, first, last: end - 1, seeds: sum }
    }

    /// The number of the first segment.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number of the last.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// How many there are.
    pub fn segments(&self) -> u64 {
        self.last - self.first + 1
    }

    /// The name of the file of its [`Index`](super::Index).
    pub fn file_name(&self) -> String {
        format!("{:010}-{:010}.index", self.first, self.last)
    }

    /// With which all checksums of its index begin.
    pub(super) fn identity(&self) -> Identity {
        let Run { log, first, last, seeds } = self;
        let log = crc32c::crc32c(&log.to_le_bytes());
        let first = crc32c::crc32c_append(log, &first.to_le_bytes());
        let last = crc32c::crc32c_append(first, &last.to_le_bytes());
        Identity(crc32c::crc32c_append(last, &seeds.to_le_bytes()))
    }
}

impl SegmentId {
    /// The name of the file of its [`Offsets`](super::Offsets).
    pub fn file_name(&self) -> String {
        format!("{:010}.offsets", self.number)
    }

    /// With which all checksums of its offsets begin.
    pub(super) fn identity(&self) -> Identity {
        let log = crc32c::crc32c(&self.log.to_le_bytes());
        let number = crc32c::crc32c_append(log, &self.number.to_le_bytes());
        Identity(crc32c::crc32c_append(number, &self.seed.to_le_bytes()))
    }
}

/// The first and last segment of an index whose file has this name; none if it is no such name.
pub fn segments_of(file_name: &str) -> Option<(u64, u64)> {
    let (first, last) = file_name.strip_suffix(".index")?.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    let run = Run { log: 0, first, last, seeds: 0 };
    (first <= last && run.file_name() == file_name).then_some((first, last))
}

/// Checksums begin with the identity of their file, and with the place at which they stand: nothing of another
/// file, or of another place in this one, passes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity(u32);

impl Identity {
    pub(super) fn checksum(self, place: u64, bytes: &[u8]) -> [u8; 4] {
        let placed = crc32c::crc32c_append(self.0, &place.to_le_bytes());
        crc32c::crc32c_append(placed, bytes).to_le_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_say_which_segments() {
        for (first, count) in [(1, 1), (1, 8), (12_345_678_901, 64)] {
            let run = Run::of(7, first, 0..count);
            assert_eq!((run.segments(), run.first()), (count, first));
            assert_eq!(segments_of(&run.file_name()), Some((run.first(), run.last())));
        }
        let others = ["0000000001.index", "1-2.index", "0000000002-0000000001.index", "-.index"];
        assert!(others.iter().all(|name| segments_of(name).is_none()));
        assert_eq!(segments_of("0000000001-0000000002.index.unfinished"), None);
    }

    #[test]
    fn a_run_is_another_one_once_a_segment_was_rewritten() {
        let run = Run::of(7, 3, [1, 2, 3]);
        for other in [[1, 2, 4], [2, 1, 3], [0, 2, 3]] {
            assert_ne!(run, Run::of(7, 3, other));
        }
    }
}
