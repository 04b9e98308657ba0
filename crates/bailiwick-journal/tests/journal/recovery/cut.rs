//! What was on its way when the power went is left out.

use std::ops::Range;

use super::{SECTOR, Written};

#[test]
fn what_is_cut_off_at_any_byte_is_left_out() {
    for sizes in [&[40][..], &[0, 200, 3]] {
        let written = Written::new(sizes);
        for cut in written.last.clone() {
            let mut bytes = written.bytes.clone();
            bytes[cut..].fill(0);
            written.is_left_out(&bytes, &format!("cut at {cut} of {:?}", written.last));
        }
        let sim = written.open(&written.bytes).unwrap();
        assert!(sim.all() == written.events, "nothing is cut off");
    }
}

#[test]
fn an_append_that_lacks_sectors_is_left_out() {
    let written = Written::new(&[900, 700, 1_300, 80]);
    let sectors: Vec<Range<usize>> = (0..written.bytes.len() / SECTOR)
        .map(|n| n * SECTOR..(n + 1) * SECTOR)
        .map(|sector| sector.start.max(written.last.start)..sector.end.min(written.last.end))
        .filter(|sector| sector.start < sector.end)
        .collect();
    assert!(sectors.len() > 5, "{sectors:?}");
    for missing in 1_u32..1 << sectors.len() {
        let mut bytes = written.bytes.clone();
        for (n, sector) in sectors.iter().enumerate() {
            if missing & (1 << n) != 0 {
                bytes[sector.clone()].fill(0);
            }
        }
        written.is_left_out(&bytes, &format!("{missing:b} of {sectors:?}"));
    }
}
