//! A load on servers in this process: one that keeps what it says, and some that do not.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

use super::{Drive, Load, Measured, Plan, Target};
use crate::leases::in_memory::InMemory;
use crate::leases::routes::routes;
use crate::leases::{Account, Granted, LeaseStore, Refused};

async fn load_on(router: Router, sessions: usize) -> Rc<Load> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::task::spawn_local(async move { axum::serve(listener, router).await });
    let plan = Plan { accounts: 50, sessions, beats: 2, lease_ms: 600_000, seed: 5 };
    let target = Target::parse(&url, None).expect("a URL");
    Load::new(target, &[std::process::id()], plan)
}

fn drive(requests: Option<f64>) -> Drive {
    Drive {
        rate: requests,
        duration: Duration::from_millis(250),
        connections: 8,
        timeout: Duration::from_secs(30),
        patience: Duration::from_secs(30),
        honours_retry_after: false,
    }
}

async fn driven(load: &Rc<Load>, drive: &Drive) -> Measured {
    load.drive(drive, &mut |_| {}).await
}

fn locally<T>(test: impl Future<Output = T>) -> T {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&executor.expect("an executor"), test)
}

#[test]
fn what_is_due_is_asked_and_what_was_acknowledged_is_there() {
    locally(async {
        let load = load_on(routes(InMemory::default()), 20).await;
        load.prepare().await.expect("the limits are set");
        let measured = driven(&load, &drive(Some(2_000.0))).await;
        let all = measured.tally.all();
        assert_eq!((all.sent, all.accepted), (500, 500), "{:?}", measured.tally.failure);
        assert_eq!(all.latencies.len(), 500);
        assert!(measured.server_cores.is_some() && measured.own_cores.is_some());
        let checked = load.check().await;
        assert!(checked.is_well() && checked.acknowledged > 100, "{checked:?}");
        assert_eq!(load.broken(), 0);

        load.clear().await;
        let checked = load.check().await;
        assert!(checked.is_well() && checked.acknowledged == 0, "{checked:?}");
    });
}

#[test]
fn without_a_rate_each_caller_asks_again_at_once() {
    locally(async {
        let load = load_on(routes(InMemory::default()), 2).await;
        let measured = driven(&load, &drive(None)).await;
        assert!(measured.tally.all().accepted > 0);
        assert_eq!(measured.rate, None);
        assert!(measured.took >= Duration::from_millis(250));
    });
}

#[test]
fn what_queues_is_late_since_it_was_due() {
    const EACH: Duration = Duration::from_millis(4);
    let slow = || async {
        tokio::time::sleep(EACH).await;
        (StatusCode::CREATED, r#"{"expires_at":0}"#)
    };
    locally(async {
        let router = Router::new().route("/accounts/{account}/sessions", post(slow));
        let load = load_on(router, 1).await;
        // 50 are due within 50 ms, and one is answered at a time.
        let drive =
            Drive { duration: Duration::from_millis(50), connections: 1, ..drive(Some(1_000.0)) };
        let measured = driven(&load, &drive).await;
        let answered = measured.tally.all();
        let longest = answered.latencies.longest().expect("some were answered");
        let least = EACH * answered.accepted as u32 - drive.duration;
        assert!(longest >= least, "{longest:?}, and not {least:?}");
    });
}

#[test]
fn refusals_are_counted_apart_and_honoured_if_told() {
    let busy = || async { (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "3600")], "busy") };
    for honours_retry_after in [false, true] {
        locally(async {
            let router = Router::new().route("/accounts/{account}/sessions", post(busy));
            let load = load_on(router, 1).await;
            let drive = Drive { honours_retry_after, ..drive(Some(4_000.0)) };
            let measured = driven(&load, &drive).await;
            let (all, held_back) = (measured.tally.all(), measured.tally.held_back);
            assert_eq!((all.accepted, all.refused + held_back), (0, 1_000));
            assert_eq!(measured.tally.refusals.len(), all.refused);
            if honours_retry_after {
                assert!(all.refused <= 50, "an account asks once: {}", all.refused);
            } else {
                assert!(all.refused > 900, "{}", all.refused);
            }
        });
    }
}

#[test]
fn nobody_there_is_no_answer_but_not_an_outcome_either() {
    locally(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        drop(listener);
        let plan = Plan { accounts: 9, sessions: 2, beats: 0, lease_ms: 1_000, seed: 5 };
        let load = Load::new(Target::parse(&url, None).expect("a URL"), &[], plan);
        assert!(load.prepare().await.is_err(), "which is said first");
        let measured = driven(&load, &drive(Some(100.0))).await;
        let all = measured.tally.all();
        assert_eq!((all.sent, all.unknown, measured.tally.not_connected), (0, 0, 25));
        assert!(measured.tally.failure.is_some());
    });
}

/// Grants what it then forgets.
#[derive(Clone)]
struct Forgets(InMemory);

impl LeaseStore for Forgets {
    async fn acquire(&self, account: &str, session: &str, ms: u64) -> Result<Granted, Refused> {
        let granted = self.0.acquire(account, session, ms).await;
        if session.ends_with('1') {
            self.0.release(account, session).await?;
        }
        granted
    }

    async fn keep_alive(&self, account: &str, session: &str, ms: u64) -> Result<u64, Refused> {
        self.0.keep_alive(account, session, ms).await
    }

    async fn release(&self, account: &str, session: &str) -> Result<(), Refused> {
        self.0.release(account, session).await
    }

    async fn set_limit(&self, account: &str, limit: usize) -> Result<(), Refused> {
        self.0.set_limit(account, limit).await
    }

    async fn look(&self, account: &str) -> Result<Account, Refused> {
        self.0.look(account).await
    }
}

#[test]
fn a_server_that_forgets_what_it_acknowledged_is_found_out() {
    locally(async {
        let load = load_on(routes(Forgets(InMemory::default())), 2).await;
        driven(&load, &drive(Some(200.0))).await;
        let checked = load.check().await;
        assert!(checked.missing > 0 && !checked.is_well(), "{checked:?}");
        driven(&load, &drive(Some(2_000.0))).await;
        assert!(load.broken() > 0, "and while it goes on");
    });
}
