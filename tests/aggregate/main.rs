//! One aggregate and those who call it: commands, reads, deadlines, rest and end.

mod admission;
mod conflict;
mod deadline;
mod end;
mod failing;
mod form;
mod gate;
mod load;
mod once;
mod rest;
mod streaming;
mod turn;
mod watch;
