//! What a listing does, told without a runtime.

mod bidding;
mod ending;
mod invariants;
mod money;
mod opening;
mod sample;
