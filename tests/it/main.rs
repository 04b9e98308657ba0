//! The integration tests of Bailiwick.

mod admission;
mod conflict;
mod deadline;
mod decide;
mod end;
mod failing;
mod faults;
mod gate;
mod golden;
mod lifecycle;
mod load;
mod once;
mod oracles;
mod race;
mod rest;
mod schema;
mod sim;
mod start;
mod streaming;
mod turn;
mod watch;
