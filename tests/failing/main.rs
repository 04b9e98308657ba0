//! What failure costs: no more than what has failed.

mod closed;
mod counting;
mod dropping;
mod fixture;
mod handles;
mod ours;
mod pace;
mod rebuilding;
mod support;
mod told;
