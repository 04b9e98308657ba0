//! What a process reports, a line at a time: it counts as reported when it can be read.

use serde::{Deserialize, Serialize};

use bailiwick::Timestamp;

use super::order::OrderId;

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// The process runs.
    Starting,
    /// The journal is open and the runtime runs.
    Opened,
    /// An order was carried out.
    Done {
        /// Which.
        id: OrderId,
        /// What its caller was answered.
        reply: Reply,
        /// The position that came with the answer.
        position: u64,
    },
    /// A rule said no to it.
    Refused {
        /// Which.
        id: OrderId,
    },
    /// It certainly had no effect.
    NotRun {
        /// Which.
        id: OrderId,
    },
    /// It may have had its effect.
    Unknown {
        /// Which.
        id: OrderId,
    },
}

impl Reply {
    /// Whether it is of an order whose event has its text.
    pub fn is_effect(&self) -> bool {
        matches!(self, Reply::Granted { .. } | Reply::Moved { .. } | Reply::Carried { .. })
    }
}

/// The answer to an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// To `Acquire`.
    Granted {
        /// Until when.
        expires_at: Timestamp,
        /// How many leases there are with it.
        in_use: usize,
    },
    /// To `KeepAlive`.
    Kept {
        /// Until when.
        until: Timestamp,
    },
    /// To `Release`.
    Released,
    /// To `Move`.
    Moved {
        /// How many lie on the right.
        put: u64,
    },
    /// To `Carry`.
    Carried {
        /// How many lie on the right where it was.
        left: u64,
        /// And how many where it is.
        put: u64,
    },
}
