//! Blocks: entries in the order of their keys, each key without what it has in common with the one before.
//!
//! | what | how |
//! |---|---|
//! | how many bytes its key has in common with that of the entry before: as many as it can; of the first, 0 | LEB128 |
//! | how many more the key has, and how many the value has | LEB128 each |
//! | the rest of the key, and the value | bytes |

use super::number;

/// An entry, as it stands there.
struct Entry<'a> {
    shared: usize,
    rest: &'a [u8],
    value: &'a [u8],
}

/// Adds an entry to a block whose last key is `before`.
pub(super) fn push(before: &[u8], key: &[u8], value: &[u8], block: &mut Vec<u8>) {
    let shared = if block.is_empty() { 0 } else { common(before, key) };
    number::write(shared as u64, block);
    number::write((key.len() - shared) as u64, block);
    number::write(value.len() as u64, block);
    block.extend_from_slice(&key[shared..]);
    block.extend_from_slice(value);
}

/// How many bytes two keys have in common at their begin.
pub(super) fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

fn entry<'a>(block: &mut &'a [u8]) -> Option<Entry<'a>> {
    let shared = usize::try_from(number::read(block)?).ok()?;
    let (rest, value) = (number::read(block)?, number::read(block)?);
    let (rest, behind) = block.split_at_checked(usize::try_from(rest).ok()?)?;
    let (value, behind) = behind.split_at_checked(usize::try_from(value).ok()?)?;
    *block = behind;
    Some(Entry { shared, rest, value })
}

/// What is found where a key is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// The value of that key.
    Exact(&'a [u8]),
    /// That of the last key before it.
    Before(&'a [u8]),
    /// All keys are beyond it.
    Nothing,
}

/// Looks for a key; none if this is no block.
///
/// No key is put together for that: how much a key has in common with the one before says, mostly, on which side of
/// the one that is looked for it is.
pub(super) fn find<'a>(mut block: &'a [u8], key: &[u8]) -> Option<Found<'a>> {
    let (mut found, mut matched) = (Found::Nothing, 0);
    while !block.is_empty() {
        let Entry { shared, rest, value } = entry(&mut block)?;
        if shared < matched {
            break;
        }
        if shared == matched {
            let wanted = &key[matched..];
            let more = common(rest, wanted);
            matched += more;
            match (rest.get(more), wanted.get(more)) {
                (None, None) => return Some(Found::Exact(value)),
                (Some(byte), Some(wanted)) if byte > wanted => break,
                (Some(_), None) => break,
                _ => {}
            }
        }
        found = Found::Before(value);
    }
    Some(found)
}

/// A block that is read entry by entry.
#[derive(Debug, Clone, Default)]
pub(super) struct Reader {
    block: Vec<u8>,
    at: usize,
    pub(super) key: Vec<u8>,
    value: (usize, usize),
}

impl Reader {
    pub(super) fn of(block: Vec<u8>) -> Reader {
        Reader { block, ..Reader::default() }
    }

    /// Goes to the next entry. False: there is none; none: this is no block.
    pub(super) fn step(&mut self) -> Option<bool> {
        let mut rest = &self.block[self.at..];
        if rest.is_empty() {
            return Some(false);
        }
        let entry = entry(&mut rest)?;
        if entry.shared > self.key.len() {
            return None;
        }
        self.key.truncate(entry.shared);
        self.key.extend_from_slice(entry.rest);
        self.at = self.block.len() - rest.len();
        self.value = (self.at - entry.value.len(), self.at);
        Some(true)
    }

    /// Goes to the last of the first entries whose keys are so, or stays before the first entry; none: this is no
    /// block.
    pub(super) fn seek(&mut self, is_so: impl Fn(&[u8]) -> bool) -> Option<()> {
        let mut before = (self.at, self.value);
        let mut shared = Vec::new();
        while self.step()? && is_so(&self.key) {
            before = (self.at, self.value);
            shared.clone_from(&self.key);
        }
        (self.at, self.value) = before;
        self.key = shared;
        Some(())
    }

    /// Whether it is at an entry.
    pub(super) fn is_somewhere(&self) -> bool {
        self.at > 0
    }

    /// The value of the entry where it is.
    pub(super) fn value(&self) -> &[u8] {
        &self.block[self.value.0..self.value.1]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_is_found_is_what_an_ordered_map_finds() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..400 {
            let text = |random: &mut fastrand::Rng| -> Vec<u8> {
                (0..random.usize(0..6)).map(|_| random.u8(b'a'..b'd')).collect()
            };
            let entries: BTreeMap<_, _> = (0..random.u8(0..40))
                .map(|nth| (text(&mut random), vec![nth; usize::from(nth % 3)]))
                .collect();
            let (mut block, mut before) = (Vec::new(), Vec::new());
            for (key, value) in &entries {
                push(&before, key, value, &mut block);
                before.clone_from(key);
            }
            for _ in 0..100 {
                let key = text(&mut random);
                let expected = match entries.range(..=key.clone()).next_back() {
                    None => Found::Nothing,
                    Some((found, value)) if *found == key => Found::Exact(value),
                    Some((_, value)) => Found::Before(value),
                };
                assert_eq!(find(&block, &key), Some(expected));
            }
            let mut reader = Reader::of(block);
            for (key, value) in &entries {
                assert_eq!(reader.step(), Some(true));
                assert_eq!((&reader.key, reader.value()), (key, &value[..]));
            }
            assert_eq!(reader.step(), Some(false));
        }
    }
}
