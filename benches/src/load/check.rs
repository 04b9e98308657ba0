//! Whether the server still knows all that it acknowledged.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::drive::Load;
use super::population::MARGIN_MS;
use super::turn::Expected;
use crate::leases::now_ms;

/// What a look at all accounts has shown.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Checked {
    /// Leases that were acknowledged and had not run out.
    pub acknowledged: u64,
    /// Those of them that were not there, or would run out earlier than was said.
    pub missing: u64,
    /// Sessions that were there though they had ended, or never begun.
    pub surplus: u64,
    /// Some of those that are wrong, by name.
    pub wrong: Vec<String>,
    /// Accounts that could not be looked at.
    pub unseen: u64,
}

/// How many accounts are looked at at once.
const AT_ONCE: usize = 32;
/// How often an account is asked for that is not answered, how long after another, and how long it may take.
const TRIES: usize = 60;
const AGAIN: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long all of it may take: what was not looked at by then is not looked at.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// How many are named.
const NAMED: usize = 10;

#[derive(Deserialize)]
struct Shown {
    sessions: Vec<Lease>,
}

#[derive(Deserialize)]
struct Lease {
    session: String,
    expires_at: u64,
}

impl Checked {
    /// Whether all was as acknowledged.
    pub fn is_well(&self) -> bool {
        (self.missing, self.surplus, self.unseen) == (0, 0, 0)
    }

    fn look(&mut self, account: &str, expected: &Expected, shown: Option<Shown>) {
        let Some(Shown { sessions }) = shown else {
            self.unseen += 1;
            return;
        };
        let now = now_ms();
        let until = |session: &str| {
            let lease = sessions.iter().find(|lease| lease.session == session);
            lease.map(|lease| lease.expires_at)
        };
        for (session, held) in expected.held.iter().filter(|(_, held)| *held > now + MARGIN_MS) {
            self.acknowledged += 1;
            if until(session).is_none_or(|until| until < *held) {
                self.missing += 1;
                self.name(format!("{account}/{session} is missing"));
            }
        }
        for session in expected.ended.iter().filter(|session| until(session).is_some()) {
            self.surplus += 1;
            self.name(format!("{account}/{session} is there"));
        }
    }

    fn name(&mut self, wrong: String) {
        if self.wrong.len() < NAMED {
            self.wrong.push(wrong);
        }
    }

    fn extend(&mut self, other: Checked) {
        self.acknowledged += other.acknowledged;
        self.missing += other.missing;
        self.surplus += other.surplus;
        self.unseen += other.unseen;
        other.wrong.into_iter().for_each(|wrong| self.name(wrong));
    }
}

impl Load {
    /// Looks at every account.
    pub async fn check(self: &Rc<Self>) -> Checked {
        let accounts: Rc<[String]> = self.population.borrow().accounts().collect();
        let (next, mut looks) = (Rc::new(Cell::new(0)), JoinSet::new());
        let until = Instant::now() + TIME_LIMIT;
        for _ in 0..AT_ONCE {
            let (load, accounts, next) = (self.clone(), accounts.clone(), next.clone());
            looks.spawn_local(async move {
                let mut connection = Connection::new(&load.target.host);
                let mut checked = Checked::default();
                while let Some(account) = accounts.get(next.get()) {
                    let expected = load.population.borrow().expected(next.get());
                    next.set(next.get() + 1);
                    let shown = load.look(&mut connection, account, until).await;
                    checked.look(account, &expected, shown);
                }
                checked
            });
        }
        let mut checked = Checked::default();
        while let Some(some) = looks.join_next().await {
            checked.extend(some.expect("a look ended well"));
        }
        checked
    }

    async fn look(
        &self,
        connection: &mut Connection,
        account: &str,
        until: Instant,
    ) -> Option<Shown> {
        let mut request = Vec::new();
        self.target.write(&mut request, "GET", format_args!("/accounts/{account}"), None);
        for _ in 0..TRIES {
            if Instant::now() > until {
                break;
            }
            match tokio::time::timeout(TIMEOUT, connection.exchange(&request)).await {
                Ok(Ok(answer)) if answer.status == 200 => {
                    return serde_json::from_slice(answer.body).ok();
                }
                Ok(_) => {}
                Err(_) => connection.lose(),
            }
            tokio::time::sleep(AGAIN).await;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(expected: &Expected, shown: &str) -> (u64, u64, u64, u64) {
        let mut checked = Checked::default();
        checked.look("a", expected, serde_json::from_str(shown).ok());
        (checked.acknowledged, checked.missing, checked.surplus, checked.unseen)
    }

    #[test]
    fn what_was_acknowledged_has_to_be_there_for_as_long_and_what_ended_must_not() {
        let far = now_ms() + 100_000;
        let held = |until| Expected { held: vec![("s".to_owned(), until)], ended: Vec::new() };
        let shown = |until: u64| {
            format!(r#"{{"limit":5,"sessions":[{{"session":"s","expires_at":{until}}}]}}"#)
        };
        assert_eq!(checked(&held(far), &shown(far)), (1, 0, 0, 0));
        assert_eq!(checked(&held(far), &shown(far - 1)), (1, 1, 0, 0), "it ends too early");
        assert_eq!(checked(&held(far), r#"{"limit":5,"sessions":[]}"#), (1, 1, 0, 0));
        assert_eq!(checked(&held(5), r#"{"limit":5,"sessions":[]}"#), (0, 0, 0, 0), "it ran out");
        let ended = Expected { held: Vec::new(), ended: vec!["s".to_owned()] };
        assert_eq!(checked(&ended, &shown(far)), (0, 0, 1, 0));
        assert_eq!(checked(&held(far), "busy"), (0, 0, 0, 1));
    }
}
