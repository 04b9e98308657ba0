use super::super::ghosts::Ghosts;

/// Well spread over buckets, and different.
fn hash(n: u64) -> u64 {
    let hash = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[test]
fn it_remembers_the_latest_once() {
    let mut ghosts = Ghosts::default();
    ghosts.make_room(1_000);
    (0..100_000).for_each(|n| ghosts.insert(hash(n)));
    assert!((99_900..100_000).all(|n| ghosts.take(hash(n))), "the last hundred are there");
    assert!(!(99_900..100_000).any(|n| ghosts.take(hash(n))), "and were taken");
    assert!(!(0..90_000).any(|n| ghosts.take(hash(n))), "the first are forgotten");
}

#[test]
fn there_are_never_more_than_there_is_room_for() {
    let mut ghosts = Ghosts::default();
    ghosts.insert(hash(1));
    assert_eq!((ghosts.len(), ghosts.take(hash(1))), (0, false), "there is no room at first");
    for (most, room) in [(1, 8), (16, 16), (17, 24), (1_000, 1_000)] {
        let mut ghosts = Ghosts::default();
        ghosts.make_room(most);
        (0..10_000).for_each(|n| ghosts.insert(hash(n)));
        assert_eq!((ghosts.len(), ghosts.room()), (room, room), "{most}");
    }
    ghosts.make_room(1_000);
    ghosts.clear();
    assert_eq!(ghosts.room(), 0);
}

#[test]
fn room_changes_only_when_it_is_far_off() {
    let mut ghosts = Ghosts::default();
    for (most, room) in [(80, 80), (40, 80), (160, 80), (161, 168), (33, 168), (32, 32)] {
        ghosts.make_room(most);
        assert_eq!(ghosts.room(), room, "{most}");
    }
}
