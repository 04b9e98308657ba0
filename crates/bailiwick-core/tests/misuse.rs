//! Mistakes in a domain are explained by the compiler: each file of `misuse/` is of one kind, and
//! beside it stands what the compiler says.
//!
//! After a change of wording, or of the compiler: `TRYBUILD=overwrite cargo test --test misuse`.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/misuse/*.rs");
}
