//! The file of an index of one segment, made of that in memory.

use std::io;

use super::active::Active;
use super::chains::Walk;
use super::list::Head;
use super::run::Run;
use super::sort::sort;
use super::term::{Direction, Posting, Term};
use super::writer::Writer;
use crate::files::File;

impl Active {
    /// Writes its index into a file, from the begin of that, and does not sync it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_index(&self, run: &Run, file: &dyn File) -> io::Result<()> {
        let at_most = (self.terms.len() + self.pair_count()) as u64;
        let mut writer = Writer::to(file, *run, self.types(), at_most);
        let (mut heads, mut postings) = (Vec::new(), Vec::new());
        for term in self.sorted() {
            heads.clear();
            postings.clear();
            for pair in self.pairs_of(term) {
                let (event_type, chain) = (pair.event_type, &pair.chain);
                heads.push(Head { event_type, newest: chain.newest(), count: chain.count() });
                let mut walk = Walk::of(&self.chains, chain, Direction::Backward, u32::MAX);
                while let Some(nth) = walk.peek(Direction::Backward) {
                    postings.push(Posting { nth, event_type });
                    walk.step(Direction::Backward);
                }
            }
            // It is good at a few lists that are sorted, be it backward, one behind the other.
            postings.sort();
            heads.sort_unstable_by_key(|head| head.event_type);
            writer.begin(&heads);
            postings.iter().try_for_each(|posting| writer.push(*posting))?;
            writer.end(self.terms.at(term), &heads)?;
        }
        let positions = u32::try_from(self.offsets.len()).expect("fewer than 2^32 events");
        writer.finish(self.first(), positions)
    }

    /// Its terms, in the order of their keys.
    fn sorted(&self) -> Vec<u32> {
        let is_type = |term: &u32| matches!(self.terms.at(*term), Term::Type(_));
        let (mut types, mut tags): (Vec<_>, Vec<_>) = self.terms.iter().partition(is_type);
        sort(&mut types, |term| self.terms.kind_and_text(term).1);
        sort(&mut tags, |term| self.terms.kind_and_text(term).1);
        types.append(&mut tags);
        types
    }
}
