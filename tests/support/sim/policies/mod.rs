//! Runs of policies and effects: senders say things, a policy has receivers hear them, and an effect tells them
//! to the outside world.
//!
//! They are runs as those of counters are, with the same executor, clocks and kinds of failures, and other
//! books: what is in the journal is compared, at the instant at which it takes effect, with what a naive
//! reading of the news says. Senders, receivers, policy, effect and books are those of `saying`.
//!
//! | | |
//! |---|---|
//! | `plan` | what a run is made of |
//! | `journal` | the journal, and what goes wrong with it |
//! | `outside` | the outside world |
//! | `drops` | what operators drop |
//! | `world`, `operator` | who does something in a run |
//! | `run` | trouble, then quiet, and what must hold at the end |

mod drops;
mod journal;
mod operator;
mod outside;
mod plan;
mod run;
mod sights;
mod world;

pub use run::{PolicyRun, run_of};
pub use sights::{PolicySight, PolicySights};
