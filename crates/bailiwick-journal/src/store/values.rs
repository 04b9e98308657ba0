//! The values that a key of tags has, in their order: of all indexes side by side.

use std::sync::Arc;

use bailiwick_core::Tag;
use bailiwick_core::journal::{ReadValues, ValuesPage};

use super::StoreError;
use super::places::nth;
use super::view::{Run, RunIndex, State, View};
use crate::index::{Active, IndexError, TagValue, Term, Values};

/// The next value of an index, and whether its events are of a type that is wanted.
type Next = Option<(String, bool)>;

/// Where values come from.
enum Source<'a> {
    /// Of an index in memory, as many as are wanted at most.
    Memory(std::vec::IntoIter<String>),
    File {
        values: Values<'a>,
        types: Vec<u32>,
    },
}

impl View {
    /// A page of values, in the order of their bytes.
    ///
    /// # Errors
    /// If an index cannot be read.
    pub fn values(&self, read: &ReadValues) -> Result<ValuesPage, StoreError> {
        let is_key = Tag::new(read.key.as_str(), "1").is_ok();
        let (runs, active, upto) = {
            let state = self.state();
            let active = if is_key { of_active(&state, read) } else { Vec::new() };
            (state.runs.clone(), active, state.head.position)
        };
        let mut page = ValuesPage { tags: Vec::new(), upto, more: false };
        if is_key && self.fill(&runs, active, read, &mut page)?.is_none() {
            // An index was damaged, and there is another one now.
            return self.values(read);
        }
        Ok(page)
    }

    /// None if an index was damaged, and made again.
    fn fill(
        &self,
        runs: &[Arc<Run>],
        active: Vec<String>,
        read: &ReadValues,
        page: &mut ValuesPage,
    ) -> Result<Option<()>, StoreError> {
        let mut sources = vec![(None, Source::Memory(active.into_iter()))];
        for run in runs {
            let Some(source) = self.ask(run, |_| of_run(run, read))? else { return Ok(None) };
            sources.extend(source.map(|source| (Some(run), source)));
        }
        let mut heads: Vec<Next> = Vec::new();
        for (run, source) in &mut sources {
            let Some(next) = self.next(*run, source)? else { return Ok(None) };
            heads.push(next);
        }
        while let Some(least) = heads.iter().flatten().map(|(value, _)| value).min().cloned() {
            let mut is_wanted = false;
            for (head, (run, source)) in heads.iter_mut().zip(&mut sources) {
                let Some((_, wanted)) = head.as_ref().filter(|(value, _)| *value == least) else {
                    continue;
                };
                is_wanted |= wanted;
                let Some(next) = self.next(*run, source)? else { return Ok(None) };
                *head = next;
            }
            if !is_wanted {
                continue;
            }
            if page.tags.len() == read.limit.get() {
                page.more = true;
                break;
            }
            let tag = Tag::new(read.key.as_str(), &least).map_err(|_| IndexError::Damaged)?;
            page.tags.push(tag);
        }
        Ok(Some(()))
    }

    fn next(
        &self,
        run: Option<&Arc<Run>>,
        source: &mut Source<'_>,
    ) -> Result<Option<Next>, StoreError> {
        let (values, types) = match source {
            Source::Memory(values) => return Ok(Some(values.next().map(|value| (value, true)))),
            Source::File { values, types } => (values, types),
        };
        let Some(run) = run else { return Ok(Some(None)) };
        let next = self.ask(run, |_| values.next().transpose())?;
        Ok(next.map(|next| {
            next.map(|TagValue { value, types: has }| {
                let is_wanted = types.is_empty() || has.iter().any(|number| types.contains(number));
                (value, is_wanted)
            })
        }))
    }
}

/// None if it has no event of a type that is wanted.
fn of_run<'a>(run: &'a Run, read: &ReadValues) -> Result<Option<Source<'a>>, IndexError> {
    let after = read.after.as_ref().map(bailiwick_core::Text::as_str);
    match &run.index {
        RunIndex::Memory(index) => {
            Ok(Some(Source::Memory(of_memory(index, read, None).into_iter())))
        }
        RunIndex::File(index) => {
            let names = read.types.iter();
            let types: Vec<_> = names.filter_map(|name| index.type_number(name.as_str())).collect();
            if types.is_empty() && !read.types.is_empty() {
                return Ok(None);
            }
            let values = index.values(read.key.as_str(), after)?;
            Ok(Some(Source::File { values, types }))
        }
    }
}

/// Those that an event has which is durable.
fn of_active(state: &State, read: &ReadValues) -> Vec<String> {
    let head = state.head.position;
    if head < state.active.first() {
        return Vec::new();
    }
    let last = (head < state.active.last()).then(|| nth(head, state.active.first()));
    of_memory(&state.active, read, last)
}

/// The first values, one more than a page has, of events up to `last`.
fn of_memory(index: &Active, read: &ReadValues, last: Option<u32>) -> Vec<String> {
    let names = read.types.iter();
    let types: Vec<_> = names.filter_map(|name| index.type_number(name.as_str())).collect();
    if types.is_empty() && !read.types.is_empty() {
        return Vec::new();
    }
    let after = read.after.as_ref().map(bailiwick_core::Text::as_str);
    let values = index.values(read.key.as_str(), after);
    let is_there = |value: &TagValue| {
        let has = |number: &u32| types.contains(number);
        if last.is_none() {
            return types.is_empty() || value.types.iter().any(has);
        }
        let tag = format!("{}:{}", read.key.as_str(), value.value);
        let first = index.find(Term::Tag(&tag)).and_then(|found| found.forward(&types, 0).next());
        first.is_some_and(|posting| Some(posting.nth) <= last)
    };
    values.filter(is_there).take(read.limit.get().saturating_add(1)).map(|v| v.value).collect()
}
