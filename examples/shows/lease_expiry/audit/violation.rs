//! What in a journal contradicts the rules, and where.

use std::fmt;

use bailiwick::Position;
use bailiwick_examples::streaming::AccountId;

/// An event after which the journal of an account contradicts the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    account: Option<AccountId>,
    position: Position,
    what: String,
}

impl Violation {
    pub(super) fn new(account: &AccountId, position: Position, what: String) -> Violation {
        Violation { account: Some(account.clone()), position, what }
    }

    pub(super) fn nobodys(position: Position) -> Violation {
        Violation { account: None, position, what: "the event belongs to no account".to_owned() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(account) = &self.account {
            write!(f, "account {account}, ")?;
        }
        write!(f, "position {}: {}", self.position, self.what)
    }
}

impl std::error::Error for Violation {}
