//! What is known of an event type before any event is read: its names, its version, its owner.
//!
//! Why it is as it is: docs/decisions/schema-and-startup.md.

use std::any::TypeId;

use crate::fields::Upcast;
use crate::schema_version::SchemaVersion;

/// Event types whose names begin like this are Bailiwick's own: no domain's type has such a name.
///
/// For an example see [`RESERVED_TYPES`](crate::journal::RESERVED_TYPES).
pub const RESERVED_PREFIX: &str = "bailiwick.";

/// The event that remembers a command with an idempotency key which was accepted without an event
/// of its own. It carries the aggregate's tag, and says nothing but its metadata.
///
/// For an example see [`RESERVED_TYPES`](crate::journal::RESERVED_TYPES).
pub const ANSWERED: &str = "bailiwick.Answered";

/// All types of Bailiwick's own that this version knows: one that is not among them was written by a
/// later version, which nobody may pass over.
///
/// ```
/// use bailiwick_core::journal::{ANSWERED, RESERVED_PREFIX, RESERVED_TYPES};
///
/// assert!(RESERVED_TYPES.contains(&ANSWERED));
/// assert!(RESERVED_TYPES.iter().all(|name| name.starts_with(RESERVED_PREFIX)));
/// ```
pub const RESERVED_TYPES: &[&str] = &[
    ANSWERED,
    DELIVERY_ENDED,
    POLICY_STARTED,
    POLICY_REACHED,
    POLICY_REWOUND,
    LANE_PARKED,
    LANE_FREED,
    REFUSED,
];

/// A delivery of a policy came to an end without an event that it caused.
///
/// For an example see [`RESERVED_TYPES`](crate::journal::RESERVED_TYPES).
pub const DELIVERY_ENDED: &str = "bailiwick.DeliveryEnded";
/// Where a policy began on this journal, and by which lanes it goes.
///
/// For an example see [`RESERVED_TYPES`](crate::journal::RESERVED_TYPES).
pub const POLICY_STARTED: &str = "bailiwick.PolicyStarted";
/// Up to where everything that a policy wants is done, but for its parked lanes.
///
/// For an example see [`RESERVED_TYPES`](crate::journal::RESERVED_TYPES).
pub const POLICY_REACHED: &str = "bailiwick.PolicyReached";
/// From where a policy does everything again.
///
/// For an example see [`RESERVED_TYPES`](crate::journal::RESERVED_TYPES).
pub const POLICY_REWOUND: &str = "bailiwick.PolicyRewound";
/// A lane of a policy stands still until somebody has seen to it.
///
/// For an example see [`RESERVED_TYPES`](crate::journal::RESERVED_TYPES).
pub const LANE_PARKED: &str = "bailiwick.LaneParked";
/// A lane that was parked goes on.
///
/// For an example see [`RESERVED_TYPES`](crate::journal::RESERVED_TYPES).
pub const LANE_FREED: &str = "bailiwick.LaneFreed";
/// A rule said no to a command or decision whose type is [recorded](crate::Recording). Nothing happened:
/// it is for [rehearsals](crate::Decide::RECORDED), carries the tag of the aggregate that refused, and is
/// read and guarded by nobody.
///
/// For an example see [`RESERVED_TYPES`](crate::journal::RESERVED_TYPES).
pub const REFUSED: &str = "bailiwick.Refused";

/// One event type of a set.
///
/// For an example see [`Event`](trait@crate::Event).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EventDescriptor {
    /// Its name in the journal.
    pub name: &'static str,
    /// Names it had before. Events that were recorded under them are read as this type.
    pub was: &'static [&'static str],
    /// The Rust type it belongs to.
    pub owner: &'static str,
    /// What tells Rust types with the same path apart.
    pub owner_id: TypeId,
    /// From version 1 to 2, from 2 to 3, and so on.
    pub upcasts: &'static [Upcast],
    /// What those are called where they are named; fewer if that is not known.
    pub upcast_names: &'static [&'static str],
    /// There is no Rust type any more: it is asked for, and passed over.
    pub retired: bool,
    /// The keys of the tags that each of its fields marked `#[tag]` may add; none where that is not
    /// known.
    pub tagged: Option<&'static [Option<&'static [&'static str]>]>,
    /// Its serde form is known to come back as it was. What is not is
    /// [read back](crate::Event#what-is-read-back) when it is emitted.
    pub round_trips: bool,
    /// Its fields as they are declared; none where that is not known.
    pub fields: Option<&'static [FieldDescriptor]>,
    /// The attributes of serde on the type as a whole, as they are written.
    pub serde: &'static str,
}

/// A field of an event type, as it is declared.
///
/// ```
/// use bailiwick_core::Event;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct DishListed {
///     #[serde(default)]
///     vegan: Option<bool>,
/// }
///
/// let [vegan] = DishListed::TYPES[0].fields.expect("it is derived") else { panic!() };
/// assert_eq!((vegan.name, vegan.of, vegan.serde), ("vegan", "Option<bool>", "default"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldDescriptor {
    /// Its name; where an attribute of serde says another one, that is stored.
    pub name: &'static str,
    /// Its type, as it is written.
    pub of: &'static str,
    /// Its attributes of serde, as they are written.
    pub serde: &'static str,
}

