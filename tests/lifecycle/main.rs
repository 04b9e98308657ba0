//! Actors come, go and are killed, executors and runtimes end, and no user can tell: every command
//! gets the answer it would have got, or is told the truth about it, once.
//!
//! Beneath us, in kameo 0.22.2, are life-cycle bugs. None of them can be reached from above:
//!
//! | | in kameo | guarded by |
//! |---|---|---|
//! | B1 | a tell that races a stop is lost | [`leaving`] |
//! | B2 | an ask that races a stop is bounced | [`leaving`] |
//! | B3 | a start-up with a full mailbox hangs | [`starting`] |
//! | B4 | a panic in what waited for the start drops the rest of it | [`starting`], [`breaking`] |
//! | B5 | the next incarnation starts while the last one stops | [`restarting`] |
//! | B6 | a kill hits the incarnation of yesterday | [`restarting`] |
//! | B7 | what was stopped comes back and rejects everything | [`leaving`] |
//! | B8 | a cancelled stop leaves an actor that rejects everything | [`cancelling`] |
//! | B9 | `recv_many` panics when somebody turns on its metrics | [`sources`] |
//! | B10, B14 | registered names cost every stop a scan, and may stay | [`sources`] |
//! | B11 | what was abandoned is run | [`cancelling`] |
//! | B12 | asking oneself hangs | [`resting`] |
//! | B13 | a pending timer keeps an actor alive | [`resting`] |
//! | | a `tell` whose handler returns an error stops the actor | [`resting`] |

mod actors;
mod breaking;
mod cancelling;
mod clones;
mod ending;
mod executors;
mod from_within;
mod harness;
mod held_decision;
mod kills;
mod leaving;
mod letting_go;
mod restarting;
mod resting;
mod slow_journal;
mod sources;
mod starting;
mod two_threads;

use harness::{ActorHarness, Asked, LINGER, poll_once, values, within_reason, yields};
