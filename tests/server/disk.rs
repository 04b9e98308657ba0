//! A full disk: what cannot be kept is refused, what was told is there, and it goes on once there is room.

use std::path::{Path, PathBuf};
use std::process::Command;

use bailiwick_journal::Options;

use crate::callers::{Told, are_there, start};
use crate::process::{Process, SERVER, until};

/// On a small disk of its own, in a name space of its own; none if that is not allowed here.
fn on_a_small_disk(folder: &Path) -> Option<Process> {
    let allowed = Command::new("unshare").args(["-rm", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        let missing =
            "name spaces are missing or not allowed: install unshare and mount, and allow them";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        println!("left out: {missing}");
        return None;
    }
    // With small files, so that it needs room often.
    let seed = folder.join("seed");
    let options = Options::default().segment_bytes(Options::MIN_SEGMENT_BYTES);
    drop(options.open(seed.join("journal")).expect("a journal"));
    let (mut shell, disk) = (Command::new("unshare"), folder.join("disk"));
    std::fs::create_dir(&disk).expect("a folder");
    let script =
        "mount -t tmpfs -o size=6m none \"$2\" && cp -a \"$1\"/. \"$2\" && shift 2 && exec \"$@\"";
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
    // Until there is no room.
    let _ = std::fs::write(&filler, vec![1; 4 << 20]);
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
    // By its key it may be asked for again, and is told so.
    let code = response.code().unwrap_or_default();
    assert!(["outcome_unknown", "unavailable"].contains(&code.as_str()), "{}", response.text());
    until("it is not ready", || (server.get("/readyz").status == 503).then_some(()));
    let refused = server.send(&start("later", "s"));
    assert_eq!((refused.status, refused.code().as_deref()), (503, Some("unavailable")));
    assert_eq!(server.get("/healthz").status, 200, "it lives");
    are_there(&told, &server);

    std::fs::remove_file(&filler).expect("it is there");
    let again = until("it is done once there is room", || {
        Some(server.send(&request)).filter(|response| response.status == 201)
    });
    assert!(again.json()["token"].is_u64(), "{}", again.text());
    until("it is ready again", || (server.get("/readyz").status == 200).then_some(()));
    are_there(&told, &server);
}
