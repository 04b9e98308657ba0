//! Random histories, and what a program that reads all of them knows of deadlines.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::*;
use crate::journal::{DeadlineOf, Metadata, Origin, RecordedDeadline};
use crate::time::Timestamp;

/// Random numbers that are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn of(&mut self, from: &[&'static str]) -> &'static str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

/// What a history is made of.
struct World {
    names: &'static [&'static str],
    keys: &'static [&'static str],
    rules: u64,
}

/// One type of aggregates, under one name and one key, and never another rule.
const PLAIN: World = World { names: &["Course"], keys: &["course", "student"], rules: 1 };
/// Renamed, with neighbours of the same key, and with other rules.
const WILD: World = World {
    names: &["Course", "Kurs", "Waitlist"],
    keys: &["course", "kurs", "student"],
    rules: 2,
};

impl World {
    fn tag(&self, random: &mut Random) -> Tag {
        Tag::new(random.of(self.keys), random.below(5)).unwrap()
    }

    fn due(&self, random: &mut Random) -> RecordedDeadline {
        let at = (random.below(2) == 0).then(|| Timestamp::from_millis(random.below(1_000)));
        RecordedDeadline::new(at, 1 + u32::try_from(random.below(self.rules)).unwrap())
    }

    fn event(&self, random: &mut Random, position: u64) -> RecordedEvent {
        let mut tags: Vec<Tag> = (0..1 + random.below(2)).map(|_| self.tag(random)).collect();
        let mut metadata = Metadata::default();
        let event_type = random.of(&["A", "B", "C", ANSWERED, crate::journal::REFUSED]);
        if random.below(3) > 0 {
            let (aggregate, tag) = (random.of(self.names).into(), tags[0].clone());
            // Of students there are no aggregates in a plain world.
            if self.rules > 1 || tag.key() == "course" {
                metadata.origin = Some(Origin { aggregate, tag, deadline: self.due(random) });
            }
        }
        for tag in tags.iter().filter(|tag| tag.key() != "student") {
            if random.below(3) == 0 {
                let (aggregate, tag) = (random.of(self.names).into(), tag.clone());
                let of = DeadlineOf { aggregate, tag, deadline: self.due(random) };
                metadata.extra_mut().deadlines.push(of);
            }
        }
        // Nothing is recorded for those who do not read it.
        let reads = |name: &Text| event_type != if *name == *"Waitlist" { "A" } else { "C" };
        metadata.origin = metadata.origin.filter(|origin| reads(&origin.aggregate));
        metadata.extra_mut().deadlines.retain(|of| reads(&of.aggregate));
        // Nor twice for one aggregate, under two names.
        let own = metadata.origin.as_ref().map(|origin| origin.tag.clone());
        metadata.extra_mut().deadlines.retain(|of| Some(&of.tag) != own.as_ref());
        metadata.extra_mut().deadlines.dedup_by(|a, b| a.tag == b.tag);
        if random.below(8) == 0 {
            tags.clear();
        }
        RecordedEvent {
            position: Position::new(position),
            event: EncodedEvent {
                event_type: event_type.into(),
                version: 1 + u32::try_from(random.below(2)).unwrap(),
                tags: tags.into_iter().collect(),
                payload: Bytes::new(),
                recorded_at: Timestamp::EPOCH,
                metadata,
            },
        }
    }

    fn history(&self, random: &mut Random) -> Vec<RecordedEvent> {
        (1..=random.below(60)).map(|position| self.event(random, position)).collect()
    }
}

/// What a program that reads all events knows: see `recovery/mod.rs` of the runtime.
fn read_all(
    events: &[RecordedEvent],
    of: &DeadlinesOf<'_>,
) -> (BTreeMap<String, Timestamp>, BTreeSet<String>) {
    let (mut armed, mut open) = (BTreeMap::new(), BTreeSet::new());
    let is_read = |event: &&RecordedEvent| {
        let name = event.event.event_type.as_str();
        of.types.contains(&name) || name == ANSWERED
    };
    for RecordedEvent { event, .. } in events.iter().filter(is_read) {
        for tag in event.tags.iter().filter(|tag| of.keys.contains(&tag.key())) {
            let is_its =
                |name: &Text, other: &Tag| of.names.contains(&name.as_str()) && other == tag;
            let origin = event.metadata.origin.as_ref();
            let own = origin.filter(|by| is_its(&by.aggregate, &by.tag)).map(|by| by.deadline);
            let mut others = event.metadata.extra().deadlines.iter();
            let other = others.find(|by| is_its(&by.aggregate, &by.tag)).map(|by| by.deadline);
            let known = own.or(other);
            if known.is_none() && event.is_reserved() {
                continue;
            }
            let value = tag.value().to_owned();
            match known.filter(|known| known.version() == of.rule) {
                Some(known) => {
                    open.remove(&value);
                    match known.at() {
                        Some(at) => drop(armed.insert(value, at)),
                        None => drop(armed.remove(&value)),
                    }
                }
                None => drop(open.insert(value)),
            }
        }
    }
    (armed, open)
}

