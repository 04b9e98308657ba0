//! Lanes against a naive model: random operations, as reader, workers, operators and crashes do them in
//! any order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bailiwick_core::journal::{EncodedEvent, EventType, Metadata, RecordedEvent};
use bailiwick_core::{Position, Tags, Text, Timestamp};

use super::lanes::{Bounds, Failing, Job, Lanes, Parked};

const SEEDS: u64 = 300;
const STEPS: u64 = 600;
const LANES: [&str; 3] = ["a", "b", "c"];
const BOUNDS: Bounds = Bounds { of_lane: 3, of_all: 8, parked: 100, again: 1 };
const PAGE: usize = 4;

/// What is in the journal, and what was done about it.
struct Model {
    random: u64,
    lanes: Lanes,
    now: Duration,
    /// Which lane a news is in. Positions without one are of others.
    news: BTreeMap<u64, &'static str>,
    head: u64,
    /// What was delivered, skipped or dropped.
    done: BTreeSet<u64>,
    /// What the last life may have done.
    unsure_upto: u64,
    /// Facts: lanes that are parked, and the highest mark.
    parked: BTreeMap<&'static str, u64>,
    reached: u64,
    working: Vec<Job>,
    /// Drops that are being recorded.
    dropping: Vec<(&'static str, u64, Position)>,
    /// Skips that are.
    skipping: Vec<(&'static str, Position)>,
    /// How often each kind of operation was there.
    seen: BTreeMap<&'static str, u64>,
}

impl Model {
    fn new(seed: u64) -> Self {
        Model {
            random: seed,
            lanes: Lanes::new(7, BOUNDS, Position::START, []),
            now: Duration::ZERO,
            news: BTreeMap::new(),
            head: 0,
            done: BTreeSet::new(),
            unsure_upto: 0,
            parked: BTreeMap::new(),
            reached: 0,
            working: Vec::new(),
            dropping: Vec::new(),
            skipping: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    /// SplitMix64.
    fn below(&mut self, most: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }

    fn any_lane(&mut self) -> &'static str {
        LANES[usize::try_from(self.below(3)).unwrap()]
    }

    fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn step(&mut self) {
        match self.below(20) {
            0..=3 => {
                self.head += 1 + self.below(2);
                let lane = self.any_lane();
                self.news.insert(self.head, lane);
            }
            4..=6 => self.reads(),
            7..=10 => self.takes(),
            11..=14 => self.a_worker_goes_on(true),
            15 => {
                let passed = self.below(4);
                self.now += Duration::from_secs(passed);
                self.lanes.wake(self.now);
            }
            16 => match self.below(2) {
                0 => self.retries(),
                _ => self.skips(),
            },
            17 => self.drops(),
            18 => self.reached = self.reached.max(self.lanes.mark().get()),
            _ if self.below(12) == 0 => self.crashes(),
            _ => {}
        }
        self.check();
    }

    fn reads(&mut self) {
        if !self.lanes.has_room() {
            return self.saw("no room");
        }
        let after = self.lanes.upto().get();
        let page: Vec<_> = self.news.range(after + 1..).take(PAGE).map(|(n, l)| (*n, *l)).collect();
        let upto = if page.len() == PAGE { page[PAGE - 1].0 } else { self.head };
        for (position, lane) in page {
            self.lanes.offer(lane.into(), event(position));
        }
        self.lanes.read_upto(Position::new(upto));
    }

    fn takes(&mut self) {
        let Some(job) = self.lanes.take() else { return };
        let name = lane_of(&job);
        let taken = self.working.iter().any(|other| lane_of(other) == name);
        assert!(!taken, "two workers have {name}");
        assert!(self.dropping.iter().all(|(lane, ..)| *lane != name), "{name} is being dropped");
        assert!(self.skipping.iter().all(|(lane, _)| *lane != name), "{name} is being skipped");
        if let Job::News { news, unsure, .. } = &job {
            let at = news.position.get();
            let again = *unsure || at <= self.unsure_upto;
            assert!(again || !self.done.contains(&at), "{at} is done a second time");
            let before = self.undone(name, at - 1).next();
            assert_eq!(before, None, "{at} of {name} overtakes it");
            assert_eq!(self.news.get(&at), Some(&name));
        }
        self.working.push(job);
    }

    /// News of this lane up to there that are not done.
    fn undone<'a>(&'a self, name: &'a str, upto: u64) -> impl Iterator<Item = u64> + 'a {
        let up = self.news.range(..=upto).filter(move |(_, lane)| **lane == name);
        up.map(|(at, _)| *at).filter(|at| !self.done.contains(at))
    }

    fn a_worker_goes_on(&mut self, may_fail: bool) {
        if self.working.is_empty() {
            return;
        }
        let at = self.below(self.working.len() as u64);
        let job = self.working.swap_remove(usize::try_from(at).unwrap());
        let name = lane_of(&job);
        let lane = Text::from(name);
        let fails = may_fail && self.below(3) == 0;
        match job {
            Job::News { news, .. } if fails => self.fails(name, news.position.get()),
            Job::News { news, .. } => {
                self.done.insert(news.position.get());
                self.lanes.done(&lane);
            }
            Job::ReadOn { .. } if fails => self.left_alone(&lane),
            Job::ReadOn { after, upto, .. } => {
                let (after, upto) = (after.get(), upto.get());
                let there: Vec<_> = match after < upto {
                    true => self.news.range(after + 1..=upto).map(|(n, l)| (*n, *l)).collect(),
                    false => Vec::new(),
                };
                let its = there.into_iter().filter(|(_, lane)| *lane == name).map(|(n, _)| n);
                let (mut its, mut upto): (Vec<_>, _) = (its.collect(), upto);
                if its.len() > BOUNDS.of_lane {
                    its.truncate(BOUNDS.of_lane);
                    upto = its[BOUNDS.of_lane - 1];
                    self.saw("a page");
                }
                let its = its.into_iter().map(event).collect();
                self.lanes.read_on(&lane, its, Position::new(upto));
                self.saw("read on");
            }
            Job::Free { .. } => {
                let Some(upto) = self.lanes.free(&lane) else { return self.saw("not free") };
                assert_eq!(self.undone(name, upto.get()).next(), None, "{name} is not free");
                // What comes while it is recorded.
                (0..self.below(3)).for_each(|_| self.reads());
                self.reached = self.reached.max(self.lanes.mark().get());
                if !fails || self.below(2) == 0 {
                    self.parked.remove(name);
                }
                match fails {
                    true => self.left_alone(&lane),
                    false => self.lanes.freed(&lane),
                }
                self.saw("freed");
            }
        }
    }

    fn failing(&self, lane: &Text) -> Failing {
        let times = self.lanes.failing(lane).map_or(0, |before| before.times + 1);
        Failing { since: self.now, times, reason: "it fails".into(), not_before: Duration::ZERO }
    }

    fn left_alone(&mut self, lane: &Text) {
        let until = self.now + Duration::from_secs(self.below(4));
        self.lanes.failed(lane, self.failing(lane), until);
    }

    fn fails(&mut self, name: &'static str, at: u64) {
        let lane = Text::from(name);
        if self.below(2) == 0 {
            return self.left_alone(&lane);
        }
        let parked = parked_at(at);
        if self.lanes.is_parked_at(&lane, parked.at) {
            assert_eq!(self.parked.get(name), Some(&at), "a fact is missing");
            self.saw("parked again");
        } else if self.below(4) == 0 {
            if self.below(2) == 0 {
                self.parked.insert(name, at);
            }
            self.lanes.may_be_parked(&lane, parked);
            self.saw("perhaps parked");
            return self.left_alone(&lane);
        } else {
            self.parked.insert(name, at);
        }
        self.lanes.park(&lane, parked);
    }

    fn retries(&mut self) {
        let name = self.any_lane();
        let parked = self.lanes.all_parked().into_iter().find(|(lane, _)| *lane == *name);
        let retried = match parked {
            Some((_, parked)) if self.below(2) == 0 => {
                self.skipping.push((name, parked.at));
                self.lanes.begin_skip(&name.into(), parked.at)
            }
            Some(_) => self.lanes.retry(&name.into()),
            None => {
                assert!(!self.lanes.retry(&name.into()), "it is not parked");
                return;
            }
        };
        assert!(retried, "{name} is parked");
        self.saw("retried");
    }

    /// Is told what became of a skip.
    fn skips(&mut self) {
        let Some((name, at)) = self.skipping.pop() else { return };
        let fails = self.below(3) == 0;
        if !fails || self.below(2) == 0 {
            self.done.insert(at.get());
        }
        match fails {
            true => self.lanes.give_up_skip(&name.into()),
            false => self.lanes.skipped(&name.into()),
        }
        self.saw("skipped");
    }

    /// Begins to drop a lane, or is told what became of that.
    fn drops(&mut self) {
        if let Some((name, at, upto)) = self.dropping.pop() {
            let fails = self.below(3) == 0;
            if !fails || self.below(2) == 0 {
                self.parked.remove(name);
                let dropped: Vec<_> = self.undone(name, upto.get()).collect();
                assert!(dropped.iter().all(|dropped| *dropped >= at), "passed over before {at}");
                self.done.extend(dropped);
            }
            match fails {
                true => self.lanes.give_up_drop(&name.into()),
                false => self.lanes.dropped(&name.into(), upto),
            }
            return self.saw("dropped");
        }
        let name = self.any_lane();
        if self.below(3) == 0
            && let Some((_, parked)) =
                self.lanes.all_parked().into_iter().find(|(lane, _)| *lane == *name)
            && let Some(upto) = self.lanes.begin_drop(&name.into(), parked.at)
        {
            self.dropping.push((name, self.parked.get(name).copied().unwrap_or(0), upto));
        }
    }

    /// Only the facts are left.
    fn crashes(&mut self) {
        let parked = self.parked.iter().map(|(lane, at)| ((*lane).into(), parked_at(*at)));
        self.lanes = Lanes::new(7, BOUNDS, Position::new(self.reached), parked);
        self.working.clear();
        self.dropping.clear();
        self.skipping.clear();
        self.unsure_upto = self.head;
        self.saw("crashed");
    }

    fn check(&self) {
        let mark = self.lanes.mark().get().max(self.reached);
        for (at, lane) in self.news.range(..=mark) {
            let holds = self.parked.get(lane).is_some_and(|parked| parked <= at);
            let is_known = self.done.contains(at) || holds;
            assert!(is_known, "the mark is {mark}, and {at} of {lane} is not done");
        }
        assert!(self.lanes.again_at_work() <= BOUNDS.again);
        assert!(self.lanes.held() <= BOUNDS.of_all + PAGE + LANES.len() * BOUNDS.of_lane);
    }

    /// Nothing fails any more.
    fn ends(&mut self) {
        while let Some((name, ..)) = self.dropping.pop() {
            self.lanes.give_up_drop(&name.into());
        }
        while let Some((name, _)) = self.skipping.pop() {
            self.lanes.give_up_skip(&name.into());
        }
        for round in 0.. {
            assert!(round < 10_000, "it does not come to an end");
            for name in LANES {
                self.lanes.retry(&name.into());
            }
            self.lanes.wake_all(self.now);
            self.reads();
            self.takes();
            self.a_worker_goes_on(false);
            self.check();
            let idle = self.working.is_empty() && self.lanes.ready() == 0;
            if idle && self.lanes.upto().get() == self.head {
                break;
            }
        }
        let left: Vec<_> = LANES.iter().flat_map(|name| self.undone(name, self.head)).collect();
        assert!(left.is_empty(), "{left:?} are never done");
        assert_eq!((self.lanes.parked(), self.lanes.held()), (0, 0));
        assert_eq!(self.lanes.count_stalled(), 0);
        assert_eq!(self.lanes.mark().get(), self.head);
        assert!(self.parked.is_empty(), "{:?} are parked for ever", self.parked);
    }
}

fn parked_at(at: u64) -> Parked {
    let (at, since) = (Position::new(at), Timestamp::EPOCH);
    let (reason, command) = ("it fails".into(), None);
    Parked { at, fact: Position::START, since, reason, command }
}

fn lane_of(job: &Job) -> &'static str {
    let (Job::News { lane, .. } | Job::ReadOn { lane, .. } | Job::Free { lane }) = job;
    LANES.into_iter().find(|name| *lane == **name).expect("one of them")
}

fn event(position: u64) -> RecordedEvent {
    let event = EncodedEvent {
        event_type: EventType::literal("Happened"),
        version: 1,
        tags: Tags::default(),
        payload: Vec::new().into(),
        recorded_at: Timestamp::EPOCH,
        metadata: Metadata::default(),
    };
    RecordedEvent { position: Position::new(position), event }
}

#[test]
fn lanes_do_each_news_once_in_order_whatever_fails() {
    let mut seen = BTreeMap::<_, u64>::new();
    for seed in 0..SEEDS {
        let run = std::panic::catch_unwind(|| {
            let mut model = Model::new(seed);
            (0..STEPS).for_each(|_| model.step());
            model.ends();
            model.seen
        });
        let run = run.unwrap_or_else(|_| panic!("seed {seed}"));
        run.into_iter().for_each(|(what, times)| *seen.entry(what).or_default() += times);
    }
    let all = [
        "a page",
        "crashed",
        "dropped",
        "freed",
        "no room",
        "not free",
        "parked again",
        "perhaps parked",
        "read on",
        "retried",
        "skipped",
    ];
    assert!(seen.keys().copied().eq(all), "{seen:?}");
}

/// Another runtime freed it between the fact that it is parked and its worker's being told of that.
#[test]
fn a_lane_that_was_freed_before_its_parking_was_known_goes_on() {
    for is_recorded in [false, true] {
        let (name, at) = (Text::from("a"), Position::new(1));
        let was = |_| (name.clone(), Parked { fact: Position::new(4), ..parked_at(1) });
        let before = is_recorded.then_some(()).map(was);
        let begins = if is_recorded { at } else { Position::START };
        let mut lanes = Lanes::new(7, BOUNDS, begins, before);
        if is_recorded {
            lanes.retry(&name);
        } else {
            lanes.offer(name.clone(), event(1));
            lanes.read_upto(at);
        }
        lanes.take();
        lanes.is_freed(&name, at, Position::new(6));
        lanes.offer(name.clone(), event(7));
        lanes.read_upto(Position::new(7));
        let fact = Position::new(if is_recorded { 4 } else { 5 });
        lanes.park(&name, Parked { fact, ..parked_at(1) });
        assert!(lanes.mark() < Position::new(7), "recorded before: {is_recorded}");
        assert!(lanes.all_parked().is_empty());
    }
}

/// Of two facts that it is free the one counts that came after its parking, whatever the other one said.
#[test]
fn a_lane_that_was_freed_before_and_after_its_parking_goes_on() {
    for (before, after) in [(1, 1), (9, 1)] {
        let name = Text::from("a");
        let mut lanes = Lanes::new(7, BOUNDS, Position::START, []);
        lanes.offer(name.clone(), event(1));
        lanes.read_upto(Position::new(1));
        lanes.take();
        lanes.is_freed(&name, Position::new(before), Position::new(10));
        lanes.is_freed(&name, Position::new(after), Position::new(12));
        lanes.park(&name, Parked { fact: Position::new(11), ..parked_at(1) });
        assert!(lanes.all_parked().is_empty(), "{before}, {after}");
    }
}

/// An operator wanted to drop it or to skip what it stands at, which failed, and another one has freed it meanwhile.
#[test]
fn a_lane_that_was_freed_meanwhile_goes_on_whatever_fails_here() {
    for skips in [false, true] {
        let (name, at) = (Text::from("a"), Position::new(1));
        let parked = Parked { fact: Position::new(4), ..parked_at(1) };
        let mut lanes = Lanes::new(7, BOUNDS, Position::new(5), [(name.clone(), parked)]);
        match skips {
            true => assert!(lanes.begin_skip(&name, at)),
            false => assert!(lanes.begin_drop(&name, at).is_some()),
        }
        lanes.is_freed(&name, at, Position::new(6));
        lanes.read_upto(Position::new(6));
        match skips {
            true => lanes.give_up_skip(&name),
            false => lanes.give_up_drop(&name),
        }
        assert!(lanes.all_parked().is_empty() && lanes.take().is_some(), "skips: {skips}");
    }
}
