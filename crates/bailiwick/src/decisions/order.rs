//! The order of turns: who overlaps takes turns in the order of arrival, who does not waits for
//! nobody.
//!
//! 1. Everybody queues at the lock of each pair (type, tag) that it guards, at all of them at once. So of
//!    two that meet at several locks one is ahead at all of them: nobody waits in a
//!    circle, and nobody is overtaken by who overlaps with it.
//! 2. Who guards a type whatever the tags has the lock of the type alone, which all others of that
//!    type share. The locks of types are there from when the first such one comes until nobody is
//!    left: without one nobody would wait there.
//! 3. A turn begins when nobody is ahead. Those who wait for nobody else may join it.
//!
//! Nothing here depends on the order of a map, and nothing is called.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use smallvec::{SmallVec, smallvec};

use super::lock_keys::{LockKey, LockKeys};
use super::lock_queue::LockQueue;

/// A number in the order of arrival.
pub(super) type Ticket = u64;

/// Those of a turn: mostly one.
pub(super) type Tickets = SmallVec<[Ticket; 1]>;

/// How many are looked at for each that may join a turn: a turn begins soon.
const LOOKED_AT: usize = 4;

pub(super) struct Order<T> {
    last: Ticket,
    lock_keys: LockTable,
    requests: HashMap<Ticket, Request<T>, FixedState>,
}

struct Request<T> {
    lock_keys: LockKeys,
    /// In the turn of whom, once it has one.
    turn: Option<Ticket>,
    what: T,
}

/// The locks that somebody holds or queues for.
#[derive(Default)]
struct LockTable {
    table: HashTable<(LockKey, LockQueue)>,
    /// Whether the locks of types are there.
    by_type: bool,
}

/// Who has left, to be dropped when nobody is kept waiting by it, and whose turns begin now.
pub(super) struct Left<T> {
    pub(super) gone: SmallVec<[(T, LockKeys); 1]>,
    pub(super) turns: Vec<Ticket>,
}

impl<T> Order<T> {
    pub(super) fn new(seed: u64) -> Self {
        let requests = HashMap::with_hasher(FixedState::with_seed(seed));
        Order { last: 0, lock_keys: LockTable::default(), requests }
    }

    /// The next number.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.last += 1;
        self.last
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn get(&self, ticket: Ticket) -> Option<&T> {
        self.requests.get(&ticket).map(|request| &request.what)
    }

    /// Takes its places. Whether its turn begins at once. Tickets enter in their order.
    pub(super) fn enter(&mut self, ticket: Ticket, lock_keys: LockKeys, what: T) -> bool {
        if lock_keys.whole() && !self.lock_keys.by_type {
            self.stand_by_type();
        }
        let mut free = true;
        for (lock_key, alone) in self.lock_keys.of(&lock_keys) {
            free &= self.lock_keys.take(lock_key).push(ticket, alone, None);
        }
        self.requests.insert(ticket, Request { lock_keys, turn: free.then_some(ticket), what });
        free
    }

    /// Those who overlap with the turn of `leader` and wait for nobody else join it: `most` in all.
    /// Returns who is in it, in the order of arrival.
    pub(super) fn gather(&mut self, leader: Ticket, most: usize) -> Tickets {
        let mut turn = smallvec![leader];
        let mut waiting = BTreeSet::new();
        self.followers(leader, leader, &mut waiting);
        let mut looks = most.saturating_mul(LOOKED_AT);
        while let Some(ticket) = waiting.pop_first()
            && turn.len() < most
            && looks > 0
        {
            looks -= 1;
            if self.requests[&ticket].turn.is_none() && self.is_free(ticket, Some(leader)) {
                self.join(ticket, leader);
                turn.push(ticket);
                self.followers(ticket, leader, &mut waiting);
            }
        }
        turn
    }

