//! How the lists of an aggregate type are read.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::config::Config;

/// A page of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListOptions {
    pub(crate) limit: NonZeroUsize,
    pub(crate) timeout: Duration,
}

impl ListOptions {
    pub(crate) fn new(config: &Config) -> Self {
        ListOptions { limit: config.page(), timeout: config.timeout }
    }
}
