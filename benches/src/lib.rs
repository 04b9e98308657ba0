//! The comparisons of Bailiwick with its rivals: the same state, the same command judged, the same
//! event encoded and appended to one shared log, in the same run, rounds interleaved.

#![allow(clippy::cast_possible_truncation, reason = "figures for people")]

pub mod compile_time;
pub mod cpu;
mod dice;
pub mod domain;
pub mod driven;
pub mod eviction;
pub mod figures;
pub mod held;
pub mod latency;
pub mod lateness;
pub mod leases;
pub mod ledger;
pub mod load;
pub mod memory;
pub mod reopen;
pub mod report;
pub mod rivals;
pub mod rounds;
pub mod servers;
pub mod sleeper;
pub mod workloads;
