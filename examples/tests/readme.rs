//! The README shows `first_hour.rs` whole, and it is short.

const README: &str = include_str!("../../README.md");
const FIRST_HOUR: &str = include_str!("../first_hour.rs");

/// The program without what comes before its first `use`.
fn program() -> &'static str {
    FIRST_HOUR.split_once("\n\n").expect("documentation comes first").1.trim_end()
}

#[test]
fn the_readme_shows_the_example_as_it_is() {
    let fence = README.split_once("```rust\n").expect("the README has an example").1;
    let shown = fence.split_once("\n```").expect("it ends").0;
    assert_eq!(shown, program());
}

#[test]
fn the_example_has_at_most_a_hundred_lines_of_code() {
    let mut importing = false;
    let code = program().lines().filter(|line| {
        importing |= line.starts_with("use ");
        let counts = !importing && !line.trim().is_empty();
        importing &= !line.ends_with(';');
        counts
    });
    let lines = code.count();
    assert!(lines <= 100, "{lines} lines");
}
