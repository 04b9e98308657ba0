//! The smallest reproduction of what once was wrong, by the port only: one bit of a record's length changes on the
//! disk under an open journal; a read answered `Ok`, said that everything up to the head was given, and left out
//! acknowledged events.

use std::os::unix::fs::FileExt;
use std::path::Path;

use bailiwick_core::{Journal, Read};
use bailiwick_journal::FileJournal;
use judge::plain::*;

/// The first frame of a segment stands at 4 096, its length from its byte 16 on (little endian).
const LENGTH: u64 = 4_096 + 16;

/// Changes one bit of the length of the first record, which is far too long then.
fn lengthen(folder: &Path) {
    let path = folder.join("0000000001.segment");
    let bytes = std::fs::read(&path).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let at = LENGTH + 2;
    file.write_all_at(&[bytes[usize::try_from(at).unwrap()] ^ 1], at).unwrap();
}

#[test]
fn a_read_never_leaves_out_what_was_acknowledged() {
    let folder = folder();
    let journal = FileJournal::open(folder.path()).unwrap();
    for n in 1..=4 {
        block_on(journal.append(vec![ev("A", format!("payload {n}"), &["t:1"])], None)).unwrap();
    }
    lengthen(folder.path());
    for query in [all(), with(&["t:1"]), of(&["A"])] {
        match block_on(journal.read(Read::new(query.clone()))) {
            Err(why) => {
                let source = std::error::Error::source(&why).unwrap().to_string();
                println!("{query:?}: {why}: {source}");
                assert!(source.contains("0000000001.segment"), "which file? {source}");
            }
            Ok(page) => {
                let (upto, more) = (page.upto, page.more);
                println!("{query:?}: {} events, upto {upto}, more {more}", page.events.len());
                assert_eq!(page.events.len(), 4, "left out without a word: {query:?}");
            }
        }
    }
}

/// The same in a file that is full, with others behind it.
#[test]
fn nor_in_a_file_that_is_full() {
    let folder = folder();
    let journal = FileJournal::options().segment_bytes(16 << 10).open(folder.path()).unwrap();
    for n in 1..=400 {
        let payload = format!("payload {n} {}", "x".repeat(100));
        let event = ev("A", payload, &["t:1", &format!("n:{n}")]);
        block_on(journal.append(vec![event], None)).unwrap();
    }
    lengthen(folder.path());
    let mut wrong = Vec::new();
    for query in [all(), with(&["t:1"]), of(&["A"]), with(&["n:1"])] {
        let expected = if query == with(&["n:1"]) { 1 } else { 400 };
        match block_on(journal.read(Read::new(query.clone()))) {
            Err(why) => println!("{query:?}: {}", std::error::Error::source(&why).unwrap()),
            Ok(page) if page.events.len() == expected => println!("{query:?}: all of it"),
            Ok(page) => {
                let told = |e: &bailiwick_core::RecordedEvent| {
                    let payload = String::from_utf8_lossy(&e.event.payload).into_owned();
                    let tags = e.event.tags.as_slice();
                    format!("position {} is {:?} with {tags:?}", e.position, &payload[..12])
                };
                let (first, last) = (page.events.first().map(told), page.events.last().map(told));
                let (found, upto, more) = (page.events.len(), page.upto, page.more);
                wrong.push(format!(
                    "{query:?}: {found} events, upto {upto}, more {more}; {first:?} to {last:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
