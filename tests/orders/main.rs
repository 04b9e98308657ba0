//! Orders, live: what is told without a runtime beside its code holds under races, with several runtimes, with
//! news that come twice and out of order, and after a crash, on both journals.

#![allow(clippy::inconsistent_digit_grouping, reason = "cents stand apart, as in 5_000_00")]

mod again;
mod fixture;
mod limits;
mod paying;
mod refunding;
mod telling;
