//! Which delivery of a policy or an effect an event stands for.

use std::fmt::Write as _;

use crate::position::Position;
use crate::tag::Tag;
use crate::text::Text;

/// The key of the tag that what stands for a delivery carries. Not one of an ID's: it has a dot.
const KEY: &str = "bailiwick.delivery";

/// Which delivery of a policy or an effect this is: the same one whenever it sees the same news again.
///
/// For an example see [`EncodedEvent`](crate::journal::EncodedEvent).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delivery {
    /// The `NAME` of the policy or the effect.
    pub policy: Text,
    /// How often the policy had been rewound: deliveries before and after that are different ones.
    pub run: u32,
    /// The event that it reacted to.
    pub source: Position,
    /// To whom it went; none if it stands for the news as a whole: of an effect, or of a policy that sent
    /// nothing.
    pub target: Option<DeliveryTarget>,
    /// Which of its commands for that target, from 0.
    pub ordinal: u32,
}

/// To whom a delivery went.
///
/// For an example see [`EncodedEvent`](crate::journal::EncodedEvent).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryTarget {
    /// The `NAME` of the type of the aggregate, or the name of the decision.
    pub name: Text,
    /// The tag of the aggregate; none of a decision.
    pub tag: Option<Tag>,
}

impl Delivery {
    /// The tag of the one event that stands for it in the journal. It is appended on the condition that
    /// there is none with this tag.
    ///
    /// Its value is `policy/run/source/ordinal/name tag`, as far as that has room in a tag; what has not
    /// is put as its 128-bit FNV-1a hash, in hexadecimal digits. It is stored, so it stays as it is.
    ///
    /// # Panics
    /// If the name of the policy has more than 80 bytes, or a control character: a runtime refuses to
    /// start with such a policy.
    pub fn tag(&self) -> Tag {
        let mut text = String::with_capacity(128);
        let Delivery { policy, run, source, target, ordinal } = self;
        text.push_str(KEY);
        text.push(':');
        text.push_str(policy.as_str());
        let _ = write!(text, "/{run}/{source}/{ordinal}");
        if let Some(DeliveryTarget { name, tag }) = target {
            let before = text.len();
            text.push('/');
            text.push_str(name.as_str());
            if let Some(tag) = tag {
                text.push(' ');
                text.push_str(tag.as_str());
            }
            let is_long = text.len() - KEY.len() - 1 > Tag::MAX_VALUE_BYTES;
            // By far the most are ASCII: spared the decoding.
            let is_plain =
                text.as_bytes()[before..].iter().all(|byte| (b' '..=b'~').contains(byte));
            if is_long || !is_plain && text[before..].contains(char::is_control) {
                let hash = fnv_1a(&text.as_bytes()[before..]);
                text.truncate(before);
                let _ = write!(text, "/{hash:032x}");
            }
        }
        text.parse().expect("a policy has a name that is short enough")
    }
}

pub(crate) fn fnv_1a(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(name: &str, tag: Option<Tag>) -> Delivery {
        let target = Some(DeliveryTarget { name: name.to_owned().into(), tag });
        Delivery { policy: "notify".into(), run: 0, source: Position::new(7), target, ordinal: 1 }
    }

    #[test]
    fn its_tag_says_all_of_it() {
        let tag = || Some("seat:s 1".parse().unwrap());
        let sent = delivery("Seat", tag());
        assert_eq!(sent.tag().as_str(), "bailiwick.delivery:notify/0/7/1/Seat seat:s 1");
        let whole = Delivery { target: None, run: 2, ordinal: 0, ..sent.clone() };
        assert_eq!(whole.tag().as_str(), "bailiwick.delivery:notify/2/7/0");
        let all = [
            Delivery { ordinal: 0, ..sent.clone() },
            Delivery { run: 1, ..sent.clone() },
            Delivery { source: Position::new(8), ..sent.clone() },
            delivery("Seat", None),
            delivery("Seats", tag()),
            whole,
        ];
        assert!(all.iter().all(|other| other.tag() != sent.tag()));
    }

    #[test]
    fn whom_it_went_to_may_be_called_anything() {
        let long = |end: &str| Some(Tag::new("seat", "s".repeat(199) + end).unwrap());
        let (first, second) =
            (delivery("Seat", long("1")).tag(), delivery("Seat", long("2")).tag());
        assert_ne!(first, second);
        assert_eq!(first.as_str().len(), "bailiwick.delivery:notify/0/7/1/".len() + 32);
        delivery("a\nname", None).tag();
        // As others compute it.
        assert_eq!(fnv_1a(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv_1a(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }
}
