//! Writes the file of an index: its terms in the order of their keys, each with its events.

use std::io;

use bailiwick_core::Position;

use super::filter::{self, FilterWriter};
use super::footer::Footer;
use super::list::{Head, ListWriter};
use super::number;
use super::piece::Sink;
use super::run::Run;
use super::term::{Posting, Term};
use super::tree::TreeWriter;
use crate::files::File;

/// In memory are a block of each level of the tree, the directory of one list, and the filter.
pub(super) struct Writer<'a> {
    run: Run,
    sink: Sink<'a>,
    tree: TreeWriter,
    list: ListWriter,
    filter: FilterWriter,
    /// The names of the types, as they are written, and their hashes.
    names: Vec<u8>,
    types: Vec<u64>,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Of an index with these types, and at most so many terms and pairs.
    pub(super) fn to<'t>(
        file: &'a dyn File,
        run: Run,
        types: impl Iterator<Item = &'t str>,
        at_most: u64,
    ) -> Writer<'a> {
        let mut names = Vec::new();
        let types = types.map(|name| {
            number::write(name.len() as u64, &mut names);
            names.extend_from_slice(name.as_bytes());
            filter::hash_of(run.log, Term::Type(name))
        });
        let types = types.collect();
        Writer {
            run,
            sink: Sink::to(file, run.identity()),
            tree: TreeWriter::default(),
            list: ListWriter::default(),
            filter: FilterWriter::for_at_most(at_most),
            names,
            types,
            key: Vec::new(),
            value: Vec::new(),
        }
    }

    /// Begins the next term.
    pub(super) fn begin(&mut self, heads: &[Head]) {
        self.list.begin(heads.len());
    }

    /// Adds the next of its events.
    pub(super) fn push(&mut self, posting: Posting) -> io::Result<()> {
        self.list.push(posting, &mut self.sink)
    }

    /// Ends it.
    pub(super) fn end(&mut self, term: Term<'_>, heads: &[Head]) -> io::Result<()> {
        let hash = filter::hash_of(self.run.log, term);
        self.filter.insert(hash);
        // Of a type there is but one pair.
        if let Term::Tag(_) = term {
            for head in heads {
                self.filter.insert_pair(hash, self.types[head.event_type as usize]);
            }
        }
        self.key.clear();
        self.value.clear();
        term.write_key(&mut self.key);
        self.list.end(heads, &mut self.sink, &mut self.value)?;
        self.tree.push(&self.key, &self.value, &mut self.sink)
    }

    /// Writes what is left.
    pub(super) fn finish(mut self, first: Position, positions: u32) -> io::Result<()> {
        let (root, height) = self.tree.finish(&mut self.sink)?;
        let types = self.sink.piece(&self.names)?;
        // So that the reading of a page of it is that of a page of the disk.
        self.sink.align(filter::PAGE);
        let filter = self.sink.at();
        let mut filter_pages = 0;
        for page in self.filter.pages() {
            self.sink.piece(page)?;
            filter_pages += 1;
        }
        let (run, filter_count) = (self.run, self.filter.count);
        let footer = Footer {
            run,
            first,
            positions,
            height,
            root,
            types,
            filter,
            filter_pages,
            filter_count,
        };
        self.sink.piece(&footer.bytes())?;
        self.sink.finish()
    }
}
