//! The order of turns: who overlaps takes turns in the order of arrival, who does not waits for
//! nobody.
//!
//! 1. Everybody has a place in the line of each pair (type, tag) that it guards, taken in all lines
//!    at once. So of two that meet in several lines one is ahead in all of them: nobody waits in a
//!    circle, and nobody is overtaken by who overlaps with it.
//! 2. Who guards a type whatever the tags is alone in the line of the type, which all others of that
//!    type share.
//! 3. A turn begins when nobody is ahead. Those who wait for nobody else may join it.
//!
//! Nothing here depends on the order of a map, and nothing is called.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use bailiwick_core::views::Boundary;
use bailiwick_core::{EventType, Tag};
use foldhash::fast::FixedState;

/// A number in the order of arrival.
pub(super) type Ticket = u64;

/// How many are looked at for each that may join a turn: a turn begins soon.
const LOOKED_AT: usize = 4;

/// What is queued for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Line {
    pub(super) event_type: EventType,
    /// None: the type as a whole.
    pub(super) tag: Option<Tag>,
}

/// The lines to stand in, and in which of them alone.
pub(super) type Lines = Box<[(Line, bool)]>;

/// The lines for what a boundary guards.
pub(super) fn lines_of(boundary: &Boundary) -> Lines {
    let mut lines = BTreeMap::new();
    for pair in boundary.pairs() {
        let whole = Line { event_type: pair.event_type.clone(), tag: None };
        *lines.entry(whole).or_insert(false) |= pair.tag.is_none();
        if pair.tag.is_some() {
            lines.insert(Line { event_type: pair.event_type, tag: pair.tag }, true);
        }
    }
    lines.into_iter().collect()
}

pub(super) struct Order<T> {
    last: Ticket,
    lines: HashMap<Line, Places, FixedState>,
    requests: BTreeMap<Ticket, Request<T>>,
}

struct Request<T> {
    lines: Lines,
    /// In the turn of whom, once it has one.
    turn: Option<Ticket>,
    what: T,
}

/// In the order of their tickets.
#[derive(Default)]
struct Places {
    places: VecDeque<Place>,
    /// How many want to be alone.
    alone: usize,
    /// Whose turn has looked for followers here, and whether for all of them.
    searched: Option<(Ticket, bool)>,
}

struct Place {
    ticket: Ticket,
    alone: bool,
    turn: Option<Ticket>,
}

/// Who has left, and whose turns begin now.
pub(super) struct Left<T> {
    pub(super) gone: Vec<T>,
    pub(super) turns: Vec<Ticket>,
}