impl FieldDescriptor {
    /// Used by `#[derive(Event)]`.
    pub const fn new(name: &'static str, of: &'static str, serde: &'static str) -> Self {
        FieldDescriptor { name, of, serde }
    }
}

impl EventDescriptor {
    /// A type of version 1 that never had another name. Used by `#[derive(Event)]`.
    pub const fn new(name: &'static str, owner: &'static str, owner_id: TypeId) -> Self {
        EventDescriptor {
            name,
            was: &[],
            owner,
            owner_id,
            upcasts: &[],
            upcast_names: &[],
            retired: false,
            tagged: None,
            round_trips: false,
            fields: None,
            serde: "",
        }
    }

    /// It had these names before.
    #[must_use]
    pub const fn was(self, was: &'static [&'static str]) -> Self {
        EventDescriptor { was, ..self }
    }

    /// It has had one version more than there are upcasters.
    #[must_use]
    pub const fn upcasts(self, upcasts: &'static [Upcast]) -> Self {
        EventDescriptor { upcasts, ..self }
    }

    /// What its upcasters are called. Used by `#[derive(Event)]`.
    #[must_use]
    pub const fn upcast_names(self, upcast_names: &'static [&'static str]) -> Self {
        EventDescriptor { upcast_names, ..self }
    }

    /// Its fields, and the attributes of serde on the type. Used by `#[derive(Event)]`.
    #[must_use]
    pub const fn declared(self, fields: &'static [FieldDescriptor], serde: &'static str) -> Self {
        EventDescriptor { fields: Some(fields), serde, ..self }
    }

    /// A type that no longer exists; its owner is the set that says so.
    #[must_use]
    pub const fn retired(self) -> Self {
        EventDescriptor { retired: true, ..self }
    }

    /// Its fields marked `#[tag]` may add tags with these keys. Used by `#[derive(Event)]`.
    #[must_use]
    pub const fn tagged(self, tagged: &'static [Option<&'static [&'static str]>]) -> Self {
        EventDescriptor { tagged: Some(tagged), ..self }
    }

    /// Whether an event of this type may carry a tag with this key by itself, whoever emits it.
    pub fn may_carry(&self, key: &str) -> bool {
        self.tagged.is_none_or(|fields| {
            fields.iter().any(|keys| keys.is_none_or(|keys| keys.contains(&key)))
        })
    }

    /// Whether its serde form is known to come back as it was; it is not unless this is said.
    #[must_use]
    pub const fn round_trips(self, round_trips: bool) -> Self {
        EventDescriptor { round_trips, ..self }
    }

    /// The version that is written now.
    pub fn version(&self) -> SchemaVersion {
        SchemaVersion::try_from(self.upcasts.len() + 1).unwrap_or(SchemaVersion::MAX)
    }

    /// Its name and those it had before.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.was.iter().copied())
    }
}

/// The type among `types` that has or had this name.
pub fn find<'a>(types: &'a [EventDescriptor], name: &str) -> Option<&'a EventDescriptor> {
    types.iter().find(|known| known.name == name || known.was.contains(&name))
}

/// All names that these types have or had, in order and each once: what is asked for and guarded.
///
/// For an example see [`Event`](trait@crate::Event).
pub fn each_name<'a>(types: impl IntoIterator<Item = &'a EventDescriptor>) -> Vec<&'static str> {
    let types = types.into_iter();
    // Hardly any type had another name.
    let mut names = Vec::with_capacity(types.size_hint().1.unwrap_or(0));
    for name in types.flat_map(EventDescriptor::names) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Puts the types of several sets into one; used by `#[derive(Event)]`.
///
/// # Panics
/// If the sets do not have `N` types together.
pub const fn concat_types<const N: usize>(sets: &[&[EventDescriptor]]) -> [EventDescriptor; N] {
    let mut all = [EventDescriptor::new("", "", TypeId::of::<()>()); N];
    let (mut set, mut to) = (0, 0);
    while set < sets.len() {
        let mut from = 0;
        while from < sets[set].len() {
            all[to] = sets[set][from];
            from += 1;
            to += 1;
        }
        set += 1;
    }
    assert!(to == N);
    all
}

/// The types of a set that have these names, in this order; beside each stands what is wrong if there
/// is none. Used by `#[derive(Event)]`.
///
/// # Panics
/// If a name is not that of one of the types.
pub const fn only_types<const N: usize>(
    types: &[EventDescriptor],
    names: &[(&str, &'static str); N],
) -> [EventDescriptor; N] {
    let mut only = [EventDescriptor::new("", "", TypeId::of::<()>()); N];
    let mut to = 0;
    while to < N {
        let (name, otherwise) = names[to];
        let mut from = 0;
        while from < types.len() && (types[from].retired || !same(types[from].name, name)) {
            from += 1;
        }
        if from == types.len() {
            panic!("{}", otherwise);
        }
        only[to] = types[from];
        to += 1;
    }
    only
}

/// Whether two texts are the same: `==` does not exist yet where constants are made.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}
