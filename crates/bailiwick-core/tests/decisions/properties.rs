//! Random views and random histories: what guards is what is read without what is unguarded, and
//! whichever way views were folded, they are what folding everything at once gives.

use bailiwick_core::journal::Query;
use bailiwick_core::views::{Boundary, Folded, Slot};
use bailiwick_core::{Last, Unguarded, Views};

use crate::journal::{Journal, encoded};
use crate::vocabulary::*;

/// Of every kind, nested.
type Many = (
    X,
    Unguarded<Y>,
    Vec<(X, Unguarded<Last<YEvent, YId>>)>,
    Option<Last<Linked, (XId, YId)>>,
    Unguarded<Option<Bell>>,
    Last<Rang>,
);
type Keys = <Many as Views>::Keys;

const XS: [&str; 3] = ["a", "b", "c"];
const YS: [&str; 3] = ["p", "q", "r"];

/// xorshift64*.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16) % bound
    }

    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap()
    }

    fn half(&mut self) -> bool {
        self.below(2) == 0
    }

    fn x(&mut self) -> &'static str {
        XS[self.index(3)]
    }

    fn y(&mut self) -> &'static str {
        YS[self.index(3)]
    }

    fn event(&mut self) -> AnyEvent {
        let n = self.below(1_000);
        match self.below(4) {
            0 => red(self.x(), n),
            1 => blue(self.y(), n),
            2 => linked(self.x(), self.y(), n),
            _ => rang(n),
        }
    }

    fn keys(&mut self) -> Keys {
        (
            self.x().into(),
            self.y().into(),
            (0..self.below(4)).map(|_| (self.x().into(), self.y().into())).collect(),
            self.half().then(|| (self.x().into(), self.y().into())),
            self.half().then_some(()),
            (),
        )
    }
}

fn x_of(event: &AnyEvent) -> Option<&XId> {
    match event {
        AnyEvent::X(XEvent::Red { x, .. } | XEvent::Linked(Linked { x, .. })) => Some(x),
        _ => None,
    }
}

fn y_of(event: &AnyEvent) -> Option<&YId> {
    match event {
        AnyEvent::Y(YEvent::Blue { y, .. }) | AnyEvent::X(XEvent::Linked(Linked { y, .. })) => {
            Some(y)
        }
        _ => None,
    }
}

/// By hand: whether views of these keys guard such an event.
fn is_guarded(keys: &Keys, event: &AnyEvent) -> bool {
    let (a, _, many, link, _, ()) = keys;
    let (x, y) = (x_of(event), y_of(event));
    x == Some(a)
        || many.iter().any(|(b, _)| x == Some(b))
        || link.as_ref().is_some_and(|(b, q)| x == Some(b) && y == Some(q))
        || matches!(event, AnyEvent::Rang(_))
}

/// By hand: whether views of these keys read such an event.
fn is_read(keys: &Keys, event: &AnyEvent) -> bool {
    let (_, p, many, ..) = keys;
    let y = y_of(event);
    is_guarded(keys, event) || y == Some(p) || many.iter().any(|(_, q)| y == Some(q))
}

#[test]
fn what_guards_is_what_is_read_without_what_is_unguarded() {
    for seed in 1..=500 {
        let mut random = Random::new(seed);
        let keys = random.keys();
        let boundary = Boundary::of::<Many>(&keys).unwrap();
        let guard = boundary.guard().unwrap();
        let (guarding, rest): (Vec<_>, Vec<_>) =
            boundary.reading().iter().partition(|reading| reading.guards());
        let items = guard.items().unwrap();
        assert!(guarding.iter().all(|reading| items.contains(reading.item())), "seed {seed}");
        let guarded = |item| guarding.iter().any(|reading| reading.item() == item);
        assert!(items.iter().all(guarded), "seed {seed}");
        for event in (0..40).map(|_| random.event()) {
            let encoded = encoded(&event, 0);
            let matches =
                |query: &Query| query.matches(&encoded.event_type.to_string(), &encoded.tags);
            let read = boundary.selecting(encoded.event_type.as_str(), &encoded.tags);
            let (guarding_it, unguarding_it): (Vec<_>, Vec<_>) = read.partition(|r| r.guards());
            assert_eq!(matches(&guard), is_guarded(&keys, &event), "seed {seed}: {event:?}");
            assert_eq!(!guarding_it.is_empty(), is_guarded(&keys, &event), "seed {seed}");
            let read = !guarding_it.is_empty() || !unguarding_it.is_empty();
            assert_eq!(read, is_read(&keys, &event), "seed {seed}: {event:?}");
            let forgotten = rest
                .iter()
                .filter(|r| r.item().matches(encoded.event_type.as_str(), &encoded.tags));
            assert_eq!(forgotten.count(), unguarding_it.len(), "seed {seed}");
        }
    }
}

