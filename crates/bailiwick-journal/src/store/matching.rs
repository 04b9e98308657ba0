//! Which events of an index match a query: exactly those, in the order of their positions or against it.

use bailiwick_core::journal::{Query, QueryItem};

use crate::index::{Active, ActiveCursor, Cursor, Index, IndexError, Term};

/// An index, wherever it is.
#[derive(Clone, Copy)]
pub(super) enum AnyIndex<'a> {
    Memory(&'a Active),
    File(&'a Index),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Forward,
    Backward,
}

impl Order {
    /// Which of two comes first.
    fn first(self, one: u32, other: u32) -> u32 {
        match self {
            Order::Forward => one.min(other),
            Order::Backward => one.max(other),
        }
    }
}

/// The events that match, by how far they are behind the first of the index.
pub(super) struct Matches<'a> {
    order: Order,
    /// Of each item; of one without tags, of each of its types. None of them has no more.
    ways: Vec<(Way<'a>, u32)>,
}

/// The events with all terms of some.
struct Way<'a> {
    cursors: Vec<Seeking<'a>>,
}

struct Seeking<'a> {
    cursor: AnyCursor<'a>,
    /// What it found last.
    last: Option<u32>,
}

enum AnyCursor<'a> {
    Memory(ActiveCursor<'a>),
    File(Cursor<'a>),
}

impl<'a> AnyIndex<'a> {
    fn type_number(self, name: &str) -> Option<u32> {
        match self {
            AnyIndex::Memory(index) => index.type_number(name),
            AnyIndex::File(index) => index.type_number(name),
        }
    }

    /// Of the types of an item, those that are here; none if it wants some, and none of them is.
    fn types(self, item: &QueryItem) -> Option<Vec<u32>> {
        let wanted = item.types();
        let types: Vec<_> =
            wanted.iter().filter_map(|name| self.type_number(name.as_str())).collect();
        (!types.is_empty() || wanted.is_empty()).then_some(types)
    }

    /// Whether it is certain, by a filter, that nothing has one of these tags and one of these types.
    fn certainly_lacks(self, item: &QueryItem) -> Result<bool, IndexError> {
        let AnyIndex::File(index) = self else { return Ok(false) };
        let types: Vec<_> = item.types().iter().map(bailiwick_core::Text::as_str).collect();
        for tag in item.tags().as_slice() {
            if !index.may_have(Term::Tag(tag.as_str()), &types)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn cursor(
        self,
        term: Term<'_>,
        types: &[u32],
        order: Order,
        from: u32,
    ) -> Result<Option<AnyCursor<'a>>, IndexError> {
        Ok(match self {
            AnyIndex::Memory(index) => index.find(term).map(|found| {
                AnyCursor::Memory(match order {
                    Order::Forward => found.forward(types, from),
                    Order::Backward => found.backward(types, from),
                })
            }),
            AnyIndex::File(index) => index.find(term)?.map(|found| {
                AnyCursor::File(match order {
                    Order::Forward => found.forward(types, from),
                    Order::Backward => found.backward(types, from),
                })
            }),
        })
    }

    /// The newest event with a term and one of these types; with any, if none is given.
    fn newest(self, term: Term<'_>, types: &[u32]) -> Result<Option<u32>, IndexError> {
        let newest = match self {
            AnyIndex::Memory(index) => index.find(term).and_then(|found| found.newest(types)),
            AnyIndex::File(index) => index.find(term)?.and_then(|found| found.newest(types)),
        };
        Ok(newest.map(|posting| posting.nth))
    }

    /// The last event that matches an item.
    pub(super) fn last(self, item: &QueryItem) -> Result<Option<u32>, IndexError> {
        let Some(types) = self.types(item) else { return Ok(None) };
        if self.certainly_lacks(item)? {
            return Ok(None);
        }
        match item.tags().as_slice() {
            [] => {
                let mut last = None;
                for name in item.types() {
                    last = last.max(self.newest(Term::Type(name.as_str()), &[])?);
                }
                Ok(last)
            }
            [tag] => self.newest(Term::Tag(tag.as_str()), &types),
            _ => Matches::of_item(self, item, Order::Backward, u32::MAX)?.next(),
        }
    }

    /// The events that match, from one on. Not for a query that everything matches.
    pub(super) fn matches(
        self,
        query: &Query,
        order: Order,
        from: u32,
    ) -> Result<Matches<'a>, IndexError> {
        let mut matches = Matches { order, ways: Vec::new() };
        for item in query.items().into_iter().flatten() {
            matches.ways.extend(Matches::of_item(self, item, order, from)?.ways);
        }
        Ok(matches)
    }
}

impl<'a> Matches<'a> {
    fn of_item(
        index: AnyIndex<'a>,
        item: &QueryItem,
        order: Order,
        from: u32,
    ) -> Result<Matches<'a>, IndexError> {
        let mut matches = Matches { order, ways: Vec::new() };
        let Some(types) = index.types(item) else { return Ok(matches) };
        if index.certainly_lacks(item)? {
            return Ok(matches);
        }
        let tags = item.tags().as_slice();
        if tags.is_empty() {
            for name in item.types() {
                let cursor = index.cursor(Term::Type(name.as_str()), &[], order, from)?;
                matches.add(cursor.into_iter().collect())?;
            }
            return Ok(matches);
        }
        let mut cursors = Vec::with_capacity(tags.len());
        for tag in tags {
            match index.cursor(Term::Tag(tag.as_str()), &types, order, from)? {
                Some(cursor) => cursors.push(cursor),
                None => return Ok(matches),
            }
        }
        matches.add(cursors)?;
        Ok(matches)
    }

    fn add(&mut self, cursors: Vec<AnyCursor<'a>>) -> Result<(), IndexError> {
        let cursors = cursors.into_iter().map(|cursor| Seeking { cursor, last: None });
        let mut way = Way { cursors: cursors.collect() };
        if let Some(first) = way.next(self.order)? {
            self.ways.push((way, first));
        }
        Ok(())
    }

    /// The next event that matches, once.
    pub(super) fn next(&mut self) -> Result<Option<u32>, IndexError> {
        let order = self.order;
        let nths = self.ways.iter().map(|(_, next)| *next);
        let Some(found) = nths.reduce(|one, other| order.first(one, other)) else {
            return Ok(None);
        };
        let mut at = 0;
        while let Some((way, next)) = self.ways.get_mut(at) {
            if *next != found {
                at += 1;
                continue;
            }
            match way.next(order)? {
                Some(nth) => *next = nth,
                None => drop(self.ways.swap_remove(at)),
            }
        }
        Ok(Some(found))
    }
}