impl<T> Order<T> {
    pub(super) fn new(seed: u64) -> Self {
        let lines = HashMap::with_hasher(FixedState::with_seed(seed));
        Order { last: 0, lines, requests: BTreeMap::new() }
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

    /// Where it stands.
    pub(super) fn lines(&self, ticket: Ticket) -> impl Iterator<Item = &Line> {
        let request = self.requests.get(&ticket).into_iter();
        request.flat_map(|request| request.lines.iter().map(|(line, _)| line))
    }

    /// Takes its places. Whether its turn begins at once. Tickets enter in their order.
    pub(super) fn enter(&mut self, ticket: Ticket, lines: Lines, what: T) -> bool {
        for (line, alone) in &lines {
            let places = match self.lines.get_mut(line) {
                Some(places) => places,
                None => self.lines.entry(line.clone()).or_default(),
            };
            places.alone += usize::from(*alone);
            places.places.push_back(Place { ticket, alone: *alone, turn: None });
        }
        self.requests.insert(ticket, Request { lines, turn: None, what });
        let free = self.is_free(ticket, None);
        if free {
            self.begin(ticket, ticket);
        }
        free
    }

    /// Those who overlap with the turn of `leader` and wait for nobody else join it: `most` in all.
    /// Returns who is in it, in the order of arrival.
    pub(super) fn gather(&mut self, leader: Ticket, most: usize) -> Vec<Ticket> {
        let mut turn = vec![leader];
        let mut waiting = BTreeSet::new();
        self.followers(leader, leader, &mut waiting);
        let mut looks = most.saturating_mul(LOOKED_AT);
        while let Some(ticket) = waiting.pop_first()
            && turn.len() < most
            && looks > 0
        {
            looks -= 1;
            if self.requests[&ticket].turn.is_none() && self.is_free(ticket, Some(leader)) {
                self.begin(ticket, leader);
                turn.push(ticket);
                self.followers(ticket, leader, &mut waiting);
            }
        }
        turn
    }

    /// Gives up the places of `tickets`.
    pub(super) fn leave(&mut self, tickets: impl IntoIterator<Item = Ticket>) -> Left<T> {
        let mut left = Left { gone: Vec::new(), turns: Vec::new() };
        let mut next = BTreeSet::new();
        for ticket in tickets {
            let Some(request) = self.requests.remove(&ticket) else { continue };
            for (line, alone) in &request.lines {
                self.step_out(line, ticket);
                let Some(places) = self.lines.get(line) else { continue };
                places.next(*alone, &mut next);
            }
            left.gone.push(request.what);
        }
        for ticket in next {
            let waits = self.requests.get(&ticket).is_some_and(|request| request.turn.is_none());
            if waits && self.is_free(ticket, None) {
                self.begin(ticket, ticket);
                left.turns.push(ticket);
            }
        }
        left
    }

    /// Gives up the places of one whose turn has not begun.
    pub(super) fn withdraw(&mut self, ticket: Ticket) -> Left<T> {
        let waits = self.requests.get(&ticket).is_some_and(|request| request.turn.is_none());
        self.leave(waits.then_some(ticket))
    }

    /// Everybody leaves.
    pub(super) fn clear(&mut self) -> Vec<T> {
        self.lines.clear();
        std::mem::take(&mut self.requests).into_values().map(|request| request.what).collect()
    }

    fn step_out(&mut self, line: &Line, ticket: Ticket) {
        let Some(places) = self.lines.get_mut(line) else { return };
        if let Ok(at) = places.places.binary_search_by_key(&ticket, |place| place.ticket)
            && let Some(place) = places.places.remove(at)
        {
            places.alone -= usize::from(place.alone);
        }
        if places.places.is_empty() {
            self.lines.remove(line);
        }
    }

    fn begin(&mut self, ticket: Ticket, turn: Ticket) {
        let Some(request) = self.requests.get_mut(&ticket) else { return };
        request.turn = Some(turn);
        for (line, _) in &request.lines {
            if let Some(places) = self.lines.get_mut(line)
                && let Ok(at) = places.places.binary_search_by_key(&ticket, |place| place.ticket)
            {
                places.places[at].turn = Some(turn);
            }
        }
    }

    /// Whether nobody is ahead but those of this turn.
    fn is_free(&self, ticket: Ticket, turn: Option<Ticket>) -> bool {
        let request = &self.requests[&ticket];
        request.lines.iter().all(|(line, alone)| {
            self.lines.get(line).is_none_or(|places| places.lets(ticket, *alone, turn))
        })
    }

    /// Adds those who wait for `ticket`.
    fn followers(&mut self, ticket: Ticket, turn: Ticket, to: &mut BTreeSet<Ticket>) {
        for (line, alone) in &self.requests[&ticket].lines {
            let Some(places) = self.lines.get_mut(line) else { continue };
            let searched = places.searched.is_some_and(|(by, all)| by == turn && (all || !alone));
            if searched || (!alone && places.alone == 0) {
                continue;
            }
            places.searched = Some((turn, *alone));
            let behind = places.places.partition_point(|place| place.ticket <= ticket);
            let follows = places.places.range(behind..).filter(|place| *alone || place.alone);
            to.extend(follows.map(|place| place.ticket));
        }
    }
}

impl Places {
    fn lets(&self, ticket: Ticket, alone: bool, turn: Option<Ticket>) -> bool {
        if !alone && self.alone == 0 {
            return true;
        }
        let mut ahead = self.places.iter().take_while(|place| place.ticket < ticket);
        ahead.all(|place| !(alone || place.alone) || (turn.is_some() && place.turn == turn))
    }

