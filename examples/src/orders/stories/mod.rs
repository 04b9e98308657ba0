//! What orders, payments, parcels and fulfilments do, and what policies carry between them, told without a
//! runtime.

#![allow(clippy::inconsistent_digit_grouping, reason = "cents stand apart, as in 5_000_00")]

mod changing;
mod fulfilment;
mod limits;
mod moving;
mod ordering;
mod parcel;
mod payment;
mod policies;
mod sample;
mod telling;
mod together;
mod whatever;
