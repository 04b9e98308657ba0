//! The README shows `first_hour.rs` and `evolving.rs` whole, and a part of `durable.rs`; the first of
//! them is short.

const README: &str = include_str!("../../README.md");
const FIRST_HOUR: &str = include_str!("../first_hour.rs");
const EVOLVING: &str = include_str!("evolving.rs");
const DURABLE: &str = include_str!("durable.rs");

/// A file without what comes before its first `use`.
fn code(file: &'static str) -> &'static str {
    file.split_once("\n\n").expect("documentation comes first").1.trim_end()
}

#[test]
fn the_readme_shows_the_examples_as_they_are() {
    let fences = README.split("```rust\n").skip(1);
    let shown = fences.map(|fence| fence.split_once("\n```").expect("it ends").0);
    let [first_hour, durable, evolving] = shown.collect::<Vec<_>>()[..] else {
        panic!("the README shows something else");
    };
    assert_eq!([first_hour, evolving], [code(FIRST_HOUR), code(EVOLVING)]);
    assert!(DURABLE.contains(&format!("\n\n{durable}\n\n")), "{durable}");
}

#[test]
fn the_example_has_at_most_a_hundred_lines_of_code() {
    let mut importing = false;
    let code = code(FIRST_HOUR).lines().filter(|line| {
        importing |= line.starts_with("use ");
        let counts = !importing && !line.trim().is_empty();
        importing &= !line.ends_with(';');
        counts
    });
    let lines = code.count();
    assert!(lines <= 100, "{lines} lines");
}
