//! The README shows `first_hour.rs` and `evolving.rs` whole, a part of `durable.rs`, and a sketch; the first of
//! them is short, and so are the two programs on a folder that it names.

const README: &str = include_str!("../../README.md");
const FIRST_HOUR: &str = include_str!("../first_hour.rs");
const COUNTER: &str = include_str!("../durable_counter.rs");
const DEADLINE: &str = include_str!("../durable_deadline.rs");
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
    let [first_hour, durable, _following, evolving] = shown.collect::<Vec<_>>()[..] else {
        panic!("the README shows something else");
    };
    assert_eq!([first_hour, evolving], [code(FIRST_HOUR), code(EVOLVING)]);
    assert!(DURABLE.contains(&format!("\n\n{durable}\n\n")), "{durable}");
}

/// All of it counts but blank lines.
#[test]
fn who_learns_the_durable_runtime_reads_sixty_lines_at_most() {
    for (name, file) in [("durable_counter", COUNTER), ("durable_deadline", DEADLINE)] {
        let lines = file.lines().filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= 60, "{name}: {lines} lines");
        let command = format!("`cargo run --example {name}`");
        assert!(README.contains(&command), "{command} is not in the README");
    }
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
