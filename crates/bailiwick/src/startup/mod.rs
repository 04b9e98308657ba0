//! How a runtime starts: what the journal has is compared with what is here, and what would be lost or misread is
//! refused.
//!
//! Why it is as it is: docs/decisions/schema-and-startup.md.

pub(crate) mod error;
mod samples;
pub(crate) mod scan;
pub(crate) mod schema;
