//! The policies, each as its authors describe it.

mod bailiwick;
mod clairvoyant;
mod clock;
mod libraries;
mod lru;
mod s3_fifo;
mod sieve;
mod tiny_lfu;

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::live::Live;
use super::{Budget, Policy};

pub(super) use clairvoyant::clairvoyant;

/// By ID. It is never iterated.
type ById<T> = HashMap<u32, T, FixedState>;

type Make = fn(Budget) -> Option<Box<dyn Policy>>;

/// All of them, by name.
pub(super) const ALL: [(&str, Make); 10] = [
    ("bailiwick", |budget| made(bailiwick::Bailiwick::new(budget))),
    ("bailiwick, live", |budget| made(Live::new(budget))),
    ("second chance", |budget| made(clock::SecondChance::new(budget))),
    ("LRU", |budget| made(lru::Lru::new(budget))),
    ("SIEVE", |budget| made(sieve::Sieve::new(budget))),
    ("S3-FIFO", |budget| made(s3_fifo::S3Fifo::new(budget))),
    ("W-TinyLFU, 1 %", |budget| made(tiny_lfu::WindowTinyLfu::new(budget, 0.01)?)),
    ("W-TinyLFU, 10 %", |budget| made(tiny_lfu::WindowTinyLfu::new(budget, 0.10)?)),
    ("moka", |budget| made(libraries::Moka::new(budget))),
    ("quick_cache", |budget| made(libraries::QuickCache::new(budget))),
];

#[allow(clippy::unnecessary_wraps, reason = "some cannot be made for every budget")]
fn made(policy: impl Policy + 'static) -> Option<Box<dyn Policy>> {
    Some(Box::new(policy))
}
