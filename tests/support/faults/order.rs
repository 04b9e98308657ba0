//! Orders: what clients ask. An order follows from its number, so who wants to ask it again, or to
//! know what it was, needs no more than that.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sim::random::{Random, mix};

/// The number of an order: of which run of the process, of which client, and which of that client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId {
    /// Which run.
    pub run: u64,
    /// Which client.
    pub client: u64,
    /// Which of that client's, from 0.
    pub nth: u64,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    Acquire { account: String, session: String, lease_ms: u64 },
    KeepAlive { account: String, session: String, lease_ms: u64 },
    Release { account: String, session: String },
    Move { scales: String, mark: String },
    Carry { from: String, to: String, mark: String },
}

/// Something to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// What is asked.
    pub action: Action,
    /// Its idempotency key, if it has one.
    pub key: Option<String>,
}

impl Order {
    /// The order with this number.
    pub fn of(id: OrderId) -> Order {
        let random = &mut Random::of(mix(mix(id.run ^ 0x5ea) ^ id.client) ^ id.nth);
        let key = random.one_in(2).then(|| format!("key-{id}"));
        let action = match random.between(0, 9) {
            // An account that nobody ever looks at again: it has nothing but its deadline.
            _ if id.nth == 0 => Action::Acquire {
                account: format!("quiet-{id}"),
                session: id.to_string(),
                lease_ms: random.between(20, 200),
            },
            0..=4 => Action::Acquire {
                account: format!("account-{}", random.between(0, 3)),
                session: id.to_string(),
                lease_ms: if random.one_in(6) { 250 } else { random.between(2, 40) },
            },
            5..=7 => follow_up(id, random).unwrap_or_else(|| moving(id, random)),
            8 => moving(id, random),
            _ => carrying(id, random),
        };
        Order { id, action, key }
    }
}

/// Something about the lease that the order before asked for. Never two of one kind about one.
fn follow_up(id: OrderId, random: &mut Random) -> Option<Action> {
    let before = OrderId { nth: id.nth.checked_sub(1)?, ..id };
    let Action::Acquire { account, session, .. } = Order::of(before).action else {
        return None;
    };
    Some(match random.one_in(2) {
        true => Action::Release { account, session },
        false => Action::KeepAlive { account, session, lease_ms: random.between(10, 300) },
    })
}

fn moving(id: OrderId, random: &mut Random) -> Action {
    Action::Move { scales: format!("scales-{}", random.between(0, 1)), mark: id.to_string() }
}

fn carrying(id: OrderId, random: &mut Random) -> Action {
    let from = random.between(0, 1);
    let scales = |nth: u64| format!("scales-{nth}");
    Action::Carry { from: scales(from), to: scales(1 - from), mark: id.to_string() }
}

impl OrderId {
    /// The one that is [shown](fmt::Display) like this.
    pub fn of(text: &str) -> Option<OrderId> {
        let mut numbers = text.strip_suffix('.')?.split('-').map(|number| number.parse().ok());
        let (run, client, nth) = (numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(OrderId { run, client, nth })
    }
}

/// With a stop, so that none is the beginning of another.
impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}.", self.run, self.client, self.nth)
    }
}
