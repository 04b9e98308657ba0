//! What failure costs: no more than what has failed.

mod book;
mod closed;
mod handles;
mod pace;
mod rebuilding;
mod support;
