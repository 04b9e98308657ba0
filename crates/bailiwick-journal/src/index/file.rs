//! The index of a run of segments: a file, read a piece at a time.
//!
//! In memory are its footer, the names of its types, the root of its tree and, if that was loaded, its filter. Each
//! piece that is read has a checksum: what is damaged is an error, upon which the index is made again.

use std::sync::Arc;

use bailiwick_core::Position;
use parking_lot::RwLock;

use super::cursor::Postings;
use super::filter;
use super::footer::{FOOTER, Footer};
use super::list::List;
use super::number;
use super::piece::{Place, SUM, Source, read};
use super::run::Run;
use super::term::{IndexError, Term};
use super::tree::Tree;
use super::values::Values;
use crate::files::File;

/// An open index.
pub struct Index {
    pub(super) source: Source,
    pub(super) footer: Footer,
    pub(super) tree: Tree,
    pub(super) types: Vec<String>,
    /// The numbers of the types, in the order of their names.
    by_name: Vec<u32>,
    filter: RwLock<Option<Vec<u8>>>,
}

impl Index {
    /// Opens the index of a run.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or belongs to other segments.
    pub fn open(file: Arc<dyn File>, run: &Run) -> Result<Index, IndexError> {
        let size = file.size()?;
        let source = Source { file, identity: run.identity(), size };
        let at = size.checked_sub((FOOTER + SUM) as u64).ok_or(IndexError::Damaged)?;
        let footer = source.piece(Place { at, bytes: FOOTER as u64 })?;
        let footer = Footer::of(&footer, *run).ok_or(IndexError::Damaged)?;
        let types = read_names(&source.piece(footer.types)?).ok_or(IndexError::Damaged)?;
        let tree = Tree { root: source.piece(footer.root)?, height: footer.height };
        let mut by_name: Vec<_> = (0..).take(types.len()).collect();
        by_name.sort_unstable_by_key(|number| &types[*number as usize]);
        Ok(Index { source, footer, tree, types, by_name, filter: RwLock::new(None) })
    }

    /// Of which segments it is.
    pub fn run(&self) -> Run {
        self.footer.run
    }

    /// The position of the first event.
    pub fn first(&self) -> Position {
        self.footer.first
    }

    /// That of the last; the one before the first if there is none.
    pub fn last(&self) -> Position {
        Position::new(self.footer.first.get() + u64::from(self.footer.positions) - 1)
    }

    /// The number of a type here; none if it has no event of it.
    pub fn type_number(&self, event_type: &str) -> Option<u32> {
        let name = |number: &u32| self.types[*number as usize].as_str();
        let found = self.by_name.binary_search_by(|number| name(number).cmp(event_type));
        found.ok().map(|at| self.by_name[at])
    }

    /// The names of the types, by their numbers.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(String::as_str)
    }

    /// How many bytes of memory its filter takes once it is loaded.
    pub fn filter_bytes(&self) -> usize {
        self.footer.filter_pages as usize * filter::PAGE
    }

    /// Reads its filter into memory, unless it is there.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn load_filter(&self) -> Result<(), IndexError> {
        if self.filter.read().is_some() {
            return Ok(());
        }
        let mut pages = vec![0; self.filter_bytes()];
        read(&*self.source.file, &mut pages, self.footer.filter)?;
        for (number, page) in pages.chunks(filter::PAGE).enumerate() {
            self.check(number, page)?;
        }
        *self.filter.write() = Some(pages);
        Ok(())
    }

    /// Forgets the filter, if it is in memory.
    pub fn drop_filter(&self) {
        *self.filter.write() = None;
    }

    /// False: no event has this term and one of these types; any, if none is given. It costs the reading of one page
    /// if the filter is not in memory.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn may_have(&self, term: Term<'_>, types: &[&str]) -> Result<bool, IndexError> {
        let types = match term {
            // What is of a type is of no other.
            Term::Type(name) if !types.is_empty() && !types.contains(&name) => return Ok(false),
            Term::Type(_) => &[],
            Term::Tag(_) => types,
        };
        let log = self.footer.run.log;
        let hash = filter::hash_of(log, term);
        let types = types.iter().map(|name| filter::hash_of(log, Term::Type(name)));
        let number = filter::page_of(hash, u64::from(self.footer.filter_pages));
        if let Some(pages) = &*self.filter.read() {
            return Ok(filter::may_have(&pages[number * filter::PAGE..], hash, types));
        }
        let mut page = [0; filter::PAGE];
        read(&*self.source.file, &mut page, self.filter_place(number))?;
        self.check(number, &page)?;
        Ok(filter::may_have(&page, hash, types))
    }

    fn filter_place(&self, number: usize) -> u64 {
        self.footer.filter + (number * filter::PAGE) as u64
    }

    fn check(&self, number: usize, page: &[u8]) -> Result<(), IndexError> {
        let (bits, sum) = page.split_at(filter::ON_PAGE);
        let checksum = self.source.identity.checksum(self.filter_place(number), bits);
        if checksum == sum { Ok(()) } else { Err(IndexError::Damaged) }
    }

    /// The events with a term; none if there are none.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn find(&self, term: Term<'_>) -> Result<Option<Postings<'_>>, IndexError> {
        let Some(value) = self.tree.find(&self.source, &term.key())? else { return Ok(None) };
        let list = List::of(&value).ok_or(IndexError::Damaged)?;
        Ok(Some(Postings::of(&self.source, list)))
    }

    /// The values of a tag's key, in the order of their bytes; only those beyond `after`, if that is given.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn values(&self, key: &str, after: Option<&str>) -> Result<Values<'_>, IndexError> {
        let prefix = format!("{key}:");
        let from = format!("{prefix}{}", after.unwrap_or(""));
        // No value is empty, so none stands where those of a key begin.
        let entries = self.tree.entries(&self.source, &Term::Tag(&from).key())?;
        Ok(Values::of(entries, prefix))
    }
}

fn read_names(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while !bytes.is_empty() {
        let length = usize::try_from(number::read(&mut bytes)?).ok()?;
        let (name, rest) = bytes.split_at_checked(length)?;
        names.push(std::str::from_utf8(name).ok()?.to_owned());
        bytes = rest;
    }
    Some(names)
}
