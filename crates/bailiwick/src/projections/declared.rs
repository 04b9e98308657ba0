//! A projection as it was declared, whatever its types.

use std::any::type_name;

use bailiwick_core::journal::Query;
use bailiwick_core::{Projection, ProjectionStore};

use super::folding::{AnyFolding, Folding};
use crate::reading::of_types;

pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) rust_type: &'static str,
    pub(super) version: u32,
    /// What it wants.
    pub(super) query: Query,
    pub(super) folding: Box<dyn AnyFolding>,
}

impl Declared {
    pub(crate) fn new<P: Projection, S: ProjectionStore<P>>(projection: P, store: S) -> Self {
        Declared {
            name: P::NAME,
            rust_type: type_name::<P>(),
            version: P::VERSION,
            query: of_types::<P::Event>(),
            folding: Box::new(Folding { projection, store }),
        }
    }
}
