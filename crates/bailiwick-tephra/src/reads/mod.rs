//! Reading: pages, the last match, and the latest time.

mod page;
mod pool;

pub(crate) use page::{Source, any, continue_index, last, latest, page};
pub(crate) use pool::Pool;
