//! Random work, judged afterwards by somebody who was not there: from the journal alone.
//!
//! Each test prints its seed and how much there was. `ORACLE_SEED` chooses another seed, and
//! `ORACLE_EVENTS` and `ORACLE_CALLS` how much is done. What the threads make of a seed differs from
//! run to run; that nothing contradicts the rules does not.

mod appends;
mod careless_journal;
mod model;
mod registration;

/// What the environment says, or else this.
fn chosen(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")),
        Err(_) => otherwise,
    }
}

fn seed() -> u64 {
    chosen("ORACLE_SEED", 5)
}
