//! Snapshots: whatever becomes of them, the answer is the one that the journal gives.

mod damaged;
mod deleted;
mod figures;

mod fixture;
mod going_on;
mod keys;
mod saving;
mod versions;
mod views;
