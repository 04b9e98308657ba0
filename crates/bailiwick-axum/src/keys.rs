//! What idempotency keys were used for.
//!
//! A runtime scopes a key to the aggregate that is asked, durably, and compares the commands. A client means a
//! *request*: who sends a key to another aggregate has made a mistake, which only the server around can notice. It
//! remembers of each key whom it was sent to, for as long as it lives, and the newest so many.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick::Id;
use parking_lot::Mutex;

/// Within what the runtime recognises a key by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Aggregate { name: &'static str, id: String },
    Decisions,
}

impl Scope {
    pub(crate) fn aggregate(name: &'static str, id: &impl Id) -> Scope {
        Scope::Aggregate { name, id: id.to_string() }
    }
}

/// Which keys were used for what.
pub(crate) struct Keys {
    most: usize,
    window: Duration,
    hasher: RandomState,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_key: HashMap<u64, Use>,
    /// The keys as they came.
    in_order: BTreeMap<u64, u64>,
    /// How many came.
    count: u64,
}

struct Use {
    scope: u64,
    nth: u64,
    since: Instant,
    /// How many requests with it are under way.
    under_way: usize,
    /// One was accepted, or may have been.
    stays: bool,
}

/// A request with a key that is under way. If it was refused for certain, the key is forgotten with it; not if it
/// was accepted, or went away.
pub(crate) struct KeyUse {
    keys: Arc<Keys>,
    key: u64,
    nth: u64,
    stays: bool,
}

/// The key was used for another aggregate.
pub(crate) struct UsedElsewhere;

impl Keys {
    pub(crate) fn new(most: usize, window: Duration) -> Arc<Keys> {
        let (hasher, known) = (RandomState::new(), Mutex::default());
        Arc::new(Keys { most, window, hasher, known })
    }

    pub(crate) fn begin(
        self: &Arc<Self>,
        key: &str,
        scope: &Scope,
        now: Instant,
    ) -> Result<KeyUse, UsedElsewhere> {
        let (key, scope) = (self.hasher.hash_one(key), self.hasher.hash_one(scope));
        let mut known = self.known.lock();
        known.forget(|since| now.duration_since(since) > self.window);
        let nth = match known.by_key.get_mut(&key) {
            Some(used) if used.scope != scope => return Err(UsedElsewhere),
            Some(used) => {
                used.under_way += 1;
                used.nth
            }
            None => known.insert(key, scope, now),
        };
        while known.by_key.len() > self.most {
            known.forget_oldest();
        }
        Ok(KeyUse { keys: self.clone(), key, nth, stays: true })
    }
}

impl Known {
    fn insert(&mut self, key: u64, scope: u64, now: Instant) -> u64 {
        let nth = self.count;
        self.count += 1;
        self.by_key.insert(key, Use { scope, nth, since: now, under_way: 1, stays: false });
        self.in_order.insert(nth, key);
        nth
    }

    fn forget(&mut self, is_old: impl Fn(Instant) -> bool) {
        while let Some((_, key)) = self.in_order.first_key_value()
            && self.by_key.get(key).is_none_or(|used| is_old(used.since))
        {
            self.forget_oldest();
        }
    }

    /// Also if it is under way: then that leaves nothing.
    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.in_order.pop_first() {
            self.by_key.remove(&key);
        }
    }
}

impl KeyUse {
    /// It was refused for certain.
    pub(crate) fn refused(mut self) {
        self.stays = false;
    }
}

impl Drop for KeyUse {
    fn drop(&mut self) {
        let mut known = self.keys.known.lock();
        let known = &mut *known;
        // It may have been forgotten, and have come again.
        let Some(used) = known.by_key.get_mut(&self.key).filter(|used| used.nth == self.nth) else {
            return;
        };
        used.under_way = used.under_way.saturating_sub(1);
        used.stays |= self.stays;
        if used.under_way == 0 && !used.stays {
            known.by_key.remove(&self.key);
            known.in_order.remove(&self.nth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(60);

    fn a() -> Scope {
        Scope::Aggregate { name: "Account", id: "a".to_owned() }
    }

    fn b() -> Scope {
        Scope::Aggregate { name: "Account", id: "b".to_owned() }
    }

    fn begin(keys: &Arc<Keys>, key: &str, scope: &Scope, now: Instant) -> KeyUse {
        keys.begin(key, scope, now).ok().unwrap()
    }

    fn accepted(keys: &Arc<Keys>, key: &str, scope: &Scope, now: Instant) -> bool {
        keys.begin(key, scope, now).is_ok()
    }

    #[test]
    fn a_key_is_of_one_aggregate_unless_it_was_refused_there() {
        let (keys, now) = (Keys::new(10, WINDOW), Instant::now());
        begin(&keys, "k", &a(), now).refused();
        let used = begin(&keys, "k", &b(), now);
        assert!(!accepted(&keys, "k", &a(), now), "it is under way");
        // As when the client hangs up: it may have been accepted.
        drop(used);
        assert!(!accepted(&keys, "k", &a(), now));
        assert!(!accepted(&keys, "k", &Scope::Decisions, now));
        let of_that_name = Scope::Aggregate { name: "Listing", id: "b".to_owned() };
        assert!(!accepted(&keys, "k", &of_that_name, now));
        assert!(accepted(&keys, "k", &b(), now));
        begin(&keys, "k", &b(), now).refused();
        assert!(!accepted(&keys, "k", &a(), now), "another one was accepted");
    }

    #[test]
    fn the_oldest_are_forgotten_and_no_others() {
        let (keys, now) = (Keys::new(3, WINDOW), Instant::now());
        assert!(["1", "2", "3", "4"].iter().all(|key| accepted(&keys, key, &a(), now)));
        assert!(!accepted(&keys, "4", &b(), now));
        assert!(accepted(&keys, "1", &b(), now));
        // What is refused takes nobody's place for longer than it is under way.
        assert!(accepted(&keys, "5", &a(), now) && accepted(&keys, "6", &a(), now));
        for nth in 0..100 {
            begin(&keys, &format!("n{nth}"), &a(), now).refused();
        }
        assert!(!accepted(&keys, "6", &b(), now) && !accepted(&keys, "5", &b(), now));
        let known = keys.known.lock();
        assert!(known.by_key.len() <= 3 && known.in_order.len() == known.by_key.len());
    }

    #[test]
    fn what_was_forgotten_under_way_leaves_what_came_since() {
        let (keys, now) = (Keys::new(1, WINDOW), Instant::now());
        let first = begin(&keys, "k", &a(), now);
        assert!(accepted(&keys, "other", &a(), now));
        let second = begin(&keys, "k", &b(), now);
        first.refused();
        assert!(!accepted(&keys, "k", &a(), now), "the second one is under way");
        drop(second);
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let (keys, now) = (Keys::new(3, WINDOW), Instant::now());
        assert!(accepted(&keys, "k", &a(), now));
        assert!(!accepted(&keys, "k", &b(), now + WINDOW));
        assert!(accepted(&keys, "k", &b(), now + WINDOW + Duration::from_millis(1)));
    }
}
