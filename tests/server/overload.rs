//! More requests than may be at a time: the others are refused at once and told when to come again, and what was
//! accepted is done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::callers::{sessions, start};
use crate::http::Response;
use crate::process::{Process, until};

/// So many ask at a time, and one may.
const CALLERS: usize = 8;

fn is_refused(answer: &Response) -> bool {
    let seconds = answer.header("Retry-After").and_then(|seconds| seconds.parse::<u64>().ok());
    let refused = (answer.status, answer.code().as_deref()) == (503, Some("overloaded"));
    refused && seconds.is_some_and(|seconds| seconds > 0)
}

#[test]
fn what_is_too_much_is_refused_at_once_and_what_was_accepted_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_str().expect("text");
    let server = Process::server(["--data", folder, "--max-requests", "1"]);
    let (server, refused) = (&server, &AtomicBool::new(false));
    let accepted: Vec<_> = thread::scope(|scope| {
        let calls = (0..CALLERS).map(|caller| {
            scope.spawn(move || {
                let mut accepted = Vec::new();
                for nth in 0.. {
                    if refused.load(Ordering::SeqCst) {
                        break;
                    }
                    let account = format!("a{caller}-{nth}");
                    let answer = server.send(&start(&account, "s"));
                    match answer.status {
                        201 => accepted.push(account),
                        _ => {
                            assert!(is_refused(&answer), "{answer:?}");
                            refused.store(true, Ordering::SeqCst);
                        }
                    }
                    // Health answers however many requests there are.
                    assert_eq!(server.get("/healthz").status, 200);
                }
                accepted
            })
        });
        let calls: Vec<_> = calls.collect();
        calls.into_iter().flat_map(|call| call.join().expect("nobody panics")).collect()
    });
    for account in accepted {
        assert_eq!(sessions(server, &account).len(), 1, "{account}");
    }
    until("there is room again", || (server.send(&start("b", "s")).status == 201).then_some(()));
}
