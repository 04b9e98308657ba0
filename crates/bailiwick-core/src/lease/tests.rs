use std::collections::HashMap;

use super::*;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn set(slots: usize, leases: &[(&'static str, u64)]) -> LeaseSet<&'static str> {
    let mut set = LeaseSet::new(slots);
    for (key, expires_at) in leases {
        set.grant(*key, at(*expires_at));
    }
    set
}

#[test]
fn a_lease_is_valid_until_just_before_its_expiry() {
    let set = set(2, &[("a", 10)]);
    assert_eq!(set.valid(&"a", at(9)), Some(at(10)));
    assert_eq!(set.valid(&"a", at(10)), None);
    assert_eq!(set.valid(&"b", at(9)), None);
}

#[test]
fn what_ran_out_does_not_count_although_nobody_reclaimed_it() {
    let set = set(2, &[("a", 10), ("b", 11)]);
    assert_eq!((set.in_use(at(9)), set.free(at(9))), (2, 0));
    assert_eq!((set.in_use(at(10)), set.free(at(10))), (1, 1));
    assert_eq!((set.in_use(at(11)), set.free(at(11))), (0, 2));
    assert_eq!(set.next_expiry(), Some(at(10)));
}

#[test]
fn expired_leases_come_in_order_of_expiry_then_key() {
    let set = set(9, &[("d", 10), ("b", 20), ("c", 5), ("a", 10), ("e", 21)]);
    let expired: Vec<_> = set.expired(at(20)).map(|(key, _)| *key).collect();
    assert_eq!(expired, ["c", "a", "d", "b"]);
    assert_eq!(set.expired(at(4)).count(), 0);
}

#[test]
fn who_holds_comes_in_order_of_expiry_then_key() {
    let mut set = set(2, &[("d", 10), ("b", 20), ("c", 5), ("a", 10), ("e", 21)]);
    let holders = |set: &LeaseSet<&'static str>, now| -> Vec<_> {
        set.holders(at(now)).map(|(key, until)| (*key, until.as_millis())).collect()
    };
    assert_eq!(holders(&set, 9), [("a", 10), ("d", 10), ("b", 20), ("e", 21)]);
    assert_eq!(holders(&set, 10), [("b", 20), ("e", 21)]);
    assert_eq!(holders(&set, 21), []);
    set.end(&"b");
    set.grant("e", at(30));
    assert_eq!(holders(&set, 0), [("c", 5), ("a", 10), ("d", 10), ("e", 30)]);
}

#[test]
fn granting_again_moves_the_expiry_either_way() {
    let mut set = set(1, &[("a", 10), ("a", 30)]);
    assert_eq!(set.next_expiry(), Some(at(30)));
    assert_eq!(set.in_use(at(10)), 1);
    set.grant("a", at(20));
    assert_eq!(set.valid(&"a", at(20)), None);
    assert_eq!(set.next_expiry(), Some(at(20)));
}

#[test]
fn ending_is_total() {
    let mut set = set(1, &[("a", 10)]);
    set.end(&"b");
    set.end(&"a");
    set.end(&"a");
    assert_eq!((set.in_use(at(0)), set.next_expiry()), (0, None));
}

#[test]
fn lowering_the_slots_ends_no_lease() {
    let mut set = set(3, &[("a", 10), ("b", 10)]);
    set.set_slots(1);
    assert_eq!((set.slots(), set.in_use(at(9)), set.free(at(9))), (1, 2, 0));
    set.grant("c", at(10));
    assert_eq!(set.in_use(at(9)), 3, "an event that happened is folded in");
}

#[test]
fn it_survives_being_stored_even_with_keys_that_are_no_text() {
    let mut set = LeaseSet::new(3);
    set.grant((2, 'x'), at(10));
    set.grant((1, 'y'), at(20));
    let stored = serde_json::to_string(&set).unwrap();
    assert_eq!(stored, r#"{"slots":3,"leases":[[[1,"y"],20],[[2,"x"],10]]}"#);
    let back: LeaseSet<(i32, char)> = serde_json::from_str(&stored).unwrap();
    assert_eq!(back, set);
    assert_eq!(back.next_expiry(), Some(at(10)));
}

/// The same by brute force.
#[derive(Default)]
struct Model(HashMap<u64, Timestamp>);

impl Model {
    fn expired(&self, now: Timestamp) -> Vec<(u64, Timestamp)> {
        let mut expired: Vec<_> = self.0.iter().map(|(key, at)| (*key, *at)).collect();
        expired.retain(|(_, at)| now >= *at);
        expired.sort_unstable_by_key(|(key, at)| (*at, *key));
        expired
    }

    fn check(&self, set: &LeaseSet<u64>, now: Timestamp) {
        let in_use = self.0.values().filter(|at| now < **at).count();
        assert_eq!(set.in_use(now), in_use);
        assert_eq!(set.free(now), set.slots().saturating_sub(in_use));
        assert_eq!(set.next_expiry(), self.0.values().min().copied());
        let expired: Vec<_> = set.expired(now).map(|(key, at)| (*key, at)).collect();
        assert_eq!(expired, self.expired(now));
        for key in 0..KEYS {
            let valid = self.0.get(&key).copied().filter(|at| now < *at);
            assert_eq!(set.valid(&key, now), valid);
        }
    }
}

const KEYS: u64 = 12;

#[test]
fn it_answers_like_a_naive_model_in_random_histories() {
    for seed in 1..=200 {
        let mut random = Xorshift(seed);
        let (mut set, mut model, mut now) = (LeaseSet::new(4), Model::default(), at(0));
        for _ in 0..200 {
            let key = random.below(KEYS);
            match random.below(10) {
                0..=4 => {
                    // Sometimes already in the past, often equal to another one.
                    let expires_at = at((now.as_millis() + random.below(12)).saturating_sub(3));
                    set.grant(key, expires_at);
                    model.0.insert(key, expires_at);
                }
                5..=6 => {
                    set.end(&key);
                    model.0.remove(&key);
                }
                7 => {
                    for (key, _) in model.expired(now) {
                        set.end(&key);
                        model.0.remove(&key);
                    }
                }
                8 => set.set_slots(usize::try_from(random.below(8)).unwrap()),
                _ => now = now.plus_millis(random.below(6)),
            }
            model.check(&set, now);
        }
    }
}

struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