    /// Who may have waited only for one that has left.
    fn next(&self, was_alone: bool, to: &mut BTreeSet<Ticket>) {
        match self.places.front() {
            Some(first) if first.alone => drop(to.insert(first.ticket)),
            Some(_) if was_alone => {
                to.extend(self.places.iter().take_while(|p| !p.alone).map(|place| place.ticket));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(event_type: &'static str, tag: Option<&str>) -> Line {
        Line { event_type: EventType::literal(event_type), tag: tag.map(|t| t.parse().unwrap()) }
    }

    /// `A x:1` is a pair, `A` a type whatever the tags.
    fn lines(pairs: &[&'static str]) -> Lines {
        let mut lines = BTreeMap::new();
        for pair in pairs {
            let (event_type, tag) = match pair.split_once(' ') {
                Some((event_type, tag)) => (event_type, Some(tag)),
                None => (*pair, None),
            };
            *lines.entry(line(event_type, None)).or_insert(false) |= tag.is_none();
            if tag.is_some() {
                lines.insert(line(event_type, tag), true);
            }
        }
        lines.into_iter().collect()
    }

    struct Queue(Order<()>);

    impl Queue {
        fn enter(&mut self, pairs: &[&'static str]) -> bool {
            let ticket = self.0.ticket();
            self.0.enter(ticket, lines(pairs), ())
        }

        fn leave(&mut self, tickets: &[Ticket]) -> Vec<Ticket> {
            self.0.leave(tickets.iter().copied()).turns
        }
    }

    fn queue() -> Queue {
        Queue(Order::new(1))
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
        assert!(queue.0.lines.is_empty() && queue.0.len() == 0, "nothing is left");
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
        assert_eq!(queue.0.gather(1, 10), [1, 3, 5]);
        assert_eq!(queue.leave(&[1, 3, 5]), []);
        assert_eq!(queue.leave(&[2]), [4]);
        assert_eq!(queue.0.gather(4, 10), [4, 6, 7]);
    }

    #[test]
    fn a_turn_has_a_bound_and_keeps_the_order() {
        let mut queue = queue();
        for _ in 0..5 {
            queue.enter(&["A"]);
        }
        assert_eq!(queue.0.gather(1, 3), [1, 2, 3]);
        assert_eq!(queue.leave(&[1, 2, 3]), [4]);
        assert_eq!(queue.0.gather(4, 3), [4, 5]);
    }

    #[test]
    fn who_withdraws_lets_others_go_on() {
        let mut queue = queue();
        queue.enter(&["A x:1"]);
        queue.enter(&["A"]);
        assert!(!queue.enter(&["A x:2"]));
        assert_eq!(queue.0.withdraw(2).turns, [3]);
        assert_eq!(queue.0.withdraw(3).turns, [], "its turn has begun");
        assert_eq!(queue.0.len(), 2);
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
            let mut running: Vec<Vec<Ticket>> = Vec::new();
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
                    running.push(queue.0.gather(leader, 1 + random(4)));
                } else if !running.is_empty() {
                    let turn = running.swap_remove(random(running.len()));
                    done += turn.len();
                    started.extend(queue.leave(&turn));
                } else if entered == 40 {
                    assert!(!started.is_empty(), "somebody waits for ever");
                }
                check(&queue.0);
            }
        }
    }

    fn check(order: &Order<()>) {
        let in_turn = |request: &&Request<()>| request.turn.is_some();
        let busy: Vec<_> = order.requests.values().filter(in_turn).collect();
        for (at, one) in busy.iter().enumerate() {
            for other in &busy[at + 1..] {
                let meets = |(line, alone): &(Line, bool)| {
                    other.lines.iter().any(|(l, a)| l == line && (*a || *alone))
                };
                assert!(one.turn == other.turn || !one.lines.iter().any(meets));
            }
        }
    }
}
