//! Segments that are not those of this journal, and disks that do not do what they should.

use std::fs;
use std::sync::Arc;

use bailiwick_core::journal::FaultKind;
use bailiwick_journal::OpenError;
use bailiwick_journal::files::Disk;
use bailiwick_journal::store::{Bounds, Store};

#[cfg(unix)]
use crate::support::names;
use crate::support::{given_folder, open_log, refused, run_in_name_space, write};

/// A log that was moved to another disk, behind links, is not made anew.
#[cfg(unix)]
#[test]
fn a_segment_may_be_a_link() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(&mut open_log(folder.path(), 1).unwrap());
    for name in names(folder.path()).iter().filter(|name| name.ends_with(".segment")) {
        fs::copy(folder.path().join(name), other.path().join(name)).unwrap();
        fs::remove_file(folder.path().join(name)).unwrap();
        std::os::unix::fs::symlink(other.path().join(name), folder.path().join(name)).unwrap();
    }
    assert_eq!(open_log(folder.path(), 2).unwrap().durable().get(), 7);
    fs::remove_file(other.path().join("0000000001.segment")).unwrap();
    let error = open_log(folder.path(), 3).err().unwrap();
    assert!(matches!(error, OpenError::Storage { .. }), "{error:?}");
}

#[test]
fn what_is_wrong_with_a_segment_names_its_file() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(&mut open_log(folder.path(), 1).unwrap());
    write(&mut open_log(other.path(), 2).unwrap());
    let second = folder.path().join("0000000002.segment");
    let told = |changed: &[u8]| {
        fs::write(&second, changed).unwrap();
        let error = open_log(folder.path(), 3).err().expect("it is refused");
        assert_eq!(error.path(), second, "{error:?}");
        error
    };
    let ours = fs::read(&second).unwrap();
    let foreign = told(&fs::read(other.path().join("0000000002.segment")).unwrap());
    assert!(matches!(foreign, OpenError::Foreign { .. }), "{foreign:?}");
    let newer = told(b"BLWKSEG4");
    assert!(matches!(newer, OpenError::NewerFormat { found: 4, known: 1, .. }), "{newer:?}");
    let damaged = told(&[&[0], &ours[1..]].concat());
    assert!(matches!(damaged, OpenError::Corrupt { offset: 0, .. }), "{damaged:?}");
    fs::remove_file(&second).unwrap();
    let missing = open_log(folder.path(), 3).err().expect("it is missing");
    assert!(matches!(&missing, OpenError::Missing { path } if *path == second), "{missing:?}");

    // Records that are whole, and no events.
    fs::write(&second, ours).unwrap();
    let disk = Arc::new(Disk::at(folder.path()));
    let store = Store::open(disk, Bounds::default(), Box::new(|| 1)).err().expect("no events");
    let error = OpenError::of_store(folder.path(), store);
    assert_eq!((error.path(), error.kind()), (folder.path(), FaultKind::Corrupt));
    assert!(error.to_string().contains("position 1 "), "{error}");
}

#[test]
fn a_folder_that_may_not_be_written_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let mount = "mount --bind \"$JOURNAL_FOLDER\" \"$JOURNAL_FOLDER\" && \
                 mount -o remount,ro,bind \"$JOURNAL_FOLDER\"";
    run_in_name_space(mount, "broken::it_may_not_be_written", folder.path());
}

/// In a name space.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn it_may_not_be_written() {
    let Some(folder) = given_folder() else { return };
    for (path, place) in [(folder.clone(), "journal.lock"), (folder.join("below"), "below")] {
        let error = refused(&path);
        assert!(matches!(error, OpenError::NotPermitted { .. }), "{error:?}");
        assert_eq!(error.path(), folder.join(place));
    }
}

#[test]
fn a_disk_without_room_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o nr_inodes=1 none \"$JOURNAL_FOLDER\"";
    run_in_name_space(mount, "broken::there_is_no_room", folder.path());
}

/// In a name space.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn there_is_no_room() {
    let Some(folder) = given_folder() else { return };
    let error = refused(&folder);
    assert!(matches!(error, OpenError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("journal.lock; make room"), "{error}");
}
