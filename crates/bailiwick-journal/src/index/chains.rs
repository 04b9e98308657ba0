//! Ascending numbers in many lists, all in one vector: most lists have one number, and some have most of all.
//!
//! A list is a chain of chunks that grow with it, so that little room is left over in short ones, and it takes few
//! steps to find a place in long ones. Its last number is with its owner: a list of one has no chunk.

use super::term::Direction;

const NONE: u32 = u32::MAX;
/// The first three words of a chunk: the chunk before, the one behind, and how many numbers it has (the upper half)
/// of how many it has room for.
const HEAD: usize = 3;
const LEAST: u32 = 2;
const MOST: u32 = 256;

/// The chunks of all lists.
#[derive(Debug, Default)]
pub(super) struct Chains {
    words: Vec<u32>,
}

/// A list of at least one number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    last: u32,
    newest: u32,
    count: u32,
}

impl Chain {
    pub(super) fn of(number: u32) -> Chain {
        Chain { last: NONE, newest: number, count: 1 }
    }

    /// The last of its numbers.
    pub(super) fn newest(&self) -> u32 {
        self.newest
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }
}

impl Chains {
    /// Adds a number, which is larger than those before.
    pub(super) fn push(&mut self, chain: &mut Chain, number: u32) {
        let older = std::mem::replace(&mut chain.newest, number);
        chain.count += 1;
        let mut room = LEAST;
        if chain.last != NONE {
            let at = chain.last as usize;
            let (held, most) = (self.words[at + 2] >> 16, self.words[at + 2] & 0xffff);
            if held < most {
                self.words[at + HEAD + held as usize] = older;
                self.words[at + 2] += 1 << 16;
                return;
            }
            room = MOST.min(most * 2);
        }
        let chunk = u32::try_from(self.words.len()).expect("a segment has less than 4 GiB");
        self.words.extend_from_slice(&[chain.last, NONE, 1 << 16 | room, older]);
        self.words.resize(chunk as usize + HEAD + room as usize, 0);
        if chain.last != NONE {
            self.words[chain.last as usize + 1] = chunk;
        }
        chain.last = chunk;
    }

    fn before(&self, chunk: u32) -> u32 {
        self.words[chunk as usize]
    }

    fn behind(&self, chunk: u32) -> u32 {
        self.words[chunk as usize + 1]
    }

    fn numbers(&self, chunk: u32) -> &[u32] {
        let at = chunk as usize;
        &self.words[at + HEAD..][..(self.words[at + 2] >> 16) as usize]
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * 4
    }
}

/// A walk through a list, in one direction.
#[derive(Debug, Clone)]
pub(super) struct Walk<'a> {
    chains: &'a Chains,
    chain: &'a Chain,
    /// The chunk of these numbers; none of the newest, which has no chunk.
    chunk: u32,
    numbers: &'a [u32],
    /// Forward: how many of them were passed. Backward: how many are left.
    at: usize,
}

impl<'a> Walk<'a> {
    /// Before the first number that is not below `from`, or behind the last that is not beyond it.
    pub(super) fn of(
        chains: &'a Chains,
        chain: &'a Chain,
        direction: Direction,
        from: u32,
    ) -> Walk<'a> {
        let newest = std::slice::from_ref(&chain.newest);
        let mut walk = Walk { chains, chain, chunk: NONE, numbers: newest, at: 0 };
        // From the end: it is mostly the latest that is asked for.
        if direction == Direction::Backward || from < chain.newest {
            walk.at = 1;
            while walk.numbers[0] > from && walk.turn(Direction::Backward) {}
        }
        walk.at = match direction {
            Direction::Forward => 0,
            Direction::Backward => walk.numbers.len(),
        };
        walk.seek(direction, from);
        walk
    }

    pub(super) fn peek(&self, direction: Direction) -> Option<u32> {
        match direction {
            Direction::Forward => self.numbers.get(self.at).copied(),
            Direction::Backward => self.at.checked_sub(1).map(|at| self.numbers[at]),
        }
    }

    pub(super) fn step(&mut self, direction: Direction) {
        match direction {
            Direction::Forward => {
                self.at += 1;
                if self.at == self.numbers.len() {
                    self.turn(direction);
                }
            }
            Direction::Backward => {
                self.at -= 1;
                if self.at == 0 {
                    self.turn(direction);
                }
            }
        }
    }

    /// Passes those below `to`, or, backward, beyond it.
    pub(super) fn seek(&mut self, direction: Direction, to: u32) {
        match direction {
            Direction::Forward => {
                while self.numbers.last().is_some_and(|last| *last < to) && self.turn(direction) {}
                self.at = self.at.max(self.numbers.partition_point(|number| *number < to));
            }
            Direction::Backward => {
                while self.numbers[0] > to && self.turn(direction) {}
                self.at = self.at.min(self.numbers.partition_point(|number| *number <= to));
            }
        }
    }

    /// To the next chunk; false if there is none.
    fn turn(&mut self, direction: Direction) -> bool {
        let chunk = match (direction, self.chunk) {
            (Direction::Forward, NONE) => return false,
            (Direction::Forward, chunk) => self.chains.behind(chunk),
            (Direction::Backward, NONE) => self.chain.last,
            (Direction::Backward, chunk) => self.chains.before(chunk),
        };
        (self.chunk, self.numbers) = match (direction, chunk) {
            (Direction::Forward, NONE) => (NONE, std::slice::from_ref(&self.chain.newest)),
            (Direction::Backward, NONE) => return false,
            (_, chunk) => (chunk, self.chains.numbers(chunk)),
        };
        self.at = match direction {
            Direction::Forward => 0,
            Direction::Backward => self.numbers.len(),
        };
        true
    }
}
