//! A server in this process: what every request goes through, and how it ends.
#![allow(unused_imports, clippy::allow_attributes)] // Of the account there is more than is needed here.

include!("../../../bailiwick/docs/sessions.rs");

mod answers;
mod end;
mod sample;
