//! The queue of a cell: what waits for a turn, in the order in which it came.
//!
//! 1. Commands, a deadline that is due, and decisions that want to hold the cell, in one order: who came first
//!    goes first. So a decision waits for the commands before it, and those behind it for the decision.
//! 2. No more commands than the mailbox has room for are accepted. Those behind wait for room, with their
//!    callers, each of whom holds more memory than an entry.
//! 3. One that was given up keeps its place until its turn, or until a [certain share](GONE_SHARE) of all were.
//!
//! Reads are not in it: they see what is known, and wait for no command and no decision. Nor is what others
//! wrote: that comes before all of it.

use std::collections::VecDeque;

use bailiwick_core::Aggregate;
use tokio::sync::oneshot;

use super::hold::Hold;
use super::waiters::{self, GONE_SHARE};
use crate::request::entry::{Entries, Entry};

enum Item<A: Aggregate> {
    Command(Entry<A>),
    /// The deadline index has called. Once at most.
    Due,
    /// A decision waits to hold the cell.
    Hold(oneshot::Sender<Hold>),
}

pub(super) struct Queue<A: Aggregate> {
    items: VecDeque<Item<A>>,
    /// So many are accepted; those behind wait for room.
    accepted: usize,
    /// How many of these are commands.
    commands: usize,
    /// How many decisions wait to hold the cell.
    holds: u32,
    /// How many hold it.
    holders: u32,
    due: bool,
    /// How many were given up since they were last [taken out](Self::take_given_up), or a few more.
    pub(super) given_up: usize,
}

impl<A: Aggregate> Default for Queue<A> {
    fn default() -> Self {
        Queue {
            items: VecDeque::new(),
            accepted: 0,
            commands: 0,
            holds: 0,
            holders: 0,
            due: false,
            given_up: 0,
        }
    }
}

impl<A: Aggregate> Queue<A> {
    /// Whether there is something to decide.
    pub(super) fn has_work(&self) -> bool {
        self.items.len() > self.holds as usize
    }

    /// Whether a caller waits, or did just now.
    pub(super) fn has_commands(&self) -> bool {
        self.items.len() > self.holds as usize + usize::from(self.due)
    }

    /// Whether a decision holds the cell, or waits to.
    pub(super) fn is_held(&self) -> bool {
        self.holders > 0 || self.holds > 0
    }

    /// Whether what waits is to wait for decisions.
    pub(super) fn is_blocked(&self) -> bool {
        self.holders > 0 || matches!(self.items.front(), Some(Item::Hold(_)))
    }

    /// Whether there is room for another command now.
    pub(super) fn has_room(&self, capacity: usize) -> bool {
        self.commands < capacity && self.accepted == self.items.len()
    }

    /// Takes a command for which there is room.
    pub(super) fn accept(&mut self, entry: Entry<A>) {
        (self.accepted, self.commands) = (self.accepted + 1, self.commands + 1);
        self.items.push_back(Item::Command(entry));
    }

    /// Takes one that waits for room.
    pub(super) fn wait_for_room(&mut self, entry: Entry<A>) {
        self.items.push_back(Item::Command(entry));
    }

    /// The deadline is due.
    pub(super) fn call(&mut self) {
        if !std::mem::replace(&mut self.due, true) {
            self.push_beside(Item::Due);
        }
    }

    /// Holds the cell, if nothing waits before it.
    pub(super) fn hold_now(&mut self) -> bool {
        // Not `holders += u32::from(free)`: rustc 1.95 drops that addition where the caller branches on what is
        // returned (rust-lang/rust#158206).
        if !self.items.is_empty() {
            return false;
        }
        self.holders += 1;
        true
    }

    /// Waits to hold it.
    pub(super) fn hold_later(&mut self, waiting: oneshot::Sender<Hold>) {
        self.holds += 1;
        self.push_beside(Item::Hold(waiting));
    }

    fn push_beside(&mut self, item: Item<A>) {
        // Behind those who wait for room it waits with them.
        self.accepted += usize::from(self.accepted == self.items.len());
        self.items.push_back(item);
    }

    /// One of those who hold it lets it go.
    pub(super) fn let_go(&mut self) {
        self.holders -= 1;
    }

    /// Those who hold it from now on, if nothing decided before is under way.
    pub(super) fn grant(&mut self) -> Vec<oneshot::Sender<Hold>> {
        let mut granted = Vec::new();
        while let Some(Item::Hold(_)) = self.items.front() {
            if let Some(Item::Hold(waiting)) = self.pop() {
                (self.holds, self.holders) = (self.holds - 1, self.holders + 1);
                granted.push(waiting);
            }
        }
        granted
    }

    /// Takes up to `room` commands, as far as no decision is in their way. Whether the deadline is among them.
    pub(super) fn take(&mut self, room: usize, commands: &mut Entries<A>) -> bool {
        let due = self.due;
        while let Some(front) = self.items.front() {
            let takes = match front {
                Item::Command(_) => commands.len() < room,
                Item::Due => true,
                Item::Hold(_) => false,
            };
            if !takes || self.accepted == 0 {
                break;
            }
            match self.pop() {
                Some(Item::Command(entry)) => {
                    self.commands -= 1;
                    commands.push(entry);
                }
                _ => self.due = false,
            }
        }
        due && !self.due
    }

    fn pop(&mut self) -> Option<Item<A>> {
        self.accepted = self.accepted.saturating_sub(1);
        self.items.pop_front()
    }

    /// Accepts those for whom there is room now. Returns how many did not give up before.
    pub(super) fn accept_waiting(&mut self, capacity: usize) -> usize {
        let mut got_room = 0;
        while let Some(next) = self.items.get(self.accepted) {
            if let Item::Command(entry) = next {
                if self.commands >= capacity {
                    break;
                }
                got_room += usize::from(entry.envelope().request().gets_room());
                self.commands += 1;
            }
            self.accepted += 1;
        }
        got_room
    }

    /// Takes out what waits for room: nobody is accepted any more. To be dropped once the cell is unlocked.
    #[must_use]
    pub(super) fn close(&mut self) -> Vec<Entry<A>> {
        let gone = self.take_out(|at, accepted, _| at >= accepted);
        self.accepted = self.items.len();
        gone
    }

    /// Takes out what was given up, if that may be a [certain share](GONE_SHARE) of all. To be
    /// [forgotten](Entry::forget) once the cell is unlocked.
    #[must_use]
    pub(super) fn take_given_up(&mut self) -> Vec<Entry<A>> {
        if self.given_up == 0 || self.given_up * GONE_SHARE < self.items.len() {
            return Vec::new();
        }
        self.given_up = 0;
        self.take_out(|_, _, entry| {
            waiters::look();
            entry.envelope().request().was_given_up()
        })
    }

    fn take_out(&mut self, goes: impl Fn(usize, usize, &Entry<A>) -> bool) -> Vec<Entry<A>> {
        let (accepted, mut gone) = (self.accepted, Vec::new());
        for (at, item) in std::mem::take(&mut self.items).into_iter().enumerate() {
            match item {
                Item::Command(entry) if goes(at, accepted, &entry) => {
                    if at < accepted {
                        (self.accepted, self.commands) = (self.accepted - 1, self.commands - 1);
                    }
                    gone.push(entry);
                }
                item => self.items.push_back(item),
            }
        }
        gone
    }

    /// The commands, the last to come first.
    pub(super) fn latest(&mut self) -> impl Iterator<Item = &mut Entry<A>> {
        self.items.iter_mut().rev().filter_map(|item| match item {
            Item::Command(entry) => Some(entry),
            Item::Due | Item::Hold(_) => None,
        })
    }
}
