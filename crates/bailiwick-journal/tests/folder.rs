//! The log in a folder of the file system: what is refused, by which name, and what is none of its business.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bailiwick_journal::files::{Disk, Fault, Folder, Simulated};
use bailiwick_journal::log::{Log, OpenError, Options, ReadError, WriteError};

fn open_with(folder: Arc<dyn Folder>, seed: u64) -> Result<Log, OpenError> {
    let mut entropy = fastrand::Rng::with_seed(seed);
    let entropy = Box::new(move || entropy.u64(..));
    Ok(Log::open(folder, Options { segment_bytes: Some(8_192) }, entropy)?.log)
}

fn open(path: &Path) -> Result<Log, OpenError> {
    open_with(Arc::new(Disk::at(path)), 1)
}

fn write(log: &mut Log, batches: u8) {
    for batch in 0..batches {
        log.write(&[vec![batch + 1; 1_000], vec![batch + 1; 500]]).expect("it is written");
        log.sync().expect("it is durable");
    }
}

fn read(log: &Log) -> Result<usize, ReadError> {
    log.records().try_fold(0, |count, record| record.map(|_| count + 1))
}

#[test]
fn a_log_is_found_again_in_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(".hidden"), "x").expect("a file");
    fs::create_dir(folder.path().join("lost+found")).expect("a folder");
    fs::write(folder.path().join("0000000009.segment.unfinished"), "x").expect("a file");
    let mut log = open(folder.path()).expect("it opens");
    let id = log.id();
    write(&mut log, 7);
    log.ahead().make().expect("there is room");
    log.close().expect("it ends well");
    let mut log = open(folder.path()).expect("it opens");
    assert_eq!((log.id(), log.durable().get()), (id, 14));
    write(&mut log, 1);
    assert_eq!(read(&log).expect("it is whole"), 16);
    let names = Disk::at(folder.path()).names().expect("names");
    assert!(names.contains(&".hidden".to_owned()));
    assert!(!names.iter().any(|name| name.ends_with(".unfinished")), "{names:?}");
}

#[test]
fn what_is_missing_or_foreign_is_refused_by_its_name() {
    let (folder, other) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("one"));
    write(&mut open(folder.path()).expect("it opens"), 7);
    write(&mut open_with(Arc::new(Disk::at(other.path())), 2).expect("it opens"), 7);
    let second = |folder: &Path| folder.join("0000000002.segment");
    let ours = fs::read(second(folder.path())).expect("a segment");

    fs::copy(second(other.path()), second(folder.path())).expect("a copy");
    let error = open(folder.path()).err().expect("it belongs to another");
    assert!(
        matches!(&error, OpenError::Foreign { file } if file == "0000000002.segment"),
        "{error}"
    );

    fs::remove_file(second(folder.path())).expect("it is there");
    let error = open(folder.path()).err().expect("one is missing");
    assert!(
        matches!(&error, OpenError::Missing { file } if file == "0000000002.segment"),
        "{error}"
    );

    let mut damaged = ours.clone();
    damaged[20] ^= 1;
    fs::write(second(folder.path()), &damaged).expect("it is written");
    let error = open(folder.path()).err().expect("its header is damaged");
    assert!(matches!(&error, OpenError::Damaged { offset: 0, .. }), "{error}");

    // In the middle it is found when it is read.
    let mut damaged = ours.clone();
    damaged[4_200] ^= 1;
    fs::write(second(folder.path()), &damaged).expect("it is written");
    let log = open(folder.path()).expect("it opens");
    let error = read(&log).expect_err("it is damaged");
    let names = matches!(&error, ReadError::Damaged { file, offset: 4_096 } if file == "0000000002.segment");
    assert!(names, "{error}");

    fs::write(second(folder.path()), &ours).expect("it is written");
    assert_eq!(read(&open(folder.path()).expect("it opens")).expect("it is whole"), 14);
}

#[test]
fn a_record_is_not_taken_for_that_of_another_position() {
    let mut log = open_with(Arc::new(Simulated::new(1)), 1).expect("it opens");
    write(&mut log, 2);
    let records: Vec<_> = log.records().map(|record| record.expect("it is whole")).collect();
    let (first, second) = (&records[0], &records[1]);
    assert_eq!(
        log.segments().record(first.position, first.place).expect("it is whole"),
        first.bytes
    );
    let error = log.segments().record(second.position, first.place).expect_err("it is another");
    assert!(matches!(error, ReadError::Damaged { .. }), "{error}");
}

#[test]
fn what_a_later_version_wrote_is_not_called_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&mut open(folder.path()).expect("it opens"), 1);
    let path = folder.path().join("0000000001.segment");
    let ours = fs::read(&path).expect("a segment");

    let mut later = ours.clone();
    later[..8].copy_from_slice(b"BLWKSEG2");
    later[24..52].fill(7);
    for bytes in [&later[..], &later[..8]] {
        fs::write(&path, bytes).expect("it is written");
        let error = open(folder.path()).err().expect("it is of a later version");
        assert!(matches!(error, OpenError::NewerFormat { found: 2, known: 1, .. }), "{error}");
        assert!(error.to_string().contains("0000000001.segment"), "{error}");
    }

    // One bit of the digit makes another digit of it.
    let mut damaged = ours.clone();
    damaged[7] ^= 2;
    let mut no_digit = later.clone();
    no_digit[7] = b'x';
    for bytes in [damaged, no_digit] {
        fs::write(&path, bytes).expect("it is written");
        let error = open(folder.path()).err().expect("its header is damaged");
        assert!(matches!(error, OpenError::Damaged { offset: 0, .. }), "{error}");
    }
    fs::write(&path, ours).expect("it is written");
    assert_eq!(open(folder.path()).expect("it opens").durable().get(), 2);
}

/// Positions are never given twice, whatever was lost of the folder.
#[test]
fn a_log_without_its_beginning_is_refused() {
    for batches in [1, 7] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut log = open(folder.path()).expect("it opens");
        write(&mut log, batches);
        log.ahead().make().expect("there is room");
        drop(log);
        fs::remove_file(folder.path().join("0000000001.segment")).expect("it is there");
        let error = open(folder.path()).err().expect("its beginning is missing");
        let names = matches!(&error, OpenError::Missing { file } if file == "0000000001.segment");
        assert!(names, "{error}");
    }
}

#[test]
fn where_there_is_no_room_for_a_segment_the_log_goes_on_later() {
    let disk = Simulated::new(1);
    let mut log = open_with(Arc::new(disk.clone()), 1).expect("it opens");
    write(&mut log, 2);
    // The name of the next segment, and then its zeros.
    disk.plan(1, Fault::NoRoom);
    let error = log.write(&[[9; 2_000]]).expect_err("there is no room");
    assert!(matches!(error, WriteError::NotWritten(_)), "{error}");
    assert!(!log.is_closed());
    assert_eq!(read(&log).expect("it is whole"), 4);
    disk.free_room();
    write(&mut log, 2);
    assert_eq!(read(&log).expect("it is whole"), 8);
}

#[test]
#[should_panic(expected = "a batch has a record")]
fn a_batch_without_a_record_is_a_mistake() {
    let mut log = open_with(Arc::new(Simulated::new(1)), 1).expect("it opens");
    drop(log.write(&[[0; 0]; 0]));
}
