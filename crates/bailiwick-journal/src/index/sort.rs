//! The order of texts, 8 bytes at a time: most texts differ in few of their bytes, and begin alike.

/// How many texts are sorted by a look at each of them.
const FEW: usize = 8;

/// Sorts numbers by their texts, no two of which are the same.
pub(super) fn sort<'a>(numbers: &mut [u32], text: impl Fn(u32) -> &'a [u8]) {
    let rest = |number: u32, from: usize| text(number).get(from..).unwrap_or_default();
    let mut entries: Vec<_> = numbers.iter().map(|number| (0, 8, *number)).collect();
    // Those that are the same up to a byte, and are still to be sorted.
    let mut alike = vec![(0..entries.len(), 0)];
    while let Some((range, from)) = alike.pop() {
        let some = &mut entries[range.clone()];
        if some.len() <= FEW {
            some.sort_unstable_by(|(.., one), (.., other)| {
                rest(*one, from).cmp(rest(*other, from))
            });
            continue;
        }
        for (word, length, number) in &mut *some {
            (*word, *length) = first_of(rest(*number, from));
        }
        some.sort_unstable();
        let mut begin = range.start;
        for group in some.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            let end = begin + group.len();
            // A text that ended is alone.
            if group.len() > 1 && group[0].1 == 8 {
                alike.push((begin..end, from + 8));
            }
            begin = end;
        }
    }
    for (number, (.., sorted)) in numbers.iter_mut().zip(entries) {
        *number = sorted;
    }
}

/// The first 8 bytes as a number in whose order they are, with zeros for those that lack; and how many there are: what
/// ends comes before what goes on with a zero.
fn first_of(text: &[u8]) -> (u64, u8) {
    if let Some(word) = text.first_chunk() {
        return (u64::from_be_bytes(*word), 8);
    }
    let (mut word, mut length) = ([0; 8], 0);
    for (to, byte) in word.iter_mut().zip(text) {
        *to = *byte;
        length += 1;
    }
    (u64::from_be_bytes(word), length)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_order_is_that_of_the_bytes() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let text = |random: &mut fastrand::Rng| -> Vec<u8> {
                let begin = [&b""[..], b"account:", b"a long key of a tag:", b"\0\0\0\0\0\0\0"];
                let mut text = random.choice(begin).expect("one").to_vec();
                let bytes = random.usize(0..12);
                text.extend((0..bytes).map(|_| *random.choice(b"\0\0ab").expect("one")));
                text
            };
            let texts: BTreeSet<_> = (0..random.usize(0..300)).map(|_| text(&mut random)).collect();
            let mut shuffled: Vec<_> = texts.iter().collect();
            random.shuffle(&mut shuffled);
            let mut numbers: Vec<u32> = (0..).take(shuffled.len()).collect();
            sort(&mut numbers, |number| shuffled[number as usize]);
            let sorted = numbers.iter().map(|number| shuffled[*number as usize]);
            assert!(sorted.eq(&texts));
        }
    }
}
