//! Hashes of terms, with a seed that nobody outside knows: whoever chooses the values of tags cannot choose
//! those that share a place.
//!
//! They stand in filters, so they are the same in every version.

const ODD: [u64; 4] =
    [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb, 0xd6e8_feb8_6659_fd93];

/// Of a term: 8 bytes at a time, the last ones with zeros behind them.
pub(super) fn of_term(seed: u64, kind: u8, text: &str) -> u64 {
    let length = (text.len() as u64) << 8 | u64::from(kind);
    let mut hash = folded(seed ^ ODD[0], length ^ ODD[1]);
    let words = text.as_bytes().chunks_exact(8);
    let rest = words.remainder();
    for word in words {
        let word = u64::from_le_bytes(word.try_into().expect("8 bytes"));
        hash = folded(hash ^ word, ODD[2]);
    }
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        hash = folded(hash ^ word, ODD[2]);
    }
    folded(hash ^ seed, ODD[3])
}

/// Of two hashes, or numbers, together.
pub(super) fn of_pair(one: u64, other: u64) -> u64 {
    folded(one ^ ODD[1], other.rotate_left(32) ^ ODD[2])
}

/// Both halves of the product, so that each bit depends on all of both.
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    let both = (product ^ (product >> 64)) & u128::from(u64::MAX);
    u64::try_from(both).expect("64 bits of them")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They stand in files: never to be changed.
    #[test]
    fn hashes_stay_as_they_are() {
        assert_eq!(of_term(7, 1, "account:a1"), 0xd944_f0bf_6348_8e59);
        assert_eq!(of_term(7, 0, ""), 0x8544_f576_5ae1_bf22);
        assert_eq!(of_pair(1, 2), 0x1b00_76f6_c745_d39f);
    }
}