    /// Gives up the places of `tickets`.
    pub(super) fn leave(&mut self, tickets: impl IntoIterator<Item = Ticket>) -> Left<T> {
        let mut left = Left { gone: SmallVec::new(), turns: Vec::new() };
        let mut next = BTreeSet::new();
        for ticket in tickets {
            let Some(request) = self.requests.remove(&ticket) else { continue };
            for (lock_key, alone) in self.lock_keys.of(&request.lock_keys) {
                self.lock_keys.step_out(lock_key, (ticket, alone), &mut next);
            }
            left.gone.push((request.what, request.lock_keys));
        }
        for ticket in next {
            let waits = self.requests.get(&ticket).is_some_and(|request| request.turn.is_none());
            if waits && self.is_free(ticket, None) {
                self.begin(ticket, ticket);
                left.turns.push(ticket);
            }
        }
        if self.requests.is_empty() {
            self.lock_keys.by_type = false;
        }
        left
    }

    /// Gives up the places of one whose turn has not begun.
    pub(super) fn withdraw(&mut self, ticket: Ticket) -> Left<T> {
        let waits = self.requests.get(&ticket).is_some_and(|request| request.turn.is_none());
        self.leave(waits.then_some(ticket))
    }

    /// Everybody leaves, in the order of arrival.
    pub(super) fn clear(&mut self) -> Vec<T> {
        self.lock_keys = LockTable::default();
        let mut requests: Vec<_> = self.requests.drain().collect();
        requests.sort_unstable_by_key(|(ticket, _)| *ticket);
        requests.into_iter().map(|(_, request)| request.what).collect()
    }

    /// Makes the locks of types. Everybody comes to stand there once at most, so that is no more
    /// work than if they had been there all the time.
    fn stand_by_type(&mut self) {
        let mut requests: Vec<_> = self.requests.iter().collect();
        requests.sort_unstable_by_key(|(ticket, _)| **ticket);
        for (ticket, request) in requests {
            for lock_key in request.lock_keys.shared() {
                self.lock_keys.take(*lock_key).push(*ticket, false, request.turn);
            }
        }
        self.lock_keys.by_type = true;
    }

    /// Its turn begins, or it joins that of another.
    fn begin(&mut self, ticket: Ticket, turn: Ticket) {
        if let Some(request) = self.requests.get_mut(&ticket) {
            request.turn = Some(turn);
        }
    }

    fn join(&mut self, ticket: Ticket, turn: Ticket) {
        self.begin(ticket, turn);
        for (lock_key, _) in self.lock_keys.of(&self.requests[&ticket].lock_keys) {
            if let Some(places) = self.lock_keys.get_mut(lock_key) {
                places.join(ticket, turn);
            }
        }
    }

    /// Whether nobody is ahead but those of this turn.
    fn is_free(&self, ticket: Ticket, turn: Option<Ticket>) -> bool {
        self.lock_keys.of(&self.requests[&ticket].lock_keys).all(|(lock_key, alone)| {
            self.lock_keys.get(lock_key).is_none_or(|places| places.lets(ticket, alone, turn))
        })
    }

    /// Adds those who wait for `ticket`.
    fn followers(&mut self, ticket: Ticket, turn: Ticket, to: &mut BTreeSet<Ticket>) {
        for (lock_key, alone) in self.lock_keys.of(&self.requests[&ticket].lock_keys) {
            if let Some(places) = self.lock_keys.get_mut(lock_key) {
                places.followers((ticket, alone), turn, to);
            }
        }
    }
}