impl Way<'_> {
    /// The next event that all cursors find. Whoever is behind goes where the others are.
    fn next(&mut self, order: Order) -> Result<Option<u32>, IndexError> {
        let Some(first) = self.cursors.first_mut() else { return Ok(None) };
        let Some(mut nth) = first.next()? else { return Ok(None) };
        let (mut agree, mut at) = (1, 0);
        while agree < self.cursors.len() {
            at = (at + 1) % self.cursors.len();
            match self.cursors[at].reach(nth, order)? {
                None => return Ok(None),
                Some(found) if found == nth => agree += 1,
                Some(found) => (nth, agree) = (found, 1),
            }
        }
        Ok(Some(nth))
    }
}

impl Seeking<'_> {
    fn next(&mut self) -> Result<Option<u32>, IndexError> {
        let next = match &mut self.cursor {
            AnyCursor::Memory(cursor) => cursor.next(),
            AnyCursor::File(cursor) => cursor.next().transpose()?,
        };
        self.last = next.map(|posting| posting.nth);
        Ok(self.last)
    }

    /// The first one that is not before `nth`.
    fn reach(&mut self, nth: u32, order: Order) -> Result<Option<u32>, IndexError> {
        if let Some(last) = self.last
            && order.first(last, nth) == nth
        {
            return Ok(Some(last));
        }
        match &mut self.cursor {
            AnyCursor::Memory(cursor) => cursor.seek(nth),
            AnyCursor::File(cursor) => cursor.seek(nth),
        }
        self.next()
    }
}
