//! What listings and bidders do, told without a runtime.

mod bidder;
mod bidding;
mod corrective;
mod decided;
mod eligibility;
mod ending;
mod invariants;
mod money;
mod notifier;
mod opening;
mod sample;
mod together;
