//! What failure costs: no more than what has failed.

mod book;
mod closed;
mod counting;
mod dropping;
mod handles;
mod ours;
mod pace;
mod rebuilding;
mod support;
mod told;
