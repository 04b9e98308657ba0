//! A load on a server over HTTP: sessions that begin, are kept alive and end, for thousands of accounts.
//!
//! The loop is open: when a request is due does not depend on when others were answered, and its latency
//! counts from then, so that a server that makes requests queue cannot hide it. All is done on one thread,
//! and what this process uses of the machine is measured apart.

mod check;
mod clear;
mod connection;
mod drive;
mod histogram;
pub mod overload;
mod population;
pub mod print;
mod schedule;
mod sustainable;
mod tally;
#[cfg(test)]
mod tests;
mod turn;
mod watch;
mod wire;

pub use check::Checked;
pub use clear::NotPrepared;
pub use drive::{Drive, Load};
pub use histogram::Histogram;
pub use overload::Overloaded;
pub use sustainable::{Bounds, Found, Probe};
pub use tally::{Counts, Measured, Second, Tally};
pub use turn::{KINDS, Kind, Plan};
pub use wire::{NoTarget, Target};
