//! Some of many, drawn while nobody knows how many there will be.

/// So many are drawn.
const MOST: usize = 64;

/// Of all values that were offered, each counted once, those with the lowest hashes: every one has the same chance.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Drawn(Vec<(u64, Box<str>)>);

impl Drawn {
    pub(super) fn offer(&mut self, value: &str) {
        let hash = hash(value);
        if self.0.len() == MOST && self.0.last().is_some_and(|(highest, _)| *highest < hash) {
            return;
        }
        let place = self.0.binary_search_by(|(known, of)| (*known, &**of).cmp(&(hash, value)));
        if let Err(place) = place {
            self.0.insert(place, (hash, value.into()));
            self.0.truncate(MOST);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| &**value)
    }
}

/// The same everywhere and for ever, so that an outline that is read goes on as the one that was written: FNV-1a, and a
/// last step that makes each bit depend on all (that of `MurmurHash3`).
fn hash(value: &str) -> u64 {
    let hash = value.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_drawn_is_drawn_in_whichever_order_and_each_has_a_chance() {
        let drawn = |numbers: &mut dyn Iterator<Item = u32>| {
            let mut drawn = Drawn::default();
            numbers.for_each(|number| drawn.offer(&number.to_string()));
            drawn
        };
        let all = drawn(&mut (0..10_000));
        assert_eq!(all, drawn(&mut (0..10_000).rev().chain(0..10_000)));
        assert_eq!(all.len(), MOST);
        let late = all.values().filter(|value| value.parse().is_ok_and(|n: u32| n >= 5_000));
        assert!((16..=48).contains(&late.count()), "{all:?}");
        assert_eq!(drawn(&mut (0..3)).len(), 3);
    }
}
