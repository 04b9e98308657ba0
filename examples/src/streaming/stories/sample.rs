//! Commands and events in short, for the tests.

use crate::streaming::SessionEvent::{self, *};
use crate::streaming::{Acquire, KeepAlive, Release, SetLimit};

pub fn acquire(session: &'static str, lease_ms: u64) -> Acquire {
    let session = session.into();
    Acquire { session, lease_ms }
}

pub fn keep_alive(session: &'static str, lease_ms: u64) -> KeepAlive {
    let session = session.into();
    KeepAlive { session, lease_ms }
}

pub fn release(session: &'static str) -> Release {
    let session = session.into();
    Release { session }
}

pub fn set_limit(limit: usize) -> SetLimit {
    SetLimit { limit }
}

pub fn started(session: &'static str, expires_at: u64) -> SessionEvent {
    let (session, expires_at) = (session.into(), expires_at.into());
    SessionStarted { session, expires_at }
}

pub fn renewed(session: &'static str, expires_at: u64) -> SessionEvent {
    let (session, expires_at) = (session.into(), expires_at.into());
    LeaseRenewed { session, expires_at }
}

pub fn ended(session: &'static str) -> SessionEvent {
    let session = session.into();
    SessionEnded { session }
}

pub fn expired(session: &'static str) -> SessionEvent {
    let session = session.into();
    LeaseExpired { session }
}

pub fn limit_changed(limit: usize) -> SessionEvent {
    LimitChanged { limit }
}
