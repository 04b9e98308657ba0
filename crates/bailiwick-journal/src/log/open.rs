//! Opening: what is there is judged, and what was found is made durable before anybody is told of it.
//!
//! Nothing is written over. A batch that was on its way stays where it is, and the log goes on in the next
//! segment: after a sync that failed nobody knows what is on the disk there, and no later sync will tell. For the same
//! reason a segment that is empty is not used: another one is made in its place.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bailiwick_core::Position;

use super::judge::{Broken, Contents, begin, has_batch, judge};
use super::segment::{FORMAT, NoSegment, Segment, is_unfinished, name, number_of, size_for};
use super::{Ahead, Entropy, Log, OpenError, Options, SEGMENT_BYTES, Segments};
use crate::files::{Folder, write_all};

/// A log, and what was found when it was opened.
pub struct Opened {
    /// The log.
    pub log: Log,
    /// A batch was on its way, and is left out: nobody was told of it.
    pub left_out: bool,
}

impl Log {
    /// Opens the log in a folder, or makes one if there is none.
    ///
    /// Nobody else may write there meanwhile: a lock of the folder is up to the caller.
    ///
    /// # Errors
    /// See [`OpenError`]. Nothing is lost by opening, or trying to.
    pub fn open(
        folder: Arc<dyn Folder>,
        options: Options,
        mut entropy: Entropy,
    ) -> Result<Opened, OpenError> {
        let names = folder.names().map_err(OpenError::Io)?;
        let mut numbers: Vec<_> = names.iter().filter_map(|name| number_of(name)).collect();
        numbers.sort_unstable();
        let (id, mut seeds) = seeds_of(&*folder, &numbers)?;
        for name in names.iter().filter(|name| is_unfinished(name)) {
            folder.remove(name).map_err(OpenError::Io)?;
        }
        let id = id.unwrap_or_else(|| u128::from(entropy()) << 64 | u128::from(entropy()));
        let segment_bytes = match (options.segment_bytes, seeds.keys().next()) {
            (Some(bytes), _) => bytes,
            (None, Some(first)) => open_segment(&*folder, *first)?.1.size,
            (None, None) => SEGMENT_BYTES,
        };
        let is_new = seeds.is_empty();
        if is_new {
            let size = size_for(segment_bytes).map_err(OpenError::Io)?;
            let made = Segment::make(&*folder, (id, 1), entropy(), size);
            let Segment { number, seed, .. } = made.map_err(OpenError::Io)?;
            seeds.insert(number, seed);
        }
        let first = *seeds.keys().next().expect("there is one");
        let last = first + seeds.len() as u64 - 1;
        let tail = Tail::of(&*folder, seeds.keys().copied())?;
        let Tail { mut active, contents, last_batch, spare, mut is_open } = tail;
        let left_out = !is_open;
        // Nobody knows whether the name of an empty one is durable, after a sync of the folder that failed: when
        // it is needed another one is made in its place.
        let latest = last - spare;
        seeds.retain(|number, _| *number <= latest);
        if !contents.any && latest == first && !is_new {
            let made = Segment::make(&*folder, (id, first), entropy(), active.size);
            active = made.map_err(OpenError::Io)?;
            is_open = true;
        }
        // What can be read here may be in memory only, after a sync that failed: it is written again.
        let begin = contents.last_batch as u64;
        write_all(&*active.file, &last_batch, begin).map_err(OpenError::Io)?;
        active.file.sync().map_err(OpenError::Io)?;
        folder.sync().map_err(OpenError::Io)?;
        let end = if is_open { contents.end as u64 } else { active.size };
        let segments = Arc::new(Segments::of(folder.clone(), seeds));
        segments.learn(&active);
        let mut log = Log {
            segments,
            ahead: Arc::new(Ahead::of(folder.clone())),
            folder,
            segment_bytes,
            entropy,
            id,
            first,
            latest,
            active,
            end,
            durable: contents.last.unwrap_or_default(),
            written: None,
            // Another one each time it is opened would fill the segment.
            marked: contents.marked,
            closed: false,
            buffer: Vec::new(),
            frames: Vec::new(),
        };
        log.want_segment();
        Ok(Opened { log, left_out })
    }
}

