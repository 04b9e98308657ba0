//! The list of what is said: each entry follows from its place in it.

use crate::fixtures::messages::{Kind, ReceiverId, Say, SenderId};
use crate::sim::random::{Random, mix};

/// How many clients there are, each with a list of its own.
pub(super) const CLIENTS: usize = 3;
/// The sender whom all clients have speak: the order of what it says depends on who is faster.
pub(super) const EVERYBODY: &str = "everybody";
const RECEIVERS: [&str; 3] = ["x", "y", "z"];

/// An entry of the list.
pub(super) struct Entry {
    pub(super) sender: SenderId,
    pub(super) say: Say,
    pub(super) key: String,
}

impl Entry {
    /// The `nth` of a client, in the list of this seed.
    pub(super) fn of(seed: u64, client: usize, nth: u64) -> Entry {
        let random = &mut Random::of(mix(mix(seed ^ 0x11_57) ^ client as u64) ^ nth);
        let kind = match random.between(0, 15) {
            0..=4 => Kind::Plain,
            5 | 6 => Kind::Twice,
            7 => Kind::Refused,
            8 => Kind::Nothing,
            9 => Kind::GivesUp,
            10 | 11 => Kind::Heavy,
            12 => Kind::Explosive,
            13 => Kind::Hopeless,
            _ => Kind::Decided,
        };
        let receiver: ReceiverId = random.pick(&RECEIVERS).into();
        let own = || SenderId::try_from(format!("client-{client}")).expect("the text of an ID");
        let sender = if random.one_in(4) { EVERYBODY.into() } else { own() };
        Entry { sender, say: Say(kind, receiver), key: key(client, nth) }
    }
}

/// The idempotency key of an entry, by which it is known in the journal.
pub(super) fn key(client: usize, nth: u64) -> String {
    format!("{client}-{nth}")
}
