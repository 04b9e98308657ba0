//! What in a journal contradicts the rules, and where.

use std::fmt;

use bailiwick::Position;

/// An event that contradicts the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Where it is.
    pub position: Position,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {}: {}", self.position, self.what)
    }
}

impl std::error::Error for Violation {}
