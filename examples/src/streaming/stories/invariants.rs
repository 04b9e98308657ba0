//! Made-up histories, judged by what must hold in every one: there is no second model that would say what
//! to expect.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bailiwick_core::{Came, Given, Timestamp, Verdict, given};

use super::sample::*;
use crate::random::Xorshift;
use crate::streaming::{AccountSessions, AcquireRefused, KeepAliveRefused, NoSuchLease};
use crate::streaming::{InvalidLimit, MAX_LIMIT, SessionEvent, SessionId};

type Story = Given<AccountSessions>;
type Reached<Reply, Rejection> = (Came<SessionEvent, Reply, Rejection>, Story);

/// What an account is at a time, as everybody can see it.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    now: Timestamp,
    limit: usize,
    holders: BTreeMap<SessionId, Timestamp>,
}

fn seen(story: Story) -> (Seen, Story) {
    let mut seen = None;
    let story = story.state(|account, now| {
        let holders = account.sessions(now).map(|(session, until)| (session.clone(), until));
        seen = Some(Seen { now, limit: account.limit(), holders: holders.collect() });
    });
    (seen.unwrap(), story)
}

/// What holds of every command; the rest is said of what it replied, and of the account after it.
fn judge<Reply, Rejection: Debug>(
    before: &Seen,
    (came, story): Reached<Reply, Rejection>,
    accepted: impl FnOnce(Reply, &Seen),
    rejected: impl FnOnce(Rejection),
) -> Story {
    for event in came.expired {
        let SessionEvent::LeaseExpired { session } = event else { panic!("{event:?}") };
        assert!(!before.holders.contains_key(&session), "{session} counted still");
    }
    let (after, story) = seen(story);
    match came.verdict {
        Verdict::Accepted { reply, events } => {
            assert_eq!(events.is_empty(), after == *before, "what happened is what changed");
            accepted(reply, &after);
        }
        Verdict::Rejected(rejection) => {
            assert_eq!(after, *before, "{rejection:?} left something");
            rejected(rejection);
        }
        Verdict::Panicked(message) => panic!("{message}"),
    }
    story
}

fn step(random: &mut Xorshift, story: Story, now: u64) -> Story {
    let (before, story) = seen(story.at(now));
    let name = ["s1", "s2", "s3", "s4", "s5", "s6"][random.below(6) as usize];
    let (session, lease_ms) = (SessionId::from(name), u64::from(random.below(20)));
    let held = before.holders.get(&session).copied();
    match random.below(8) {
        0..=2 => judge(
            &before,
            story.when(acquire(name, lease_ms)).result(),
            |granted, after| {
                assert!(held.is_none() && before.holders.len() < before.limit);
                assert_eq!(after.holders.get(&session), Some(&granted.expires_at));
                assert_eq!(after.holders.len(), granted.in_use);
            },
            |refused| match refused {
                AcquireRefused::InvalidLease(_) => assert_eq!(lease_ms, 0),
                AcquireRefused::AlreadyActive => assert!(held.is_some()),
                AcquireRefused::LimitReached { limit } => assert!(before.holders.len() >= limit),
            },
        ),
        3..=5 => judge(
            &before,
            story.when(keep_alive(name, lease_ms)).result(),
            |until, after| {
                assert!(held.is_some_and(|held| held <= until), "never earlier than before");
                assert_eq!(after.holders.get(&session), Some(&until));
            },
            |refused| match refused {
                KeepAliveRefused::InvalidLease(_) => assert_eq!(lease_ms, 0),
                KeepAliveRefused::NoSuchLease(_) => assert_eq!(held, None),
            },
        ),
        6 => judge(
            &before,
            story.when(release(name)).result(),
            |(), after| assert!(held.is_some() && !after.holders.contains_key(&session)),
            |NoSuchLease| assert_eq!(held, None),
        ),
        _ => {
            let limit =
                [random.below(7) as usize, MAX_LIMIT + 1][usize::from(random.below(9) == 0)];
            judge(
                &before,
                story.when(set_limit(limit)).result(),
                |(), after| assert_eq!(*after, Seen { limit, ..before.clone() }),
                |InvalidLimit { limit }| assert!(limit > MAX_LIMIT),
            )
        }
    }
}

#[test]
fn what_must_hold_holds_in_every_history() {
    for seed in 1..=200 {
        let (mut random, mut now) = (Xorshift(seed), 0);
        let mut story = given::<AccountSessions>("a");
        for _ in 0..100 {
            now += u64::from(random.below(6));
            story = step(&mut random, story, now);
        }
    }
}
