//! A static B+tree: blocks of entries in the order of their keys; above them blocks whose entries have the first key
//! of a block and its place; and so on, up to a single one, the root, which is in memory while the file is open.
//!
//! It is written from its first key to its last, a block of each level at a time. A block has some 4 096 bytes; more
//! if its keys are long, since one that is above others has at least two of them.

use std::borrow::Cow;
use std::io;

use super::block::{self, Found, Reader};
use super::piece::{Place, SUM, Sink, Source};
use super::term::IndexError;

const BLOCK: usize = 4_096 - SUM;

/// Writes a tree.
#[derive(Default)]
pub(super) struct TreeWriter {
    levels: Vec<Level>,
}

/// A block that is being filled.
#[derive(Default)]
struct Level {
    block: Vec<u8>,
    entries: usize,
    first: Vec<u8>,
    last: Vec<u8>,
}

impl TreeWriter {
    /// Adds an entry; its key is behind those before.
    pub(super) fn push(&mut self, key: &[u8], value: &[u8], sink: &mut Sink<'_>) -> io::Result<()> {
        self.push_at(0, key, value, sink)
    }

    fn push_at(
        &mut self,
        number: usize,
        key: &[u8],
        value: &[u8],
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        if self.levels.len() == number {
            self.levels.push(Level::default());
        }
        let least = if number == 0 { 1 } else { 2 };
        let level = &self.levels[number];
        let more = key.len() - block::common(&level.last, key) + value.len();
        if level.entries >= least && level.block.len() + more > BLOCK {
            self.flush(number, sink)?;
        }
        let level = &mut self.levels[number];
        if level.block.is_empty() {
            level.first = key.to_vec();
        }
        block::push(&level.last, key, value, &mut level.block);
        level.entries += 1;
        level.last.clear();
        level.last.extend_from_slice(key);
        Ok(())
    }

    fn flush(&mut self, number: usize, sink: &mut Sink<'_>) -> io::Result<()> {
        let level = &mut self.levels[number];
        let (mut value, first) = (Vec::new(), std::mem::take(&mut level.first));
        sink.piece(&level.block)?.write(&mut value);
        level.block.clear();
        level.entries = 0;
        self.push_at(number + 1, &first, &value, sink)
    }

    /// Writes what is left. Where the root is, and how many levels are below it.
    pub(super) fn finish(mut self, sink: &mut Sink<'_>) -> io::Result<(Place, u32)> {
        let mut height = 0;
        while height + 1 < self.levels.len() {
            self.flush(height, sink)?;
            height += 1;
        }
        let root = self.levels.pop().unwrap_or_default();
        let height = u32::try_from(height).expect("each level is smaller than that below it");
        Ok((sink.piece(&root.block)?, height))
    }
}

/// A tree that is read.
pub(super) struct Tree {
    pub(super) root: Vec<u8>,
    pub(super) height: u32,
}

impl Tree {
    /// The value of a key.
    pub(super) fn find(&self, source: &Source, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        let mut block = Cow::Borrowed(&self.root);
        for _ in 0..self.height {
            let below = match block::find(&block, key).ok_or(IndexError::Damaged)? {
                Found::Exact(place) | Found::Before(place) => below(place, source)?,
                Found::Nothing => return Ok(None),
            };
            block = Cow::Owned(below);
        }
        match block::find(&block, key).ok_or(IndexError::Damaged)? {
            Found::Exact(value) => Ok(Some(value.to_vec())),
            Found::Before(_) | Found::Nothing => Ok(None),
        }
    }

    /// The entries whose keys are beyond one.
    pub(super) fn entries<'a>(
        &self,
        source: &'a Source,
        key: &[u8],
    ) -> Result<Entries<'a>, IndexError> {
        let mut path = vec![Reader::of(self.root.clone())];
        for _ in 0..self.height {
            let reader = path.last_mut().expect("the root");
            // The last one whose first key is not beyond it; if there is none, the first of all.
            reader.seek(|first| first <= key).ok_or(IndexError::Damaged)?;
            if !reader.is_somewhere() {
                reader.step().ok_or(IndexError::Damaged)?;
            }
            let below = below(reader.value(), source)?;
            path.push(Reader::of(below));
        }
        let leaf = path.last_mut().expect("the root");
        leaf.seek(|found| found <= key).ok_or(IndexError::Damaged)?;
        Ok(Entries { source, path })
    }
}

fn below(mut place: &[u8], source: &Source) -> Result<Vec<u8>, IndexError> {
    source.piece(Place::read(&mut place).ok_or(IndexError::Damaged)?)
}

/// The entries of a tree, in the order of their keys.
pub(super) struct Entries<'a> {
    source: &'a Source,
    /// From the root to the leaf where it is.
    path: Vec<Reader>,
}

impl Entries<'_> {
    /// Goes to the next one; false if there is none.
    pub(super) fn step(&mut self) -> Result<bool, IndexError> {
        let leaf = self.path.len() - 1;
        loop {
            if self.path[leaf].step().ok_or(IndexError::Damaged)? {
                return Ok(true);
            }
            let mut level = leaf;
            loop {
                let Some(above) = level.checked_sub(1) else { return Ok(false) };
                level = above;
                if self.path[level].step().ok_or(IndexError::Damaged)? {
                    break;
                }
            }
            for level in level..leaf {
                let below = below(self.path[level].value(), self.source)?;
                self.path[level + 1] = Reader::of(below);
                if level + 1 < leaf {
                    self.path[level + 1].step().ok_or(IndexError::Damaged)?;
                }
            }
        }
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.path.last().expect("the root").key
    }

    pub(super) fn value(&self) -> &[u8] {
        self.path.last().expect("the root").value()
    }
}
