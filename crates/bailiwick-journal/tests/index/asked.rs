//! Questions to an index, whichever it is, and the answers of the model.

use bailiwick_journal::index::{Active, Index, IndexError, Posting, TagValue, Term};

use crate::model::{Event, KEYS, Model, TYPES, tag};

/// An index, in memory or in a file.
pub trait Asked {
    fn first(&self) -> u64;
    fn last(&self) -> u64;
    fn number(&self, event_type: &str) -> Option<u32>;
    fn may_have(&self, term: Term<'_>, types: &[&str]) -> Result<bool, IndexError>;
    fn count(&self, term: Term<'_>) -> Result<Option<u64>, IndexError>;
    fn newest(&self, term: Term<'_>, types: &[u32]) -> Result<Option<Posting>, IndexError>;
    /// Reads on, up to so many; `seeks`: after how many steps, where to.
    fn read(
        &self,
        term: Term<'_>,
        types: &[u32],
        forward: bool,
        seeks: &[(usize, u32)],
    ) -> Result<Vec<Posting>, IndexError>;
    fn values(&self, key: &str, after: Option<&str>) -> Result<Vec<TagValue>, IndexError>;
}

impl Asked for Active {
    fn first(&self) -> u64 {
        self.first().get()
    }

    fn last(&self) -> u64 {
        self.last().get()
    }

    fn number(&self, event_type: &str) -> Option<u32> {
        self.type_number(event_type)
    }

    fn may_have(&self, term: Term<'_>, _: &[&str]) -> Result<bool, IndexError> {
        Ok(self.find(term).is_some())
    }

    fn count(&self, term: Term<'_>) -> Result<Option<u64>, IndexError> {
        Ok(self.find(term).map(|found| found.count()))
    }

    fn newest(&self, term: Term<'_>, types: &[u32]) -> Result<Option<Posting>, IndexError> {
        Ok(self.find(term).and_then(|found| found.newest(types)))
    }

    fn read(
        &self,
        term: Term<'_>,
        types: &[u32],
        forward: bool,
        seeks: &[(usize, u32)],
    ) -> Result<Vec<Posting>, IndexError> {
        let mut all = Vec::new();
        let Some(found) = self.find(term) else { return Ok(all) };
        let from = seeks[0].1;
        let mut cursor =
            if forward { found.forward(types, from) } else { found.backward(types, from) };
        for (steps, to) in &seeks[1..] {
            all.extend(cursor.by_ref().take(*steps));
            cursor.seek(*to);
        }
        all.extend(cursor);
        Ok(all)
    }

    fn values(&self, key: &str, after: Option<&str>) -> Result<Vec<TagValue>, IndexError> {
        Ok(self.values(key, after).collect())
    }
}

impl Asked for Index {
    fn first(&self) -> u64 {
        self.first().get()
    }

    fn last(&self) -> u64 {
        self.last().get()
    }

    fn number(&self, event_type: &str) -> Option<u32> {
        self.type_number(event_type)
    }

    fn may_have(&self, term: Term<'_>, types: &[&str]) -> Result<bool, IndexError> {
        self.may_have(term, types)
    }

    fn count(&self, term: Term<'_>) -> Result<Option<u64>, IndexError> {
        Ok(self.find(term)?.map(|found| found.count()))
    }

    fn newest(&self, term: Term<'_>, types: &[u32]) -> Result<Option<Posting>, IndexError> {
        Ok(self.find(term)?.and_then(|found| found.newest(types)))
    }

    fn read(
        &self,
        term: Term<'_>,
        types: &[u32],
        forward: bool,
        seeks: &[(usize, u32)],
    ) -> Result<Vec<Posting>, IndexError> {
        let mut all = Vec::new();
        let Some(found) = self.find(term)? else { return Ok(all) };
        let from = seeks[0].1;
        let mut cursor =
            if forward { found.forward(types, from) } else { found.backward(types, from) };
        for (steps, to) in &seeks[1..] {
            for posting in cursor.by_ref().take(*steps) {
                all.push(posting?);
            }
            cursor.seek(*to);
        }
        for posting in cursor {
            all.push(posting?);
        }
        Ok(all)
    }

    fn values(&self, key: &str, after: Option<&str>) -> Result<Vec<TagValue>, IndexError> {
        self.values(key, after)?.collect()
    }
}

/// Asks an index about some terms.
///
/// # Panics
/// If an answer is wrong. None is not wrong.
pub fn ask(
    model: &Model,
    asked: &dyn Asked,
    random: &mut fastrand::Rng,
    values: usize,
) -> Result<(), IndexError> {
    assert_eq!((asked.first(), asked.last()), (model.first, model.end() - 1));
    for name in TYPES {
        let is_there = model.events.values().any(|event| event.event_type == name);
        assert_eq!(asked.number(name).is_some(), is_there, "{name}");
        ask_term(model, asked, random, Term::Type(name))?;
    }
    for _ in 0..12 {
        let tag = tag(random, values * 2);
        ask_term(model, asked, random, Term::Tag(&tag))?;
    }
    ask_term(model, asked, random, Term::Tag("busy:all"))?;
    ask_term(model, asked, random, Term::Tag("busy"))?;
    for key in KEYS.into_iter().chain(["", "z", "accoun"]) {
        ask_values(model, asked, random, key)?;
    }
    Ok(())
}

fn has(event: &Event, term: Term<'_>) -> bool {
    match term {
        Term::Tag(tag) => event.tags.iter().any(|has| has == tag),
        Term::Type(name) => event.event_type == name,
    }
}

fn ask_term(
    model: &Model,
    asked: &dyn Asked,
    random: &mut fastrand::Rng,
    term: Term<'_>,
) -> Result<(), IndexError> {
    let mut names: Vec<_> = TYPES.into_iter().filter(|_| random.bool()).collect();
    let mut numbers: Vec<_> = names.iter().filter_map(|name| asked.number(name)).collect();
    numbers.extend(numbers.first().copied());
    if numbers.is_empty() {
        names.clear();
    }
    let all = model.with(|event| has(event, term));
    let is_wanted = |name: &str| names.is_empty() || names.contains(&name);
    let some: Vec<_> = all.iter().copied().filter(|(_, name)| is_wanted(name)).collect();
    let plain = |posting: Posting| {
        let name = TYPES.into_iter().find(|name| asked.number(name) == Some(posting.event_type));
        (model.first + u64::from(posting.nth), name.expect("a type"))
    };
    assert!(asked.may_have(term, &names)? || some.is_empty(), "{term:?} {names:?}");
    assert!(asked.may_have(term, &[])? || all.is_empty(), "{term:?}");
    let count = (!all.is_empty()).then_some(all.len() as u64);
    assert_eq!(asked.count(term)?, count, "{term:?}");
    let newest = asked.newest(term, &numbers)?.map(plain);
    assert_eq!(newest, some.last().copied(), "{term:?} {names:?}");
    for forward in [true, false] {
        let positions = u32::try_from(model.end() - model.first).expect("a few");
        let seeks: Vec<_> = (0..random.usize(1..5))
            .map(|_| {
                let to = match random.choice(&all) {
                    Some((at, _)) if random.bool() => {
                        u32::try_from(at - model.first).expect("a few")
                    }
                    _ => random.u32(0..positions + 2),
                };
                (random.usize(0..some.len() + 2), to)
            })
            .collect();
        let seeks =
            if random.bool() { vec![(0, if forward { 0 } else { u32::MAX })] } else { seeks };
        let read = asked.read(term, &numbers, forward, &seeks)?;
        let read: Vec<_> = read.into_iter().map(plain).collect();
        assert_eq!(read, expected(model.first, &some, forward, &seeks), "{term:?} {seeks:?}");
    }
    Ok(())
}

/// What a cursor reads that is moved like this.
fn expected(
    first: u64,
    some: &[(u64, &'static str)],
    forward: bool,
    seeks: &[(usize, u32)],
) -> Vec<(u64, &'static str)> {
    let mut left = some.to_vec();
    if !forward {
        left.reverse();
    }
    let mut all = Vec::new();
    for (steps, to) in seeks {
        let steps = if std::ptr::eq(steps, &seeks[0].0) { 0 } else { *steps };
        all.extend(left.drain(..steps.min(left.len())));
        let to = first + u64::from(*to);
        left.retain(|(position, _)| if forward { *position >= to } else { *position <= to });
    }
    all.extend(left);
    all
}

fn ask_values(
    model: &Model,
    asked: &dyn Asked,
    random: &mut fastrand::Rng,
    key: &str,
) -> Result<(), IndexError> {
    let values = model.values(key);
    let some = random.choice(values.keys()).cloned().unwrap_or_else(|| "5".to_owned());
    for after in [None, Some(some.as_str()), Some("4"), Some("")] {
        let expected = values
            .iter()
            .filter(|(value, _)| after.is_none_or(|after| value.as_bytes() > after.as_bytes()));
        let expected: Vec<_> =
            expected.map(|(value, types)| (value.clone(), types.clone())).collect();
        let named = |found: TagValue| {
            assert!(found.types.is_sorted(), "{found:?}");
            let is_one =
                |name: &&str| asked.number(name).is_some_and(|of| found.types.contains(&of));
            let mut types: Vec<_> = TYPES.into_iter().filter(is_one).collect();
            assert_eq!(types.len(), found.types.len(), "{found:?}");
            types.sort_unstable();
            (found.value, types)
        };
        let found: Vec<_> = asked.values(key, after)?.into_iter().map(named).collect();
        assert_eq!(found, expected, "{key} after {after:?}");
    }
    Ok(())
}
