mod ghosts;
mod naive;

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const LATER: u64 = 1_000;
const HEAVY: u32 = 30;

fn hash(id: char) -> u64 {
    u64::from(u32::from(id)) << 32
}

/// Those in memory, each with its cache entry, and those of them who are at work.
struct Room {
    resting: Resting<char>,
    standings: BTreeMap<char, CacheEntry>,
    at_work: BTreeSet<char>,
}

impl Room {
    fn new(most: Load) -> Self {
        let resting = Resting::new(most, 1);
        Room { resting, standings: BTreeMap::new(), at_work: BTreeSet::new() }
    }

    /// It works, and rests again with this much on its heap.
    fn works(&mut self, id: char, heap: u32) {
        self.begins(id);
        self.rests(id, heap);
    }

    fn begins(&mut self, id: char) {
        self.at_work.insert(id);
        self.standings.entry(id).or_default();
    }

    fn rests(&mut self, id: char, heap: u32) {
        self.at_work.remove(&id);
        let cache_entry = self.standings.get_mut(&id).expect("in memory");
        self.resting.weigh(cache_entry, heap);
        if cache_entry.is_queued() {
            cache_entry.was_used();
        } else {
            self.resting.enter(id, cache_entry, LATER, hash(id));
        }
    }

    /// Looks at all that are to be looked at.
    fn look(&mut self, now: u64) {
        while let Some(look) = self.resting.next(now) {
            let id = look.item;
            let cache_entry = self.standings.get_mut(&id).expect("in memory");
            let seen = match self.at_work.contains(&id) {
                true => Seen::AtWork,
                false if look.pressed => Seen::Resting(LATER),
                false => Seen::Expired,
            };
            let gone = self.resting.judge(look, cache_entry, seen, hash(id));
            if gone.is_some() && !self.at_work.contains(&id) {
                self.standings.remove(&id);
            }
        }
    }

    fn queues(&self) -> [Vec<char>; 2] {
        [&self.resting.probation, &self.resting.proven]
            .map(|queue| queue.list.iter().map(|(_, id)| *id).collect())
    }
}

/// Plays a script: a letter works and rests, a capital one is heavy from then on, `+a` is at work
/// until `-a`, `!` lets the time of all come.
fn play(most: Load, script: &str) -> Room {
    let mut room = Room::new(most);
    let mut letters = script.chars().filter(|letter| *letter != ' ');
    while let Some(letter) = letters.next() {
        match letter {
            '+' => room.begins(letters.next().expect("who begins")),
            '-' => room.rests(letters.next().expect("who rests"), 0),
            '!' => room.look(LATER),
            heavy if heavy.is_uppercase() => room.works(heavy.to_ascii_lowercase(), HEAVY),
            id => room.works(id, 0),
        }
        room.look(0);
    }
    room
}

#[test]
fn who_gives_way() {
    const FEW: Load = Load { count: 4, bytes: u64::MAX };
    const LIGHT: Load = Load { count: 1_000, bytes: 64 };
    // What happens, then who is on probation, and who is proven.
    let cases = [
        ("nobody while there is room", FEW, "abcd", "d", "abc"),
        ("the latest, if nobody is used again", FEW, "abcd e f", "f", "abc"),
        ("not who was used again on probation", FEW, "abcd d e", "e", "bcd"),
        ("not who was used again before", FEW, "abcd a d e", "e", "cda"),
        ("but then its uses are spent", FEW, "abcd a d e e f", "f", "dae"),
        ("two uses last for two turns", FEW, "abcd aa d e e f f g", "g", "aef"),
        ("more uses last no longer", FEW, "abcd aaaaa d e e f f g g h h i i j j k", "k", "hij"),
        ("not who comes back soon", FEW, "abcd e d", "e", "bcd"),
        ("nobody for who comes back late", FEW, "abcd efghijklmnopqrst d", "d", "abc"),
        ("not the used, whatever passes by", FEW, "abcabcabc defghijklmnopqrstuvwxyz", "z", "abc"),
        ("not who is at work", FEW, "abcd +d e f", "f", "abc"),
        ("not who was at work: it is proven", FEW, "abcd +d e -d", "e", "bcd"),
        ("not even if all were", FEW, "+a+b+c+d+e -a-b-c-d-e", "e", "abc"),
        ("all whose time has come", FEW, "abcd !", "", ""),
        ("all but who is at work", FEW, "abcd +b ! -b", "", "b"),
        ("who is too heavy for what is left", LIGHT, "Ab C D e", "e", "abc"),
        ("as many as weigh as much", LIGHT, "abcdefgh A B", "", "ghab"),
        ("who is heavy, like any other", LIGHT, "Ab A C b d d e", "e", "dab"),
        ("who is too heavy for all, at once", Load { bytes: 20, ..LIGHT }, "ab C d", "", "abd"),
        ("who is too heavy, ghost or not", Load { bytes: 20, ..LIGHT }, "ab C C C d", "", "abd"),
        ("all but one", Load { count: 1, ..FEW }, "a b a b b c", "c", ""),
    ];
    for (case, most, script, probation, proven) in cases {
        let room = play(most, script);
        let queues = room.queues().map(String::from_iter);
        assert_eq!(queues, [probation, proven].map(str::to_owned), "{case}: {script}");
        let load = room.resting.load();
        assert!(!load.exceeds(most), "{case}: {load:?}");
    }
}
