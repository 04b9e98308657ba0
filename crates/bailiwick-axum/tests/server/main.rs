//! A server in this process: what every request goes through, and how it ends.

include!("../../../bailiwick/docs/sessions.rs");

mod answers;
mod end;
mod sample;
