//! One index of several: of neighbouring runs, read side by side in the order of their keys.
//!
//! In memory are a few blocks of each of them, a chunk, and what the writer has: the filter, and the directory of one
//! list.

use std::collections::HashMap;
use std::io;

use bailiwick_core::Position;

use super::chunks::Chunks;
use super::file::Index;
use super::list::{Body, Head, List, add};
use super::run::Run;
use super::term::{IndexError, Posting, Term};
use super::tree::Entries;
use super::writer::Writer;
use crate::files::File;

/// Why indexes cannot be merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// One of them cannot be read.
    #[error("the index with the number {nth} of those to be merged cannot be read")]
    Input {
        /// Which of them, counted from 0.
        nth: usize,
        /// What is wrong.
        source: IndexError,
    },
    /// The new one cannot be written.
    #[error("an index cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Writes the index of a run into a file, from the begin of that, and does not sync it. `inputs`: the indexes of
/// neighbouring runs, which together are that run.
///
/// # Errors
/// If one of them cannot be read, or the new one cannot be written: as when it would have 2³² positions.
///
/// # Panics
/// If they are not the indexes of that run.
pub fn merge(inputs: &[&Index], run: &Run, file: &dyn File) -> Result<(), MergeError> {
    let runs: Vec<_> = inputs.iter().map(|index| index.run()).collect();
    let are_neighbours = runs.windows(2).all(|pair| pair[0].last + 1 == pair[1].first);
    let ends = runs.first().zip(runs.last()).map(|(first, last)| (first.first, last.last));
    assert!(are_neighbours && ends == Some((run.first, run.last)), "they are of that run");
    let (first, positions) = positions(inputs)?;
    let (names, mut inputs) = open(inputs, first)?;
    let at_most = inputs.iter().map(|input| input.index.footer.filter_count).sum();
    let mut writer = Writer::to(file, *run, names.into_iter(), at_most);
    let (mut key, mut heads) = (Vec::new(), Vec::new());
    while least(&inputs, &mut key) {
        heads.clear();
        let mut lists = Vec::new();
        for input in inputs.iter_mut().filter(|input| input.key() == Some(&key)) {
            let list = input.take(&mut heads).map_err(|source| input.error(source))?;
            lists.push((&*input, list));
        }
        heads.sort_unstable_by_key(|head: &Head| head.event_type);
        writer.begin(&heads);
        for (input, list) in &lists {
            input.copy(list, &mut writer)?;
        }
        let of_first = |source| lists[0].0.error(source);
        let term = Term::of_key(&key).ok_or(IndexError::Damaged).map_err(of_first)?;
        writer.end(term, &heads)?;
    }
    Ok(writer.finish(first, positions)?)
}

/// The first position of all, and how many there are up to the last.
fn positions(inputs: &[&Index]) -> Result<(Position, u32), MergeError> {
    let some = inputs.iter().enumerate().filter(|(_, index)| index.last() >= index.first());
    let mut all: Option<(Position, Position)> = None;
    for (nth, index) in some {
        if all.is_some_and(|(_, last)| index.first() <= last) {
            return Err(MergeError::Input { nth, source: IndexError::Damaged });
        }
        all = Some((all.map_or(index.first(), |(first, _)| first), index.last()));
    }
    let Some((first, last)) = all else { return Ok((inputs[0].first(), 0)) };
    let positions = u32::try_from(last.get() - first.get() + 1);
    let positions = positions.map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "an index has fewer than 2^32 positions")
    });
    Ok((first, positions?))
}

/// An index that is merged.
struct Input<'a> {
    nth: usize,
    index: &'a Index,
    /// At the next term; none behind the last.
    entries: Option<Entries<'a>>,
    /// How far its first position is behind that of all.
    behind: u32,
    /// The new numbers of its types.
    types: Vec<u32>,
}

/// The names of all types, and the indexes, each at its first term.
fn open<'a>(
    indexes: &[&'a Index],
    first: Position,
) -> Result<(Vec<&'a str>, Vec<Input<'a>>), MergeError> {
    let (mut names, mut numbers) = (Vec::new(), HashMap::new());
    let mut inputs = Vec::new();
    for (nth, index) in indexes.iter().copied().enumerate() {
        let types = index.types().map(|name| {
            *numbers.entry(name).or_insert_with(|| {
                names.push(name);
                u32::try_from(names.len() - 1).expect("fewer than 2^32 types")
            })
        });
        let types = types.collect();
        // One without events may stand anywhere.
        let behind = index.first().get().saturating_sub(first.get());
        let behind = u32::try_from(behind).unwrap_or(0);
        let mut input = Input { nth, index, entries: None, behind, types };
        let entries = index.tree.entries(&index.source, &[]);
        input.entries = Some(entries.map_err(|source| input.error(source))?);
        input.step().map_err(|source| input.error(source))?;
        inputs.push(input);
    }
    Ok((names, inputs))
}

/// Sets `key` to that of the next term; false if there is none.
fn least(inputs: &[Input<'_>], key: &mut Vec<u8>) -> bool {
    let Some(least) = inputs.iter().filter_map(Input::key).min() else { return false };
    key.clear();
    key.extend_from_slice(least);
    true
}

impl Input<'_> {
    fn key(&self) -> Option<&[u8]> {
        self.entries.as_ref().map(Entries::key)
    }

    fn error(&self, source: IndexError) -> MergeError {
        MergeError::Input { nth: self.nth, source }
    }

    fn step(&mut self) -> Result<(), IndexError> {
        if let Some(entries) = &mut self.entries
            && !entries.step()?
        {
            self.entries = None;
        }
        Ok(())
    }

    /// The list of the term where it is; goes to the next.
    fn take(&mut self, heads: &mut Vec<Head>) -> Result<List, IndexError> {
        let value = self.entries.as_ref().map(Entries::value);
        let list = value.and_then(List::of).ok_or(IndexError::Damaged)?;
        for Head { event_type, newest, count } in &list.heads {
            let Posting { nth: newest, event_type } =
                self.moved(Posting { nth: *newest, event_type: *event_type })?;
            add(heads, Head { event_type, newest, count: *count });
        }
        self.step()?;
        Ok(list)
    }

    /// An event, as it is numbered in the new index.
    fn moved(&self, Posting { nth, event_type }: Posting) -> Result<Posting, IndexError> {
        let nth = self.behind.checked_add(nth).ok_or(IndexError::Damaged)?;
        let event_type = self.types.get(event_type as usize).ok_or(IndexError::Damaged)?;
        Ok(Posting { nth, event_type: *event_type })
    }

    /// Adds the events of a list.
    fn copy(&self, list: &List, writer: &mut Writer<'_>) -> Result<(), MergeError> {
        let mut push = |postings: &[Posting]| {
            for posting in postings {
                let moved = self.moved(*posting).map_err(|source| self.error(source))?;
                writer.push(moved)?;
            }
            Ok(())
        };
        match &list.body {
            Body::Inline(postings) => push(postings),
            Body::Chunked(chunked) => {
                let (mut chunks, mut here) = (Chunks::of(&self.index.source, *chunked), Vec::new());
                for chunk in 0..chunked.chunks {
                    chunks.read(chunk, &mut here).map_err(|source| self.error(source))?;
                    push(&here)?;
                }
                Ok(())
            }
        }
    }
}
