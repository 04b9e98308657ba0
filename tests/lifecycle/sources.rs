//! What must be absent from the source: two crates that nobody else needs to know, and the calls of
//! one of them that lose messages or cost every actor something.

use std::fs;
use std::path::{Path, PathBuf};

/// All source files of all crates, without their comments.
fn sources() -> Vec<(PathBuf, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut files = Vec::new();
    collect(&crates, &mut files);
    assert!(files.len() > 20, "the sources were not found");
    files
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a text");
            files.push((path, without_comments(&text)));
        }
    }
}

/// Good enough for this code: a comment has two slashes, and no text here has them before a word
/// that is looked for.
fn without_comments(text: &str) -> String {
    let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned() + "\n";
    text.lines().map(code).collect()
}

/// Whether `word` stands in `code` as a word of its own.
fn names(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

fn only(krate: &str, home: &str) -> String {
    let sources = sources();
    let mut homes: Vec<_> = sources.iter().filter(|(_, code)| names(code, krate)).collect();
    let found: Vec<_> = homes.iter().map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(homes.len(), 1, "{krate} is named in {found:#?}, not only in {home}");
    let (path, code) = homes.remove(0);
    assert!(path.ends_with(home), "{krate} is named in {found:#?}, not in {home}");
    code.clone()
}

/// Nothing of a private module gets out of the crate but through a `pub` item of its own.
fn assert_private(code: &str, module: &str) {
    for (n, line) in code.lines().enumerate() {
        assert!(!names(line, "pub") || line.contains("pub("), "{module}:{}: {line}", n + 1);
    }
    let root = sources();
    let (_, root) = root.iter().find(|(path, _)| path.ends_with("bailiwick/src/lib.rs")).unwrap();
    assert!(root.contains(&format!("\nmod {module};")), "{module} is no private module");
    assert!(!root.contains(&format!("pub use {module}::")), "{module} is exported");
}

#[test]
fn kameo_is_known_to_one_private_file() {
    let code = only("kameo", "bailiwick/src/cell/actor.rs");
    assert_private(&code, "cell");
}

#[test]
fn dashmap_is_known_to_one_private_file() {
    let code = only("dashmap", "bailiwick/src/registry/mod.rs");
    assert_private(&code, "registry");
}

/// B1, B2, B8: what is told, asked or stopped may be lost. B3: who waits for a start-up may wait for
/// ever. B5, B7: what is supervised overlaps or rejects everything. B9: `recv_many` panics when any
/// crate turns on `kameo/metrics`. B10, B14: what is registered costs every stop a scan, and stays.
#[test]
fn nothing_of_kameo_is_used_that_loses_messages_hangs_or_registers() {
    let code = only("kameo", "bailiwick/src/cell/actor.rs");
    for call in [
        "tell",
        "ask",
        "try_send",
        "send",
        "blocking_send",
        "enqueue",
        "forward",
        "send_after",
        "attach_stream",
        "stop",
        "stop_gracefully",
        "register",
        "lookup",
        "link",
        "unlink",
        "supervise",
        "supervise_with",
        "restart_policy",
        "spawn_link",
        "wait_for_startup",
        "wait_for_startup_result",
        "wait_for_shutdown",
        "recv",
        "recv_many",
        "try_recv",
        "poll_recv",
        "poll_recv_many",
        "blocking_recv",
        "blocking_recv_many",
        "Message",
        "on_message",
        "on_panic",
        "on_undelivered",
        "on_link_died",
    ] {
        assert!(!names(&code, call), "actor.rs names {call}");
    }
    let actors = code.matches("impl Actor for").count();
    let ignored = code.matches("_: &mut MailboxReceiver<Self>").count();
    assert_eq!(ignored, actors, "each leaves its own mailbox alone");
    assert_eq!(code.matches("MailboxReceiver").count(), 1 + actors, "imported, and ignored");
}

/// `remote` makes every stop wait for a global lock; `metrics` is B9; its default is a cost.
#[test]
fn kameo_comes_without_its_features() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let workspace = fs::read_to_string(root.join("Cargo.toml")).expect("a manifest");
    let line = workspace.lines().find(|line| line.starts_with("kameo =")).expect("kameo");
    assert!(line.contains("\"~0.22") && line.contains("default-features = false"), "{line}");
    assert!(!line.contains("features = ["), "{line}");
    for entry in fs::read_dir(root.join("crates")).expect("a folder") {
        let manifest = entry.expect("an entry").path().join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).unwrap_or_default();
        for line in manifest.lines().filter(|line| line.starts_with("kameo")) {
            assert_eq!(line.trim(), "kameo.workspace = true");
        }
    }
}
