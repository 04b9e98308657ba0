//! A folder or a file that is removed, moved or replaced while it is open.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bailiwick_core::journal::{FaultKind, JournalFault};
use bailiwick_journal::OpenError;
use bailiwick_journal::files::{Folder as _, Simulated};
use bailiwick_journal::folder::Place;

use crate::support::open;

const NAME: &str = "0000000001.segment";

#[track_caller]
fn assert_gone(checked: Result<(), OpenError>, path: &Path) {
    let error = checked.expect_err("it is not there any more");
    assert!(matches!(&error, OpenError::Removed { path: gone } if gone == path), "{error:?}");
    let fault = JournalFault::from(error);
    assert_eq!((fault.kind(), fault.place()), (FaultKind::Gone, path.to_str().unwrap()));
}

#[test]
fn a_folder_that_is_moved_is_noticed_until_it_is_back() {
    let above = tempfile::tempdir().unwrap();
    let (folder, elsewhere) = (above.path().join("data"), above.path().join("elsewhere"));
    let locked = open(&folder).unwrap();
    let (place, files) = (locked.place(), locked.folder());
    let file = files.create(NAME).unwrap();
    let identity = file.identity().unwrap();
    let check = || (place.check(), place.check_file(NAME, identity));
    for round in 0..2 {
        let (is_there, has_file) = check();
        is_there.unwrap();
        has_file.unwrap();
        fs::rename(&folder, &elsewhere).unwrap();
        if round == 1 {
            // As somebody else would leave it.
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join(NAME), "another's").unwrap();
        }
        let (is_there, has_file) = check();
        assert_gone(is_there, &folder);
        assert_gone(has_file, &folder);
        if round == 0 {
            fs::rename(&elsewhere, &folder).unwrap();
        }
    }
    // The sync is that of the folder which was opened.
    files.sync().unwrap();
    assert!(files.open("journal.lock").is_err(), "names are looked up at the path");
    // Whoever comes now has another folder.
    fs::remove_dir_all(&folder).unwrap();
    open(&folder).unwrap();
}

#[test]
fn a_folder_that_is_removed_is_noticed() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("data");
    let locked = open(&folder).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert_gone(locked.place().check(), &folder);
    // So is one above it, in the place of which there is a file.
    let below = above.path().join("above/data");
    let locked = open(&below).unwrap();
    fs::remove_dir_all(above.path().join("above")).unwrap();
    fs::write(above.path().join("above"), "").unwrap();
    assert_gone(locked.place().check(), &below);
    drop(locked);
    assert!(!folder.exists(), "nothing is left behind");
}

#[test]
fn a_file_that_is_removed_or_replaced_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let locked = open(folder.path()).unwrap();
    let (place, path) = (locked.place(), folder.path().join(NAME));
    let file = locked.folder().create(NAME).unwrap();
    let identity = file.identity().unwrap();
    let check = || place.check_file(NAME, identity);
    check().unwrap();
    let (elsewhere, copy) = (path.with_extension("elsewhere"), path.with_extension("copy"));
    fs::copy(&path, &copy).unwrap();
    fs::rename(&path, &elsewhere).unwrap();
    assert_gone(check(), &path);
    fs::rename(&copy, &path).unwrap();
    assert_gone(check(), &path);
    fs::rename(&elsewhere, &path).unwrap();
    check().unwrap();
    fs::remove_file(&path).unwrap();
    assert_gone(check(), &path);
    place.check().unwrap();
}

/// Only what is missing, or another, was removed.
#[test]
fn that_something_cannot_be_looked_at_says_nothing() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("data");
    let locked = open(&folder).unwrap();
    let identity = locked.folder().identity("journal.lock").unwrap();
    // Links that lead to each other.
    fs::rename(&folder, above.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("data", &folder).unwrap();
    locked.place().check().unwrap();
    locked.place().check_file("journal.lock", identity).unwrap();
}

#[test]
fn a_simulated_folder_can_be_removed_too() {
    let disk = Simulated::new(1);
    let place = Place::of(Arc::new(disk.clone()), Path::new("data"));
    let file = disk.create(NAME).unwrap();
    let identity = file.identity().unwrap();
    disk.rename(NAME, "other").unwrap();
    disk.create(NAME).unwrap();
    place.check_file("other", identity).unwrap();
    assert_gone(place.check_file(NAME, identity), Path::new("data").join(NAME).as_path());
    place.check().unwrap();
    disk.remove_folder();
    assert_gone(place.check(), Path::new("data"));
    assert_gone(place.check_file("other", identity), Path::new("data"));
    file.sync().unwrap();
    assert!(disk.open("other").is_err() && disk.names().is_err());
}
