//! An error, whatever its type.

use std::error::Error;

/// An error of any type: the source of another one.
///
/// For an example see [`Fields`](crate::Fields).
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;
