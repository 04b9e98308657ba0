//! What is damaged that was acknowledged is refused, with the file and where.

use super::{BEGIN, FIRST, HEADER, PADDING, SECTOR, Written, refused_at};

#[test]
fn damage_before_the_last_append_is_refused() {
    let written = Written::new(&[40]);
    let mut unseen = 0;
    for at in BEGIN..written.last.start {
        let mut bytes = written.bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        match written.open(&bytes) {
            Ok(sim) => {
                assert!(sim.all() == written.events, "a bit at {at}");
                unseen += 1;
            }
            refused => {
                let offset = refused_at(refused, FIRST, &format!("a bit at {at}"));
                assert!(offset <= at as u64, "the damage at {at} is said to be at {offset}");
            }
        }
    }
    // What fills a frame up is nobody's.
    assert!(unseen <= written.before.len() * PADDING, "{unseen} bits");
    for at in (BEGIN..written.last.start - SECTOR).step_by(97) {
        let mut bytes = written.bytes.clone();
        bytes[at..at + SECTOR].fill(0);
        written.is_refused(&bytes, &format!("a sector from {at}"));
    }
}

#[test]
fn damage_to_the_last_append_is_refused_too() {
    for written in [Written::new(&[40, 700]), Written::marked(&[40, 700])] {
        let mut unseen = 0;
        for at in written.last.clone() {
            for bit in 0..8 {
                let mut bytes = written.bytes.clone();
                bytes[at] ^= 1 << bit;
                match written.open(&bytes) {
                    Ok(sim) => {
                        assert!(
                            sim.all() == written.events,
                            "bit {bit} at {at} is taken for a crash"
                        );
                        unseen += 1;
                    }
                    refused => drop(refused_at(refused, FIRST, &format!("bit {bit} at {at}"))),
                }
            }
        }
        assert!(unseen <= 8 * PADDING, "{unseen} bits of {:?}", written.last);
    }
}

/// What was acknowledged and marked does not go unnoticed, be it cut off or overwritten with zeros.
#[test]
fn what_a_mark_says_was_durable_is_not_taken_for_what_was_on_its_way() {
    let written = Written::marked(&[40]);
    assert!(written.open(&written.bytes).unwrap().all() == written.events);
    let mut bytes = written.bytes.clone();
    bytes[written.last.clone()].fill(0);
    assert_eq!(written.is_refused(&bytes, "without the last"), written.last.start as u64);
    for sector in (written.last.start / SECTOR * SECTOR..written.last.end).step_by(SECTOR) {
        let mut bytes = written.bytes.clone();
        bytes[sector.max(written.last.start)..(sector + SECTOR).min(written.last.end)].fill(0);
        written.is_refused(&bytes, "without a sector");
    }
}

#[test]
fn a_header_that_is_damaged_is_refused() {
    let written = Written::new(&[40]);
    for at in 0..HEADER {
        let mut bytes = written.bytes.clone();
        bytes[at] ^= 4;
        assert_eq!(written.is_refused(&bytes, &format!("the header at {at}")), 0);
    }
    let mut bytes = written.bytes.clone();
    bytes[..HEADER].fill(0);
    written.is_refused(&bytes, "no header");
}

#[test]
fn a_file_that_was_cut_is_refused() {
    let written = Written::new(&[40]);
    let length = written.bytes.len();
    for length in [0, HEADER - 1, HEADER, BEGIN, written.last.end, length - 1] {
        written.is_refused(&written.bytes[..length], &format!("{length} bytes"));
    }
    let mut longer = written.bytes.clone();
    longer.push(0);
    written.is_refused(&longer, "a byte more");
}