fn folded(events: &[RecordedEvent]) -> Outline {
    let mut outline = Outline::default();
    events.iter().for_each(|event| outline.take(event));
    outline
}

fn back(outline: &Outline) -> Outline {
    let mut bytes = Vec::new();
    outline.encode(&mut bytes);
    let back = Outline::decode(&bytes).unwrap();
    let mut again = Vec::new();
    back.encode(&mut again);
    assert_eq!(bytes, again);
    back
}

const COURSE: DeadlinesOf<'_> =
    DeadlinesOf { names: &["Course"], keys: &["course"], types: &["A", "B", ANSWERED], rule: 1 };

#[test]
fn what_a_program_without_a_past_knows_is_what_it_would_read() {
    for seed in 0..2_000 {
        let events = PLAIN.history(&mut Random(seed));
        let (armed, open) = read_all(&events, &COURSE);
        let outline = folded(&events);
        let known = outline.deadlines_of(&COURSE);
        assert!(
            known.armed.iter().map(|(value, at)| ((*value).to_owned(), *at)).eq(armed),
            "{seed}"
        );
        let known = known.open.expect("they are few");
        assert!(known.iter().map(|value| (*value).to_owned()).eq(open), "{seed}: {known:?}");
    }
}

#[test]
fn whatever_the_past_was_nobody_is_forgotten() {
    let rule = 1;
    let asked = [
        DeadlinesOf {
            names: &["Course", "Kurs"],
            keys: &["course", "kurs"],
            types: &["A", "B", ANSWERED],
            rule,
        },
        DeadlinesOf {
            names: &["Course", "Kurs"],
            keys: &["course"],
            types: &["A", "B", ANSWERED],
            rule: 2,
        },
        DeadlinesOf {
            names: &["Waitlist"],
            keys: &["course"],
            types: &["B", "C", ANSWERED],
            rule: 2,
        },
        DeadlinesOf {
            names: &["New"],
            keys: &["student", "kurs"],
            types: &["A", "B", "C", ANSWERED],
            rule,
        },
        COURSE,
    ];
    let mut exact = 0;
    for seed in 0..2_000 {
        let events = WILD.history(&mut Random(seed));
        let outline = folded(&events);
        for of in &asked {
            let (armed, open) = read_all(&events, of);
            let known = outline.deadlines_of(of);
            let all = known.open.expect("they are few");
            for (value, at) in &armed {
                let is_armed = known.armed.contains(&(value.as_str(), *at));
                assert!(is_armed || all.contains(&value.as_str()), "{seed}: {value} of {of:?}");
            }
            for value in &open {
                assert!(all.contains(&value.as_str()), "{seed}: {value} of {of:?}");
            }
            exact += usize::from(open.len() == all.len());
        }
    }
    assert!(exact > 6_000, "{exact} of 10 000");
}

/// Only the name, or only the key, was another one.
#[test]
fn a_renaming_leaves_nothing_armed_that_is_not() {
    for (names, keys) in
        [(&["Kurs", "Course"], &["course", "course"]), (&["Course", "Course"], &["kurs", "course"])]
    {
        let of = DeadlinesOf { names, keys, types: &["A"], rule: 1 };
        let mut events = Vec::new();
        let mut position = 0;
        for (nth, dues) in [(0, [Some(5), Some(6), None]), (1, [None, Some(7), Some(8)])] {
            for (value, due) in (0..).zip(dues) {
                position += 1;
                let tag = Tag::new(keys[nth], value).unwrap();
                let deadline = RecordedDeadline::new(due.map(Timestamp::from_millis), 1);
                let mut event = PLAIN.event(&mut Random(1), position);
                event.event.event_type = "A".into();
                event.event.tags = tag.clone().into();
                event.event.metadata = Metadata::default();
                event.event.metadata.origin =
                    Some(Origin { aggregate: names[nth].into(), tag, deadline });
                events.push(event);
            }
        }
        let outline = back(&folded(&events));
        let known = outline.deadlines_of(&of);
        let at = Timestamp::from_millis;
        assert_eq!(known.armed, [("1", at(7)), ("2", at(8))]);
        assert_eq!(known.open, Some(vec![]));
        assert_eq!(known.drawn, ["0", "1", "2"]);
    }
}

