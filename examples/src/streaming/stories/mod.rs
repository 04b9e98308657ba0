//! The rules of an account, as stories: a module per command, and all of them in random histories.

mod acquire;
mod invariants;
mod keep_alive;
mod leases;
mod random_histories;
mod release;
mod sample;
mod set_limit;
mod slots_in_use;
mod streams;
