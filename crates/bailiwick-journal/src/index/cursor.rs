//! The events with a term that are in a file.

use std::ops::Range;

use super::chunks::Chunks;
use super::list::{Body, Head, List};
use super::piece::Source;
use super::term::{Direction, IndexError, Posting};

/// The events with a term.
pub struct Postings<'a> {
    source: &'a Source,
    list: List,
}

impl<'a> Postings<'a> {
    pub(super) fn of(source: &'a Source, list: List) -> Postings<'a> {
        Postings { source, list }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.list.heads.iter().map(|head| u64::from(head.count)).sum()
    }

    /// The newest one that is of one of these types; of any, if none is given. Nothing is read for that.
    pub fn newest(&self, types: &[u32]) -> Option<Posting> {
        let heads = self.list.heads.iter().filter(|head| is_wanted(types, head.event_type));
        let newest = heads.map(|Head { newest, event_type, .. }| Posting {
            nth: *newest,
            event_type: *event_type,
        });
        newest.max()
    }

    /// Those that are of one of these types (of any, if none is given), in their order, from `nth` on.
    pub fn forward(&self, types: &[u32], nth: u32) -> Cursor<'a> {
        self.cursor(types, Direction::Forward, nth)
    }

    /// The same in the order against theirs, from `nth` on.
    pub fn backward(&self, types: &[u32], nth: u32) -> Cursor<'a> {
        self.cursor(types, Direction::Backward, nth)
    }

    fn cursor(&self, types: &[u32], direction: Direction, nth: u32) -> Cursor<'a> {
        let mut cursor = Cursor {
            direction,
            types: types.to_vec(),
            newest: 0,
            chunks: None,
            left: 0..0,
            here: Vec::new(),
            at: 0,
            to: Some(nth),
        };
        let Some(newest) = self.newest(types) else { return cursor };
        cursor.newest = newest.nth;
        match &self.list.body {
            Body::Inline(postings) => cursor.go_to(postings.clone()),
            Body::Chunked(list) => {
                cursor.left = 0..list.chunks;
                cursor.chunks = Some(Chunks::of(self.source, *list));
            }
        }
        cursor
    }
}

fn is_wanted(types: &[u32], event_type: u32) -> bool {
    types.is_empty() || types.contains(&event_type)
}

/// Reads postings, in one direction, a chunk at a time. After an error there are no more.
pub struct Cursor<'a> {
    direction: Direction,
    types: Vec<u32>,
    /// The newest one that is wanted: nothing behind it is read.
    newest: u32,
    /// None of a list without chunks.
    chunks: Option<Chunks<'a>>,
    /// The chunks that were not passed.
    left: Range<u32>,
    /// Those of a chunk.
    here: Vec<Posting>,
    /// Forward: how many of them were passed. Backward: how many are left.
    at: usize,
    /// To which it is to go first.
    to: Option<u32>,
}

impl Cursor<'_> {
    /// Goes on with the first one, in its direction, that is not before `nth`. What is between is not read.
    pub fn seek(&mut self, nth: u32) {
        self.to = Some(match (self.to, self.direction) {
            (None, _) => nth,
            (Some(to), Direction::Forward) => nth.max(to),
            (Some(to), Direction::Backward) => nth.min(to),
        });
    }

    fn step(&mut self) -> Result<Option<Posting>, IndexError> {
        if let Some(to) = self.to.take() {
            self.pass(to)?;
        }
        loop {
            let at = match self.direction {
                Direction::Forward => Some(self.at),
                Direction::Backward => self.at.checked_sub(1),
            };
            let Some(posting) = at.and_then(|at| self.here.get(at)).copied() else {
                if self.turn()? {
                    continue;
                }
                return Ok(None);
            };
            match self.direction {
                Direction::Forward => self.at += 1,
                Direction::Backward => self.at -= 1,
            }
            if is_wanted(&self.types, posting.event_type) {
                return Ok(Some(posting));
            }
        }
    }

    /// Reads the next chunk; false if there is none that is wanted.
    fn turn(&mut self) -> Result<bool, IndexError> {
        let next = match self.direction {
            Direction::Forward if self.here.last().is_some_and(|at| at.nth >= self.newest) => None,
            Direction::Forward => self.left.next(),
            Direction::Backward => self.left.next_back(),
        };
        match next {
            None => Ok(false),
            Some(chunk) => self.read(chunk).map(|()| true),
        }
    }

    fn read(&mut self, chunk: u32) -> Result<(), IndexError> {
        let Some(chunks) = &mut self.chunks else { return Ok(()) };
        let mut here = std::mem::take(&mut self.here);
        chunks.read(chunk, &mut here)?;
        self.go_to(here);
        Ok(())
    }

    fn go_to(&mut self, here: Vec<Posting>) {
        self.at = match self.direction {
            Direction::Forward => 0,
            Direction::Backward => here.len(),
        };
        self.here = here;
    }

    /// Passes those before one, in its direction.
    fn pass(&mut self, to: u32) -> Result<(), IndexError> {
        let is_here = match self.direction {
            Direction::Forward => self.here.last().is_some_and(|last| last.nth >= to),
            Direction::Backward => self.here.first().is_some_and(|first| first.nth <= to),
        };
        if !is_here {
            self.here.clear();
            self.at = 0;
            if self.direction == Direction::Forward && to > self.newest {
                self.left = 0..0;
            }
            let Some(chunks) = &mut self.chunks else { return Ok(()) };
            let Range { start, end } = self.left.clone();
            let chunk = chunks.last_from(start..end, to)?;
            let chunk = match (chunk, self.direction) {
                (Some(chunk), Direction::Forward) => {
                    self.left = chunk + 1..end;
                    chunk
                }
                (Some(chunk), Direction::Backward) => {
                    self.left = start..chunk;
                    chunk
                }
                (None, Direction::Forward) => return Ok(()),
                (None, Direction::Backward) => {
                    self.left = 0..0;
                    return Ok(());
                }
            };
            self.read(chunk)?;
        }
        self.at = match self.direction {
            Direction::Forward => self.at.max(self.here.partition_point(|other| other.nth < to)),
            Direction::Backward => self.at.min(self.here.partition_point(|other| other.nth <= to)),
        };
        Ok(())
    }
}

impl Iterator for Cursor<'_> {
    type Item = Result<Posting, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.step().transpose();
        if let Some(Err(_)) = next {
            (self.left, self.at, self.to) = (0..0, 0, None);
            self.here.clear();
        }
        next
    }
}
