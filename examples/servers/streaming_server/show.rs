//! What happens to sessions, for whoever looks: a line for each change, with the slots of the account after it.

use std::error::Error;
use std::io::Write;

use anstyle::Style;
use bailiwick::{News, Runtime, Since, Timestamp, Update};
use bailiwick_examples::streaming::{AccountId, AccountSessions, SessionEvent};

use crate::shared::style::{BOLD, DIM, GOOD, TIME, paint};
use crate::shared::time_of_day::time_of_day;

/// How many slots are drawn; of more there are numbers.
const DRAWN: usize = 10;

/// Prints them from now on, until the runtime drains.
pub async fn sessions(runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let accounts = runtime.aggregates::<AccountSessions>();
    let mut events = accounts.subscribe(Since::Now).await?;
    tokio::spawn(async move {
        while let Some(update) = events.next().await {
            let Ok(Update::Event(news)) = update else { continue };
            let Ok(account) = news.id::<AccountId>() else { continue };
            let slots = |account: &AccountSessions, now| (account.in_use(now), account.limit());
            let Ok(slots) = accounts.get(account.clone()).read(slots).await else { continue };
            print(&account, &news, slots.value);
        }
    });
    Ok(())
}

fn print(account: &AccountId, news: &News<SessionEvent>, (in_use, limit): (usize, usize)) {
    let (style, verb, what) = shown(&news.event, news.at());
    let time = paint(DIM, time_of_day(news.at()));
    let verb = paint(style, format_args!("{verb:<8}"));
    let slots = match limit {
        ..=DRAWN => {
            let used = "■".repeat(in_use);
            format!("{}{}", paint(BOLD, used), paint(DIM, "·".repeat(limit.saturating_sub(in_use))))
        }
        _ => format!("{in_use} of {limit}"),
    };
    // Who does not look any more stops nothing.
    let _ = writeln!(anstream::stdout(), " {time}  {account:<10} {verb} {what:<36} {slots}");
}

fn shown(event: &SessionEvent, at: Timestamp) -> (Style, &'static str, String) {
    match event {
        SessionEvent::SessionStarted { session, expires_at } => {
            (GOOD, "started", format!("{session}, for {} s", seconds(*expires_at, at)))
        }
        SessionEvent::LeaseRenewed { session, expires_at } => {
            (DIM, "kept", format!("{session}, for {} s more", seconds(*expires_at, at)))
        }
        SessionEvent::SessionEnded { session } => (DIM, "ended", session.to_string()),
        SessionEvent::LeaseExpired { session } => {
            (TIME, "expired", format!("{session}: its slot is free again"))
        }
        SessionEvent::LimitChanged { limit } => (DIM, "limit", limit.to_string()),
    }
}

fn seconds(until: Timestamp, at: Timestamp) -> f64 {
    until.since(at).as_secs_f64()
}
