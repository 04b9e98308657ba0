#![doc = include_str!("../README.md")]

mod admission;
mod body;
mod call;
mod connections;
mod descriptors;
mod health;
mod id;
mod json;
mod keys;
mod limits;
mod problem;
mod query;
mod server;
mod sse;
mod stalled;
mod trace;

pub use call::{Call, never};
pub use id::{InvalidUrlId, PathId, PathIds, UrlId};
pub use json::Json;
pub use limits::Limits;
pub use problem::Problem;
pub use query::Query;
pub use server::{Ended, NotInOrder, Server};
pub use sse::EventStream;
