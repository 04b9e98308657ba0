//! What is refused, what it says, and what is no reason to refuse.

use std::fs;
use std::path::Path;

use bailiwick_core::journal::{FaultKind, JournalFault};
use bailiwick_journal::OpenError;

use crate::support::{names, open, open_log, refused, write};

#[test]
fn a_folder_is_made_with_those_above_it() {
    let above = tempfile::tempdir().unwrap();
    let deep = above.path().join("a/b/c");
    let locked = open(&deep).unwrap();
    assert_eq!(locked.path(), deep);
    locked.folder().create("x.segment").unwrap();
    drop(locked);
    assert_eq!(names(&deep), ["journal.lock", "x.segment"]);
    open(&deep).unwrap();
}

#[test]
fn a_file_is_not_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = refused(&path);
        assert!(matches!(error, OpenError::NotAFolder { .. }), "{error:?}");
        assert!(error.to_string().contains("file"), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a folder");
    let fault = JournalFault::from(refused(&file));
    assert_eq!(fault.kind(), FaultKind::NotPermitted);
    assert_eq!(fault.place(), file.display().to_string());
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    for (name, is_folder) in [
        ("letter.txt", false),
        ("pictures", true),
        ("segment", false),
        ("checkpoint.txt", false),
        ("index.unfinished", false),
        ("0000000001.log", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        if is_folder {
            fs::create_dir(&path).unwrap();
        } else {
            fs::write(&path, "dear").unwrap();
        }
        fs::write(folder.path().join("zebra.txt"), "dear").unwrap();
        let error = refused(folder.path());
        assert!(matches!(&error, OpenError::NotAJournal { found } if *found == path), "{error:?}");
        let told = error.to_string();
        assert!(told.contains(name) && told.contains("a folder of its own"), "{told}");
        assert_eq!(names(folder.path()).len(), 2, "something was made in it");
    }
    let error = refused(Path::new("."));
    assert!(error.path().is_absolute(), "{error}");
}

#[test]
fn what_is_hidden_or_of_the_file_system_is_no_reason_to_refuse() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lost+found")).unwrap();
    fs::create_dir(folder.path().join(".snapshots")).unwrap();
    fs::write(folder.path().join(".DS_Store"), "x").unwrap();
    fs::write(folder.path().join("._0000000001.segment"), "x").unwrap();
    write(&mut open_log(folder.path(), 1).unwrap());
    assert_eq!(open_log(folder.path(), 2).unwrap().durable().get(), 7);
    // What is hidden makes no journal of a folder either.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("._0000000001.segment"), "x").unwrap();
    fs::write(folder.path().join("letter.txt"), "x").unwrap();
    assert!(matches!(refused(folder.path()), OpenError::NotAJournal { .. }));
}

#[test]
fn what_is_left_of_a_start_is_no_reason_to_refuse() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["0000000001.segment", "0000000001.index", "0000000001.offsets", "checkpoint"] {
        fs::write(folder.path().join(format!("{name}.unfinished")), "x").unwrap();
    }
    for name in ["journal.lock", "0000000001.index", "0000000001.offsets", "checkpoint"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    open(folder.path()).unwrap();
    // Notes beside a journal do not make another thing of it.
    write(&mut open_log(folder.path(), 1).unwrap());
    fs::write(folder.path().join("READ ME"), "x").unwrap();
    open(folder.path()).unwrap();
}

#[test]
fn a_journal_of_an_unreleased_version_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["0000000000.log", "bailiwick.format", "bailiwick.lock"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::OtherFormat { .. }), "{error:?}");
    let told = error.to_string();
    assert!(told.contains("bailiwick.format") && told.contains("another folder"), "{told}");
    assert_eq!(names(folder.path()).len(), 3, "something was made in it");
}
