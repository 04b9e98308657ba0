//! By what something is found: a tag, or the type of an event.

/// A 64-bit hash of a tag or a type. The same in every version: it stands in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub(super) u64);

impl Key {
    /// Of a tag.
    pub fn of_tag(tag: &str) -> Key {
        Key(hash(b't', tag))
    }

    /// Of a type.
    pub fn of_type(event_type: &str) -> Key {
        Key(hash(b'e', event_type))
    }

    /// Of events that have this key and are of the type with this number.
    pub fn with_type(self, event_type: u32) -> Key {
        Key(mixed(self.0 ^ mixed(u64::from(event_type) + 1)))
    }
}

/// FNV-1a, mixed so that all bits of it are as good as each other.
fn hash(kind: u8, text: &str) -> u64 {
    let bytes = std::iter::once(kind).chain(text.bytes());
    mixed(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They stand in files: never to be changed.
    #[test]
    fn keys_stay_as_they_are() {
        assert_eq!(Key::of_tag("account:a1").0, 0x3e52_541f_9945_4b8a);
        assert_eq!(Key::of_type("Opened").0, 0x4c0f_f26f_50c6_c310);
        assert_eq!(Key::of_tag("account:a1").with_type(3).0, 0x1fbc_39f7_0117_f854);
    }
}
