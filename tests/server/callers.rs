//! Who starts sessions, and what they were told: to be looked for afterwards.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use crate::http::{Request, Response, request};
use crate::process::{Process, until};

/// Long enough to outlive every test.
const LEASE_MS: u64 = 3_600_000;

/// A session that somebody was told to have.
#[derive(Debug, Clone)]
pub struct Told {
    pub request: Request,
    pub response: Response,
    pub account: String,
    pub session: String,
}

/// Starts one session after the other, each with a key of its own.
pub struct Callers {
    told: Arc<Mutex<Vec<Told>>>,
    count: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl Callers {
    /// So many callers, until the server is gone. What they start is named after the round.
    pub fn begin(server: SocketAddr, round: usize, callers: usize) -> Callers {
        let (told, count) = <(Arc<Mutex<Vec<Told>>>, Arc<AtomicUsize>)>::default();
        let call = |caller: usize| {
            let (told, count) = (told.clone(), count.clone());
            thread::spawn(move || {
                for nth in 0.. {
                    // A failed connection is the end: it has been killed, or has been asked to go.
                    let account = format!("r{round}-c{caller}-{}", nth / 4);
                    let session = format!("s{nth}");
                    let request = start(&account, &session);
                    let Ok(response) = request.send(server) else { return };
                    match response.status {
                        201 => {
                            count.fetch_add(1, Ordering::SeqCst);
                            let mut told = told.lock().expect("nobody panics with it");
                            told.push(Told { request, response, account, session });
                        }
                        503 => {}
                        _ => panic!("{request:?}: {response:?}"),
                    }
                }
            })
        };
        let threads = (0..callers).map(call).collect();
        Callers { told, count, threads }
    }

    /// Waits until so many sessions were started.
    pub fn has_started(&self, sessions: usize) {
        until("sessions are started", || {
            (self.count.load(Ordering::SeqCst) >= sessions).then_some(())
        });
    }

    /// Waits until all have found that the server is gone. What they were told.
    pub fn told(self) -> Vec<Told> {
        for thread in self.threads {
            thread.join().expect("nobody panics");
        }
        std::mem::take(&mut self.told.lock().expect("nobody panics with it"))
    }
}

/// A session of a long lease, under a key of its own.
pub fn start(account: &str, session: &str) -> Request {
    start_for(account, session, LEASE_MS).key(&format!("{account}.{session}"))
}

/// A session of such a lease.
pub fn start_for(account: &str, session: &str, lease_ms: u64) -> Request {
    let body = json!({ "session": session, "lease_ms": lease_ms });
    request("POST", &format!("/accounts/{account}/sessions")).json(&body)
}

/// The sessions of an account, with their ends.
pub fn sessions(server: &Process, account: &str) -> BTreeMap<String, Value> {
    let account = server.get(&format!("/accounts/{account}")).json();
    let sessions = account["sessions"].as_array().expect("a list").iter();
    let pair = |session: &Value| {
        (session["session"].as_str().expect("an ID").to_owned(), session["expires_at"].clone())
    };
    sessions.map(pair).collect()
}

/// Whatever they were told to have is there, until when they were told.
pub fn are_there(told: &[Told], server: &Process) {
    let mut accounts = BTreeMap::<&str, Vec<&Told>>::new();
    for told in told {
        accounts.entry(&told.account).or_default().push(told);
    }
    for (account, told) in accounts {
        let there = sessions(server, account);
        for told in told {
            let expires_at = &told.response.json()["expires_at"];
            assert_eq!(there.get(&told.session), Some(expires_at), "{told:?} in {there:?}");
        }
    }
}

/// All accounts with slots in use, as the projection has them, page by page.
pub fn projected(server: &Process, min_position: &str) -> BTreeMap<String, u64> {
    let mut accounts = BTreeMap::new();
    let mut query = format!("min_position={min_position}");
    loop {
        let page = server.get(&format!("/accounts?{query}"));
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        for account in page["accounts"].as_array().expect("a list") {
            let name = account["account"].as_str().expect("an ID").to_owned();
            let again = accounts.insert(name, account["in_use"].as_u64().expect("a count"));
            assert_eq!(again, None, "an account comes once");
        }
        match page["cursor"].as_str() {
            Some(cursor) => query = format!("min_position={min_position}&cursor={cursor}"),
            None => return accounts,
        }
    }
}