impl Segments {
    /// Those that are in a folder, and which log they are of; none if there are none. Nothing is changed.
    ///
    /// # Errors
    /// If they cannot be read, or are not one log.
    pub fn found(folder: Arc<dyn Folder>) -> Result<Option<(u128, Arc<Segments>)>, OpenError> {
        let names = folder.names().map_err(OpenError::Io)?;
        let mut numbers: Vec<_> = names.iter().filter_map(|name| number_of(name)).collect();
        numbers.sort_unstable();
        let (id, seeds) = seeds_of(&*folder, &numbers)?;
        Ok(id.map(|id| (id, Arc::new(Segments::of(folder, seeds)))))
    }
}

/// The seeds of the segments, which follow each other and belong to one log.
fn seeds_of(
    folder: &dyn Folder,
    numbers: &[u64],
) -> Result<(Option<u128>, BTreeMap<u64, u64>), OpenError> {
    let (mut id, mut seeds) = (None, BTreeMap::new());
    // From the first on: where a log begins otherwise is not said anywhere yet.
    for (number, expected) in numbers.iter().zip(1..) {
        if *number != expected {
            return Err(OpenError::Missing { file: name(expected) });
        }
        let (log, segment) = open_segment(folder, *number)?;
        if *id.get_or_insert(log) != log {
            return Err(OpenError::Foreign { file: name(*number) });
        }
        seeds.insert(*number, segment.seed);
    }
    Ok((id, seeds))
}

fn open_segment(folder: &dyn Folder, number: u64) -> Result<(u128, Segment), OpenError> {
    Segment::open(folder, number).map_err(|why| match why {
        NoSegment::Io(error) => OpenError::Io(error),
        NoSegment::Damaged => no_header(folder, number),
    })
}

/// What is wrong with a segment whose header is none that this version writes.
fn no_header(folder: &dyn Folder, number: u64) -> OpenError {
    let file = name(number);
    match Segment::newer_format(folder, number) {
        Ok(Some(found)) => OpenError::NewerFormat { file, found, known: FORMAT },
        Ok(None) => OpenError::Damaged { file, offset: 0 },
        Err(error) => OpenError::Io(error),
    }
}

/// The end of a log.
struct Tail {
    /// Where the last batch is.
    active: Segment,
    contents: Contents,
    /// The last batch, with the marks before and behind it.
    last_batch: Vec<u8>,
    /// How many follow that are empty, and where the log may go on.
    spare: u64,
    /// The next batch may be written behind the last.
    is_open: bool,
}

impl Tail {
    /// Of a log of these segments: read backwards up to one that has a batch.
    fn of(
        folder: &dyn Folder,
        numbers: impl DoubleEndedIterator<Item = u64>,
    ) -> Result<Tail, OpenError> {
        let (mut later, mut numbers) = (VecDeque::new(), numbers.rev().peekable());
        loop {
            let number = numbers.next().expect("there is one");
            let (_, active) = open_segment(folder, number)?;
            let bytes = active.contents().map_err(OpenError::Io)?;
            if numbers.peek().is_some() && !has_batch(&bytes, active.seed) {
                later.push_front((active, bytes));
                continue;
            }
            let before = (number == 1).then_some(Position::START);
            let contents = judged(&active, &bytes, before)?;
            let (mut is_open, mut spare) = (!contents.torn, 0);
            for (segment, bytes) in later {
                let later = judged(&segment, &bytes, contents.last)?;
                if later.torn || later.any || later.end != begin() {
                    // What comes after it is read after it, too.
                    (is_open, spare) = (false, 0);
                } else {
                    spare += 1;
                }
            }
            let last_batch = bytes[contents.last_batch..contents.end].to_vec();
            return Ok(Tail { active, contents, last_batch, spare, is_open });
        }
    }
}

fn judged(
    segment: &Segment,
    bytes: &[u8],
    before: Option<Position>,
) -> Result<Contents, OpenError> {
    judge(bytes, segment.seed, before).map_err(|Broken { offset }| OpenError::Damaged {
        file: name(segment.number),
        offset: offset as u64,
    })
}
