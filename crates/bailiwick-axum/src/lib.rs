#![doc = include_str!("../README.md")]

mod call;
mod connections;
mod front;
mod health;
mod id;
mod json;
mod keys;
mod limits;
mod problem;
mod server;
mod sse;
mod trace;

pub use call::{Call, never};
pub use id::{InvalidUrlId, PathId, PathIds, UrlId};
pub use json::Json;
pub use limits::Limits;
pub use problem::Problem;
pub use server::{Ended, Server};
pub use sse::EventStream;
