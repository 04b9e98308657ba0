//! Snapshots: whatever becomes of them, the answer is the one that the journal gives.

mod damaged;
mod deleted;
mod figures;

mod going_on;
mod keys;
mod saving;
mod tank;
mod versions;
mod views;