/// A process that decides: it has a journal that others write to as well, and keeps views.
struct Process {
    random: Random,
    journal: Journal,
    kept: Vec<Slot>,
}

#[test]
fn step_by_step_is_as_at_once() {
    for seed in 1..=500 {
        let (journal, kept) = (Journal::default(), Vec::new());
        let mut process = Process { random: Random::new(seed), journal, kept };
        for step in 0..12 {
            process.others_append();
            process.decides(&format!("seed {seed}, step {step}"));
        }
    }
}

impl Process {
    fn others_append(&mut self) {
        for _ in 0..self.random.below(8) {
            self.append_foreign(|_| true);
        }
    }

    fn append_foreign(&mut self, only: impl Fn(&AnyEvent) -> bool) {
        let event = self.random.event();
        if only(&event) {
            let at = self.journal.head().get();
            self.journal.append(encoded(&event, at));
        }
    }

    /// As whoever runs decisions does, in one of the ways it may.
    fn decides(&mut self, when: &str) {
        let keys: Vec<Keys> = (0..1 + self.random.below(2)).map(|_| self.random.keys()).collect();
        let of = |keys: &Keys| Boundary::of::<Many>(keys).unwrap();
        let boundaries: Vec<_> = keys.iter().map(of).collect();
        let mut folded = Folded::default();
        for boundary in &boundaries {
            let (kept, random) = (&mut self.kept, &mut self.random);
            folded.add(boundary, |view| {
                let place = kept.iter().position(|slot| slot.identity() == view)?;
                random.half().then(|| kept.swap_remove(place))
            });
        }
        if self.random.half() {
            folded.behind();
        }
        self.find_some_lasts(&mut folded);
        let limit = 1 + self.random.index(5);
        let level = self.journal.level(&mut folded, limit).unwrap();
        self.compare(&folded, &boundaries, level.get(), when);

        let at = self.journal.head().get();
        let own: Vec<_> = (0..self.random.below(4)).map(|_| self.random.event()).collect();
        own.iter().for_each(|event| folded.fold_ahead(&encoded(event, at)).unwrap());
        let others_were_first = self.random.half();
        if own.is_empty() || others_were_first {
            folded.discard();
        } else if self.journal.head() == level {
            // Nothing of the guarded, or the append would not have happened.
            let unguarded = |event: &AnyEvent| !keys.iter().any(|keys| is_guarded(keys, event));
            (0..3).for_each(|_| self.append_foreign(unguarded));
            let last = own.iter().map(|event| self.journal.append(encoded(event, at))).last();
            folded.settled(last.unwrap());
        } else {
            folded.discard();
        }
        self.kept.extend(folded.keep());
    }

    fn find_some_lasts(&mut self, folded: &mut Folded) {
        for (view, query) in folded.lasts().collect::<Vec<_>>() {
            if self.random.half() {
                let head = self.journal.head();
                let last = self.journal.last(&query);
                let exact = last.map(|last| last.position).filter(|_| self.random.half());
                folded.found(&view, last, exact.unwrap_or(head)).unwrap();
            }
        }
    }

    /// With what folding everything up to there at once gives.
    fn compare(&mut self, folded: &Folded, boundaries: &[Boundary], upto: u64, when: &str) {
        let events = self.journal.events.iter().take(usize::try_from(upto).unwrap());
        let mut journal = Journal { events: events.cloned().collect(), ..Journal::default() };
        for boundary in boundaries {
            let at_once = journal.fold(boundary);
            let (expected, happened) =
                (at_once.refs::<Many>(boundary), folded.refs::<Many>(boundary));
            assert_eq!(happened, expected, "{when}");
        }
    }
}
