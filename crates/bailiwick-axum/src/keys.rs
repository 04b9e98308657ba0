//! What idempotency keys were used for.
//!
//! A runtime scopes a key to the aggregate that is asked, durably, and compares the commands. A client means a
//! *request*: who sends a key to another resource has made a mistake, which only the server around can notice. It
//! remembers of each key the method and path, for as long as it lives, and the newest so many.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::Method;
use parking_lot::Mutex;

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
    /// The keys as they came, each with when.
    in_order: VecDeque<(u64, Instant)>,
}

struct Use {
    resource: u64,
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
    stays: bool,
}

/// The key was used for another resource.
pub(crate) struct UsedElsewhere;

impl Keys {
    pub(crate) fn new(most: usize, window: Duration) -> Arc<Keys> {
        let (hasher, known) = (RandomState::new(), Mutex::default());
        Arc::new(Keys { most, window, hasher, known })
    }

    pub(crate) fn begin(
        self: &Arc<Self>,
        key: &str,
        (method, path): (&Method, &str),
        now: Instant,
    ) -> Result<KeyUse, UsedElsewhere> {
        let (key, resource) = (self.hasher.hash_one(key), self.hasher.hash_one((method, path)));
        let mut known = self.known.lock();
        known.forget_older(self.most, |since| now.duration_since(since) > self.window);
        match known.by_key.get_mut(&key) {
            Some(used) if used.resource != resource => return Err(UsedElsewhere),
            Some(used) => used.under_way += 1,
            None => {
                let used = Use { resource, since: now, under_way: 1, stays: false };
                known.by_key.insert(key, used);
                known.in_order.push_back((key, now));
            }
        }
        Ok(KeyUse { keys: self.clone(), key, stays: true })
    }
}

impl Known {
    fn forget_older(&mut self, most: usize, is_old: impl Fn(Instant) -> bool) {
        while let Some((key, since)) = self.in_order.front().copied() {
            if self.in_order.len() < most && !is_old(since) {
                return;
            }
            self.in_order.pop_front();
            if self.by_key.get(&key).is_some_and(|used| used.since == since) {
                self.by_key.remove(&key);
            }
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
        let Some(used) = known.by_key.get_mut(&self.key) else { return };
        used.under_way = used.under_way.saturating_sub(1);
        used.stays |= self.stays;
        if used.under_way == 0 && !used.stays {
            known.by_key.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: (&Method, &str) = (&Method::POST, "/a");
    const B: (&Method, &str) = (&Method::POST, "/b");
    const WINDOW: Duration = Duration::from_secs(60);

    fn accepted(keys: &Arc<Keys>, key: &str, resource: (&Method, &str), now: Instant) -> bool {
        keys.begin(key, resource, now).is_ok()
    }

    #[test]
    fn a_key_is_of_one_resource_unless_it_was_refused_there() {
        let (keys, now) = (Keys::new(10, WINDOW), Instant::now());
        keys.begin("k", A, now).ok().unwrap().refused();
        let used = keys.begin("k", B, now).ok().unwrap();
        assert!(!accepted(&keys, "k", A, now), "it is under way");
        drop(used);
        assert!(!accepted(&keys, "k", A, now));
        assert!(!accepted(&keys, "k", (&Method::PUT, "/b"), now));
        assert!(accepted(&keys, "k", B, now));
        keys.begin("k", B, now).ok().unwrap().refused();
        assert!(!accepted(&keys, "k", A, now), "another one was accepted");
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let (keys, now) = (Keys::new(3, WINDOW), Instant::now());
        assert!(["1", "2", "3", "4"].iter().all(|key| accepted(&keys, key, A, now)));
        assert!(!accepted(&keys, "4", B, now));
        assert!(accepted(&keys, "1", B, now));
        for nth in 0..100 {
            keys.begin(&format!("n{nth}"), A, now).ok().unwrap().refused();
        }
        let known = keys.known.lock();
        assert!(known.by_key.len() <= 3 && known.in_order.len() <= 3);
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let (keys, now) = (Keys::new(3, WINDOW), Instant::now());
        assert!(accepted(&keys, "k", A, now));
        assert!(!accepted(&keys, "k", B, now + WINDOW));
        assert!(accepted(&keys, "k", B, now + WINDOW + Duration::from_millis(1)));
    }
}