impl LockTable {
    /// Those of `lock_keys` that there are, and in which of them alone.
    fn of<'a>(&self, lock_keys: &'a LockKeys) -> impl Iterator<Item = (LockKey, bool)> + use<'a> {
        let shared = if self.by_type { lock_keys.shared() } else { &[] };
        let alone = lock_keys.alone().iter().map(|lock_key| (*lock_key, true));
        alone.chain(shared.iter().map(|lock_key| (*lock_key, false)))
    }

    /// The queue at a lock, also if nobody stands there yet.
    fn take(&mut self, lock_key: LockKey) -> &mut LockQueue {
        let entry =
            self.table.entry(lock_key, |(number, _)| *number == lock_key, |(number, _)| *number);
        &mut entry.or_insert_with(|| (lock_key, LockQueue::default())).into_mut().1
    }

    fn get(&self, lock_key: LockKey) -> Option<&LockQueue> {
        self.table.find(lock_key, |(number, _)| *number == lock_key).map(|(_, places)| places)
    }

    fn get_mut(&mut self, lock_key: LockKey) -> Option<&mut LockQueue> {
        self.table.find_mut(lock_key, |(number, _)| *number == lock_key).map(|(_, places)| places)
    }

    /// Gives up a place, and adds who may have waited only for that.
    fn step_out(
        &mut self,
        lock_key: LockKey,
        (ticket, alone): (Ticket, bool),
        next: &mut BTreeSet<Ticket>,
    ) {
        let Ok(mut standing) = self.table.find_entry(lock_key, |(number, _)| *number == lock_key)
        else {
            return;
        };
        let places = &mut standing.get_mut().1;
        places.remove(ticket);
        if places.is_empty() {
            standing.remove();
        } else {
            places.next(alone, next);
        }
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::journal::QueryItem;

    use super::super::lock_keys::LockKeyHasher;
    use super::*;

    type Wanted = Vec<&'static str>;

    /// `A x:1` is a pair, `A` a type whatever the tags.
    fn item(wanted: &'static str) -> QueryItem {
        match wanted.split_once(' ') {
            Some((event_type, tag)) => QueryItem::new([event_type], [tag.parse().unwrap()]),
            None => QueryItem::new([wanted], []),
        }
        .unwrap()
    }

    fn overlap(one: &str, other: &str) -> bool {
        let whole = |pair: &str| !pair.contains(' ');
        one[..1] == other[..1] && (one == other || whole(one) || whole(other))
    }

    struct Queue {
        order: Order<Wanted>,
        numbers: LockKeyHasher,
    }

    impl Queue {
        fn enter(&mut self, wanted: &[&'static str]) -> bool {
            let ticket = self.order.ticket();
            let items: Vec<_> = wanted.iter().map(|wanted| item(wanted)).collect();
            self.order.enter(ticket, self.numbers.lock_keys(items.iter()), wanted.to_vec())
        }

        fn leave(&mut self, tickets: &[Ticket]) -> Vec<Ticket> {
            self.order.leave(tickets.iter().copied()).turns
        }
    }

    fn queue() -> Queue {
        Queue { order: Order::new(1), numbers: LockKeyHasher::new(1) }
    }

    #[test]
    fn who_overlaps_waits_and_who_does_not_does_not() {
        let mut queue = queue();
        assert!(queue.enter(&["A x:1", "B y:1"]));
        assert!(queue.enter(&["A x:2", "B y:2"]));
        assert!(!queue.enter(&["A x:1", "B y:2"]), "behind both");
        assert!(queue.enter(&["C x:1"]), "another type");
        assert!(!queue.enter(&["A x:1"]));
        assert_eq!(queue.leave(&[1]), []);
        assert_eq!(queue.leave(&[2]), [3]);
        assert_eq!(queue.leave(&[3]), [5], "in the order of arrival");
        assert_eq!(queue.leave(&[4, 5]), []);
        assert!(
            queue.order.lock_keys.table.is_empty() && queue.order.len() == 0,
            "nothing is left"
        );
    }

    #[test]
    fn a_type_whatever_its_tags_overlaps_with_each_of_its_tags() {
        let mut queue = queue();
        assert!(queue.enter(&["A x:1"]));
        assert!(queue.enter(&["A x:2"]));
        assert!(!queue.enter(&["A"]));
        assert!(!queue.enter(&["A x:3"]), "not past who waits");
        assert!(!queue.enter(&["A x:4"]));
        assert_eq!(queue.leave(&[2]), []);
        assert_eq!(queue.leave(&[1]), [3]);
        assert_eq!(queue.leave(&[3]), [4, 5]);
    }

    #[test]
    fn those_who_wait_for_nobody_else_join_a_turn() {
        let mut queue = queue();
        assert!(queue.enter(&["A x:1", "A s:1"]));
        assert!(queue.enter(&["A x:2"]));
        assert!(!queue.enter(&["A x:1", "A s:2"]));
        assert!(!queue.enter(&["A x:1", "A x:2"]), "waits for another");
        assert!(!queue.enter(&["A s:1"]));
        assert!(!queue.enter(&["A x:2", "A s:1"]), "behind who waits for another");
        assert!(!queue.enter(&["A x:1", "A s:3"]), "likewise");
        assert_eq!(queue.order.gather(1, 10)[..], [1, 3, 5]);
        assert_eq!(queue.leave(&[1, 3, 5]), []);
        assert_eq!(queue.leave(&[2]), [4]);
        assert_eq!(queue.order.gather(4, 10)[..], [4, 6, 7]);
    }

    #[test]
    fn a_turn_has_a_bound_and_keeps_the_order() {
        let mut queue = queue();
        for _ in 0..5 {
            queue.enter(&["A"]);
        }
        assert_eq!(queue.order.gather(1, 3)[..], [1, 2, 3]);
        assert_eq!(queue.leave(&[1, 2, 3]), [4]);
        assert_eq!(queue.order.gather(4, 3)[..], [4, 5]);
    }

    #[test]
    fn who_guards_a_type_waits_for_all_who_came_before_whatever_their_turn() {
        let mut queue = queue();
        assert!(queue.enter(&["A x:1"]));
        assert!(queue.enter(&["A x:2", "B x:2"]));
        assert!(!queue.enter(&["A x:2"]));
        assert_eq!(queue.order.gather(2, 10)[..], [2, 3]);
        assert!(queue.enter(&["C"]), "from here on types have lock_keys");
        assert!(!queue.enter(&["B"]));
        assert_eq!(queue.leave(&[2, 3]), [5]);
        assert!(!queue.enter(&["A"]));
        assert_eq!(queue.leave(&[1]), [6]);
        assert_eq!(queue.leave(&[4, 5, 6]), []);
        assert!(queue.enter(&["A x:1"]) && !queue.order.lock_keys.by_type, "nobody was left");
    }

    #[test]
    fn who_withdraws_lets_others_go_on() {
        let mut queue = queue();
        queue.enter(&["A x:1"]);
        queue.enter(&["A"]);
        assert!(!queue.enter(&["A x:2"]));
        assert_eq!(queue.order.withdraw(2).turns, [3]);
        assert_eq!(queue.order.withdraw(3).turns, [], "its turn has begun");
        assert_eq!(queue.order.len(), 2);
    }

    /// Whatever comes and goes: no two turns overlap, and everybody has one.
    #[test]
    fn turns_never_overlap_and_everybody_has_one() {
        let pairs = ["A", "A x:1", "A x:2", "B x:1", "B x:2", "B", "C x:1", "C x:2"];
        let mut seed = 7_u64;
        let mut random = move |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(seed >> 33).unwrap() % below
        };
        for _ in 0..200 {
            let mut queue = queue();
            let mut running: Vec<Tickets> = Vec::new();
            let (mut entered, mut done) = (0, 0);
            let mut started = Vec::new();
            while done < 40 {
                if entered < 40 && random(2) == 0 {
                    let wanted: Vec<_> = (0..=random(3)).map(|_| pairs[random(8)]).collect();
                    entered += 1;
                    if queue.enter(&wanted) {
                        started.push(entered);
                    }
                } else if !started.is_empty() && random(2) == 0 {
                    let leader = started.swap_remove(random(started.len()));
                    running.push(queue.order.gather(leader, 1 + random(4)));
                } else if !running.is_empty() {
                    let turn = running.swap_remove(random(running.len()));
                    done += turn.len();
                    started.extend(queue.leave(&turn));
                } else if entered == 40 {
                    assert!(!started.is_empty(), "somebody waits for ever");
                }
                check(&queue.order);
            }
        }
    }

    fn check(order: &Order<Wanted>) {
        let in_turn = |request: &&Request<Wanted>| request.turn.is_some();
        let busy: Vec<_> = order.requests.values().filter(in_turn).collect();
        for (at, one) in busy.iter().enumerate() {
            for other in &busy[at + 1..] {
                let meets = |mine: &&str| other.what.iter().any(|theirs| overlap(mine, theirs));
                assert!(one.turn == other.turn || !one.what.iter().any(meets));
            }
        }
    }
}
