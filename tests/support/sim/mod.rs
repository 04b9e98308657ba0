//! A simulation of runtimes of several aggregates and of decisions about two of them, driven by a seed.
//!
//! A run is a function of its seed: one thread, a schedule by chance, a time that passes only when
//! nothing is ready, and a journal that is slow and fails by chance. While it goes on, all that its
//! callers are told and all that takes effect in the journal is checked against a ledger, which
//! folds the journal by other code than the runtime's.
//!
//! | | |
//! |---|---|
//! | `executor`, `queue`, `random`, `clock`, `trace` | what makes a run a function of its seed |
//! | `plan`, `draw` | what a run is made of, and how likely everything is |
//! | `journal`, `fate`, `effect` | the journal, and what goes wrong with it |
//! | `client`, `asking`, `deeds`, `ends`, `foreign` | who does something in a run |
//! | `made`, `trail` | what is noted of every call |
//! | `ledger`, `rules`, `times`, `history`, `concerned` | what must hold of every event |
//! | `answers`, `reasons` | what must hold of every answer |
//! | `vigil`, `watcher` | what must hold whenever time passes |
//! | `quiet`, `seat`, `run` | what must hold at the end |
//! | `policies` | the same of policies and effects: runs and journal of their own, and the books of `saying` |

mod answer;
mod answers;
mod asking;
mod client;
mod clock;
mod concerned;
mod deeds;
mod draw;
mod driver;
mod effect;
mod ends;
mod executor;
mod fate;
mod foreign;
mod history;
mod journal;
mod ledger;
mod made;
mod panics;
mod patience;
mod plan;
mod policies;
mod queue;
mod quiet;
pub mod random;
mod reasons;
mod rules;
mod run;
mod seat;
mod sights;
mod sweep;
mod times;
mod trace;
mod trail;
mod vigil;
mod watcher;
mod world;

pub use policies::{PolicyRun, PolicySight, PolicySights};
pub use random::Random;
pub use run::Run;
pub use sights::{Sight, Sights};
pub use sweep::{Simulator, sweep, sweep_policies};
