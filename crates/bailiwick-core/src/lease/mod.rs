//! Leases: "this counts until T", judged by whoever asks, at the moment of asking.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Leases, each on one of a number of slots, held by a `K`.
///
/// 1. A lease is valid iff `now < expires_at`. Every question is answered at the `now` it is asked
///    at, whatever a timer has done so far: a lease that ran out but was not ended does not count.
/// 2. Changes are total. Whether a slot *may* be granted is for a decision to judge beforehand; an
///    event that happened is folded in as it is, even beyond the number of slots.
/// 3. What ran out is given in the order (expiry, key), so that two runs reclaim alike.
///
/// Granting, renewing, ending and looking at one lease take O(log n).
///
/// ```
/// # use bailiwick_core::LeaseSet;
/// let mut leases = LeaseSet::new(1);
/// leases.grant("s1", 10.into());
/// assert_eq!(leases.valid(&"s1", 9.into()), Some(10.into()));
/// assert_eq!(leases.free(9.into()), 0);
/// // Nobody ended it, and yet:
/// assert_eq!(leases.valid(&"s1", 10.into()), None);
/// assert_eq!(leases.free(10.into()), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    into = "Stored<K>",
    from = "Stored<K>",
    bound(
        serialize = "K: Ord + Clone + Serialize",
        deserialize = "K: Ord + Clone + Deserialize<'de>"
    )
)]
pub struct LeaseSet<K> {
    slots: usize,
    expires_at: BTreeMap<K, Timestamp>,
    /// The same leases by expiry. Both change together, in `grant` and `end` only.
    by_expiry: BTreeSet<(Timestamp, K)>,
}

impl<K> LeaseSet<K> {
    /// No leases yet, on `slots` slots.
    pub const fn new(slots: usize) -> Self {
        LeaseSet { slots, expires_at: BTreeMap::new(), by_expiry: BTreeSet::new() }
    }

    /// How many slots there are.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Changes the number of slots. Leases above a lowered number stay as they are.
    pub fn set_slots(&mut self, slots: usize) {
        self.slots = slots;
    }
}

impl<K: Ord + Clone> LeaseSet<K> {
    /// Grants `key` a lease until `expires_at`, or moves the expiry of the one it has.
    pub fn grant(&mut self, key: K, expires_at: Timestamp) {
        let Some(held) = self.expires_at.get_mut(&key) else {
            self.expires_at.insert(key.clone(), expires_at);
            self.by_expiry.insert((expires_at, key));
            return;
        };
        let mut entry = (*held, key);
        *held = expires_at;
        self.by_expiry.remove(&entry);
        entry.0 = expires_at;
        self.by_expiry.insert(entry);
    }

    /// Ends the lease of `key`, whether it was given back or ran out. Without one, nothing changes.
    pub fn end(&mut self, key: &K) {
        if let Some((key, expires_at)) = self.expires_at.remove_entry(key) {
            self.by_expiry.remove(&(expires_at, key));
        }
    }

    /// Until when the lease of `key` holds; `None` if it has none that is valid at `now`.
    pub fn valid(&self, key: &K, now: Timestamp) -> Option<Timestamp> {
        let expires_at = *self.expires_at.get(key)?;
        (now < expires_at).then_some(expires_at)
    }

    /// Who holds a lease that is valid at `now`, and until when, in the order (expiry, key).
    ///
    /// ```
    /// # use bailiwick_core::{LeaseSet, Timestamp};
    /// let mut leases = LeaseSet::new(3);
    /// leases.grant("tv", 30.into());
    /// leases.grant("phone", 20.into());
    /// leases.grant("tablet", 10.into());
    /// let holders: Vec<_> = leases.holders(10.into()).collect();
    /// assert_eq!(holders, [(&"phone", 20.into()), (&"tv", 30.into())]);
    /// ```
    pub fn holders(&self, now: Timestamp) -> impl Iterator<Item = (&K, Timestamp)> {
        self.by_expiry
            .iter()
            .skip_while(move |(expires_at, _)| *expires_at <= now)
            .map(|(expires_at, key)| (key, *expires_at))
    }

    /// How many leases are valid at `now`, in O(log n + those that ran out and were not ended).
    pub fn in_use(&self, now: Timestamp) -> usize {
        self.by_expiry.len() - self.expired(now).count()
    }

    /// How many slots are free at `now`; none if there are more leases than slots.
    pub fn free(&self, now: Timestamp) -> usize {
        self.slots.saturating_sub(self.in_use(now))
    }

    /// When the first lease runs out, or ran out if it was not ended since. O(log n).
    ///
    /// The natural [`deadline`](crate::Aggregate::deadline) of an aggregate that has leases.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.by_expiry.first().map(|(expires_at, _)| *expires_at)
    }

    /// The leases that have run out at `now` and were not ended, in the order (expiry, key).
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = (&K, Timestamp)> {
        self.by_expiry
            .iter()
            .take_while(move |(expires_at, _)| *expires_at <= now)
            .map(|(expires_at, key)| (key, *expires_at))
    }
}

/// How a lease set is stored: without the second index, and with keys that need not be text.
#[derive(Serialize, Deserialize)]
struct Stored<K> {
    slots: usize,
    leases: Vec<(K, Timestamp)>,
}

impl<K> From<LeaseSet<K>> for Stored<K> {
    fn from(set: LeaseSet<K>) -> Self {
        Stored { slots: set.slots, leases: set.expires_at.into_iter().collect() }
    }
}

impl<K: Ord + Clone> From<Stored<K>> for LeaseSet<K> {
    fn from(stored: Stored<K>) -> Self {
        let mut set = LeaseSet::new(stored.slots);
        for (key, expires_at) in stored.leases {
            set.grant(key, expires_at);
        }
        set
    }
}

#[cfg(test)]
mod tests;