#[test]
fn it_goes_on_after_it_was_encoded_as_if_it_had_not_been() {
    for seed in 0..1_000 {
        let mut random = Random(seed);
        let events = WILD.history(&mut random);
        let end = usize::try_from(random.below(events.len() as u64 + 1)).unwrap();
        let mut outline = back(&folded(&events[..end]));
        events[end..].iter().for_each(|event| outline.take(event));
        assert_eq!(outline, folded(&events), "{seed}");
        assert_eq!(outline.upto().get(), events.len() as u64);
        let counts: u64 = outline.shapes().map(|shape| shape.count).sum();
        assert_eq!(counts, events.len() as u64);
        for shape in outline.shapes() {
            let first = &events[usize::try_from(shape.first.get()).unwrap() - 1].event;
            assert_eq!((&first.event_type, first.version), (&shape.event_type, shape.version));
            assert!(first.tags.iter().all(|tag| shape.keys.iter().any(|key| *key == *tag.key())));
        }
    }
}

/// A decision that knows nobody's deadline.
fn unknowing(position: u64, event_type: String, tag: Tag) -> RecordedEvent {
    let mut recorded = PLAIN.event(&mut Random(1), position);
    recorded.event.event_type = event_type.into();
    recorded.event.tags = tag.into();
    recorded.event.metadata = Metadata::default();
    recorded
}

#[test]
fn too_many_are_all_of_a_type_and_no_others() {
    let mut outline = Outline::default();
    for nth in 0..10_003 {
        let event_type = if nth < 3 { "B" } else { "A" };
        let tag = Tag::new("course", nth).unwrap();
        outline.take(&unknowing(nth + 1, event_type.to_owned(), tag));
    }
    let outline = back(&outline);
    assert_eq!(outline.deadlines_of(&COURSE).open, None);
    let of_b = DeadlinesOf { types: &["B"], ..COURSE };
    assert_eq!(outline.deadlines_of(&of_b).open, Some(vec!["0", "1", "2"]));
    assert_eq!(
        outline.deadlines_of(&DeadlinesOf { keys: &["student"], ..of_b }).open,
        Some(vec![])
    );
}

#[test]
fn names_without_end_are_given_up_and_that_is_said() {
    let mut crowded = Outline::default();
    let mut complete = Outline::default();
    for nth in 1..=5_000 {
        let tag: Tag = "course:c1".parse().unwrap();
        complete.take(&unknowing(nth, format!("T{nth}"), tag.clone()));
        let mut event = unknowing(nth, "A".to_owned(), tag.clone());
        let deadline = RecordedDeadline::new(None, 1);
        let aggregate = format!("Course{}", nth % 6).into();
        event.event.metadata.extra_mut().deadlines.push(DeadlineOf { aggregate, tag, deadline });
        crowded.take(&event);
        assert_eq!(complete.is_complete(), nth <= 4_096);
    }
    assert_eq!(back(&complete), complete);
    assert_eq!((complete.upto().get(), complete.shapes().count()), (5_000, 0));
    let crowded = back(&crowded);
    assert!(crowded.is_complete());
    for name in ["Course1", "Course5", "Other"] {
        assert_eq!(crowded.deadlines_of(&DeadlinesOf { names: &[name], ..COURSE }).open, None);
    }
}

#[test]
fn whatever_the_bytes_are_reading_them_ends() {
    let mut bytes = Vec::new();
    folded(&WILD.history(&mut Random(3))).encode(&mut bytes);
    for end in 0..bytes.len() {
        assert!(Outline::decode(&bytes[..end]).is_err());
    }
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            if let Ok(mut outline) = Outline::decode(&changed) {
                outline.take(&WILD.event(&mut Random(9), 100));
                outline.deadlines_of(&COURSE);
            }
        }
    }
    bytes[0] = 9;
    assert_eq!(Outline::decode(&bytes), Err(OutlineError::OtherVersion { found: 9 }));
}
