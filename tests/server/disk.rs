//! A full disk: what cannot be kept is refused, what was told is there, and it goes on once there is room.

use std::path::{Path, PathBuf};
use std::process::Command;

use bailiwick_journal::Options;

use crate::callers::{Told, are_there, start};
use crate::http::Response;
use crate::process::{Process, SERVER, until};

/// On a small disk of its own, in a name space of its own, which has no room for another file of the journal; none if
/// that is not allowed here.
fn on_a_small_disk(folder: &Path) -> Option<Process> {
    let allowed = Command::new("unshare").args(["-rm", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        let missing =
            "name spaces are missing or not allowed: install unshare and mount, and allow them";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        println!("left out: {missing}");
        return None;
    }
    // With a small first file, so that it needs another one soon.
    let seed = folder.join("seed");
    let options = Options::default().segment_bytes(Options::MIN_SEGMENT_BYTES);
    drop(options.open(seed.join("journal")).expect("a journal"));
    let (mut shell, disk) = (Command::new("unshare"), folder.join("disk"));
    std::fs::create_dir(&disk).expect("a folder");
    let script = "mount -t tmpfs -o size=40m none \"$2\" && cp -a \"$1\"/. \"$2\" && \
         head -c 20000000 /dev/zero > \"$2/filler\" && shift 2 && exec \"$@\"";
    shell.args(["-rm", "sh", "-e", "-c", script, "sh"]).args([&seed, &disk]);
    shell.args([SERVER, "--listen", "127.0.0.1:0", "--data"]).arg(&disk);
    Some(Process::start(shell))
}

/// The folder, as the process sees it.
fn seen_by(server: &Process, folder: &Path) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", server.pid()));
    root.join(folder.strip_prefix("/").expect("an absolute path"))
}

#[test]
fn a_full_disk_is_said_and_outlived() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(server) = on_a_small_disk(folder.path()) else { return };
    assert_eq!(server.send(&start("before", "s")).status, 201);
    until("it is ready", || (server.get("/readyz").status == 200).then_some(()));
    let filler = seen_by(&server, folder.path()).join("disk/filler");
    let mut told = Vec::new();
    let refused = (0..).find_map(|nth| {
        let (account, session) = (format!("a{}", nth / 4), format!("s{nth}"));
        let request = start(&account, &session);
        let response = server.send(&request);
        match response.status {
            201 => {
                told.push(Told { request, response, account, session });
                None
            }
            _ => Some((request, response)),
        }
    });
    let (request, response) = refused.expect("it is full sometime");
    // It certainly was not done, may be asked for again, and is told so.
    let is_refused = |response: &Response| {
        let (status, code) = (response.status, response.code());
        assert_eq!((status, code.as_deref()), (503, Some("unavailable")), "{}", response.text());
        assert!(response.header("retry-after").is_some(), "{}", response.text());
    };
    is_refused(&response);
    // It needs more room than the one that had none.
    is_refused(&server.send(&start("later-than-all-the-others", "a-long-name-of-a-session")));
    is_refused(&server.send(&request));
    assert_eq!(server.get("/healthz").status, 200, "it lives");
    are_there(&told, &server);

    std::fs::remove_file(&filler).expect("it is there");
    let again = until("it is done once there is room", || {
        Some(server.send(&request)).filter(|response| response.status == 201)
    });
    assert!(again.json()["token"].is_u64(), "{}", again.text());
    until("it is ready", || (server.get("/readyz").status == 200).then_some(()));
    are_there(&told, &server);
}
