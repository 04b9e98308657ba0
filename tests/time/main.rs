//! Time: what a clock may do, what is overdue, what is tried again, and what waits for that.

mod closed;
mod leaps;
mod missed;
mod panics;
mod settings;
mod slow_rules;
mod split_clock;
mod unloadable;
