//! How a runtime starts: what the journal has is compared with what is here, and what would be lost or misread is
//! refused.

pub(crate) mod error;
pub(crate) mod recovery;
pub(crate) mod scan;
pub(crate) mod schema;
