//! A journal whose positions have holes: it keeps every rule of the port, and nothing of the runtime
//! relies on density between two reads.

mod life;
mod registration;

mod rules {
    use std::sync::Arc;

    use bailiwick_tests::journals::sparse::Sparse;

    bailiwick_core::conformance_tests!(|| Arc::new(Sparse::default()));
}
