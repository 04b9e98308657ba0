//! What a command is recognised by is stored with its answer: `tests/golden/fingerprints-1.txt` holds
//! fingerprints as they were made once. Nothing in there is ever changed; new cases are added at the
//! end.
//!
//! What would be made today: `cargo test -p bailiwick-tests --test keys golden -- --ignored --nocapture`.
//! It only prints.

use std::collections::{BTreeMap, HashMap, HashSet};

use bailiwick::{Timestamp, codec};
use serde::Serialize;

const VERSION_1: &str = include_str!("../golden/fingerprints-1.txt");

#[derive(Serialize)]
struct Everything {
    numbers: (u8, i16, u64, i128, u128),
    floats: [f64; 4],
    half: f32,
    text: &'static str,
    letter: char,
    none: Option<u8>,
    some: Option<Option<u8>>,
    unit: (),
    map: HashMap<String, Vec<HashMap<u8, bool>>>,
    set: HashSet<(u8, &'static str)>,
    shapes: Vec<Shape>,
    at: Timestamp,
}

#[derive(Serialize)]
enum Shape {
    Unit,
    New(u8),
    Pair(u8, u8),
    Fields { b: u8, a: u8 },
}

#[derive(Serialize)]
struct Acquire {
    session: &'static str,
}

#[derive(Serialize)]
struct Nothing;

fn everything() -> Everything {
    let inner = || (0..9).map(|n| (n, n > 4)).collect();
    Everything {
        numbers: (255, -300, u64::MAX, i128::MIN, u128::MAX),
        floats: [0.1, -0.0, f64::NAN, f64::NEG_INFINITY],
        half: 0.5,
        text: "ü 🦀",
        letter: 'x',
        none: None,
        some: Some(None),
        unit: (),
        map: (0..9).map(|n| (n.to_string(), vec![inner(), inner()])).collect(),
        set: (0..9).map(|n| (n, "set")).collect(),
        shapes: vec![Shape::Unit, Shape::New(1), Shape::Pair(1, 2), Shape::Fields { b: 2, a: 1 }],
        at: Timestamp::from_millis(1_767_225_600_123),
    }
}

fn fingerprint<C: Serialize>(name: &str, command: &C) -> u64 {
    codec::fingerprint(name, command).expect("it can be serialised")
}

fn cases() -> BTreeMap<&'static str, u64> {
    BTreeMap::from([
        ("a struct", fingerprint("Acquire", &Acquire { session: "s1" })),
        ("another name", fingerprint("streaming::Acquire", &Acquire { session: "s1" })),
        ("no name", fingerprint("", &Acquire { session: "s1" })),
        ("a unit", fingerprint("Nothing", &Nothing)),
        ("a number", fingerprint("u64", &5_u64)),
        ("everything", fingerprint("Everything", &everything())),
    ])
}

#[test]
fn a_fingerprint_is_what_it_was() {
    let lines = VERSION_1.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let written: BTreeMap<_, _> = lines
        .map(|line| {
            let (name, digits) = line.split_once('\t').expect("two columns");
            (name, u64::from_str_radix(digits, 16).expect("a number"))
        })
        .collect();
    assert_eq!(cases(), written);
}

#[test]
#[ignore = "prints what the golden file would be today"]
fn print_what_would_be_made() {
    for (name, fingerprint) in cases() {
        println!("{name}\t{fingerprint:016x}");
    }
}
