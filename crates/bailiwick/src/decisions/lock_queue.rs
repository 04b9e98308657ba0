//! Who holds one lock or waits for it, in the order of arrival.

use std::collections::{BTreeSet, VecDeque};

use super::order::Ticket;

/// In the order of their tickets.
#[derive(Default)]
pub(super) struct LockQueue {
    /// There whenever there is one at all: most have one, and cost no allocation.
    first: Option<Waiter>,
    behind: VecDeque<Waiter>,
    /// How many want to be alone.
    alone: usize,
    /// Whose turn has looked for followers here, and whether for all of them.
    searched: Option<(Ticket, bool)>,
}

#[derive(Clone, Copy)]
struct Waiter {
    ticket: Ticket,
    alone: bool,
    /// Whose turn it has joined.
    joined: Option<Ticket>,
}

impl Waiter {
    fn is_in(&self, turn: Ticket) -> bool {
        self.ticket == turn || self.joined == Some(turn)
    }
}

impl LockQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Takes the last place, unless it has that already. Whether nobody is in its way.
    pub(super) fn push(&mut self, ticket: Ticket, alone: bool, joined: Option<Ticket>) -> bool {
        let last = self.behind.back().or(self.first.as_ref());
        if last.is_some_and(|last| last.ticket == ticket) {
            return true;
        }
        let free = if alone { self.is_empty() } else { self.alone == 0 };
        let place = Waiter { ticket, alone, joined };
        match self.first {
            None => self.first = Some(place),
            Some(_) => self.behind.push_back(place),
        }
        self.alone += usize::from(alone);
        free
    }

    pub(super) fn remove(&mut self, ticket: Ticket) {
        let removed = if self.first.is_some_and(|first| first.ticket == ticket) {
            std::mem::replace(&mut self.first, self.behind.pop_front())
        } else {
            let at = self.behind.binary_search_by_key(&ticket, |place| place.ticket);
            at.ok().and_then(|at| self.behind.remove(at))
        };
        self.alone -= usize::from(removed.is_some_and(|place| place.alone));
    }

    /// It is in the turn of another.
    pub(super) fn join(&mut self, ticket: Ticket, turn: Ticket) {
        if let Some(first) = self.first.as_mut().filter(|first| first.ticket == ticket) {
            first.joined = Some(turn);
        } else if let Ok(at) = self.behind.binary_search_by_key(&ticket, |place| place.ticket) {
            self.behind[at].joined = Some(turn);
        }
    }

    /// Whether nobody is in its way but those of this turn.
    pub(super) fn lets(&self, ticket: Ticket, alone: bool, turn: Option<Ticket>) -> bool {
        if !alone && self.alone == 0 {
            return true;
        }
        let mut ahead = self.iter().take_while(|place| place.ticket < ticket);
        ahead.all(|place| !(alone || place.alone) || turn.is_some_and(|leader| place.is_in(leader)))
    }

    /// Adds those for whom `ticket` is in the way.
    pub(super) fn followers(
        &mut self,
        (ticket, alone): (Ticket, bool),
        turn: Ticket,
        to: &mut BTreeSet<Ticket>,
    ) {
        let searched = self.searched.is_some_and(|(by, all)| by == turn && (all || !alone));
        if searched || self.behind.is_empty() || (!alone && self.alone == 0) {
            return;
        }
        self.searched = Some((turn, alone));
        // Who is first follows nobody.
        let behind = self.behind.partition_point(|place| place.ticket <= ticket);
        let follows = self.behind.range(behind..).filter(|place| alone || place.alone);
        to.extend(follows.map(|place| place.ticket));
    }

    /// Who may have waited only for one that has left.
    pub(super) fn next(&self, was_alone: bool, to: &mut BTreeSet<Ticket>) {
        match self.first {
            Some(first) if first.alone => drop(to.insert(first.ticket)),
            Some(_) if was_alone => {
                to.extend(self.iter().take_while(|place| !place.alone).map(|place| place.ticket));
            }
            _ => {}
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Waiter> {
        self.first.iter().chain(&self.behind)
    }
}
