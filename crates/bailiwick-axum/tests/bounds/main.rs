//! What a server does about clients that are slow, too many, or use a key twice.
#![allow(dead_code, unused_imports, clippy::allow_attributes)] // Of the account there is more than is needed here.

mod connections;
mod events;
mod keys;
mod requests;
mod support;

include!("../../../bailiwick/docs/sessions.rs");
