//! Runs of aggregates, of which decisions are about two.
//!
//! | | |
//! |---|---|
//! | `plan`, `draw` | what a run is made of, and how likely everything is |
//! | `world`, `node` | the time, the journal and the runtimes of a run |
//! | `journal`, `faults` | the journal, and what goes wrong with it |
//! | `client`, `ask` | who calls, how, and what was answered |
//! | `disturbances`, `watcher` | what else happens in a run |
//! | `ledger`, `history` | what is in the journal, by call and by counter |
//! | `event_checks`, `answer_checks`, `reason_checks`, `liveness_checks` | what must hold of every event, of every answer, of every failure, and whenever time passes |
//! | `run` | its parts, one after the other, and what must hold at the end |
//! | `coverage` | which cases were met |

mod answer_checks;
mod ask;
mod client;
mod coverage;
mod disturbances;
mod draw;
mod event_checks;
mod faults;
mod history;
mod journal;
mod ledger;
mod liveness_checks;
mod node;
mod plan;
mod reason_checks;
mod run;
mod watcher;
mod world;

pub use coverage::{Case, Coverage};
pub use run::{Run, run};
