//! The README shows `first_hour.rs` whole, and what it leads to `evolving.rs` whole and a part of `durable.rs`; the
//! first of them is short, and so are the two programs on a folder that it names. No link leads nowhere.

use std::path::Path;

const README: &str = include_str!("../../README.md");
const JOURNAL: &str = include_str!("../../docs/journal.md");
const EVENTS: &str = include_str!("../../docs/events.md");
const FIRST_HOUR: &str = include_str!("../first_hour.rs");
const COUNTER: &str = include_str!("../durable_counter.rs");
const DEADLINE: &str = include_str!("../durable_deadline.rs");
const EVOLVING: &str = include_str!("evolving.rs");
const DURABLE: &str = include_str!("durable.rs");

/// A file without what comes before its first `use`.
fn code(file: &'static str) -> &'static str {
    file.split_once("\n\n").expect("documentation comes first").1.trim_end()
}

/// The only Rust that a text shows.
#[track_caller]
fn shown(text: &str) -> &str {
    let fences: Vec<_> = text.split("```rust\n").skip(1).collect();
    let [fence] = fences[..] else { panic!("it shows something else") };
    fence.split_once("\n```").expect("it ends").0
}

#[test]
fn what_is_shown_is_what_runs() {
    assert_eq!([shown(README), shown(EVENTS)], [code(FIRST_HOUR), code(EVOLVING)]);
    let durable = shown(JOURNAL);
    assert!(DURABLE.contains(&format!("\n\n{durable}\n\n")), "{durable}");
}

#[test]
fn no_link_leads_nowhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = std::fs::read_dir(root.join("docs")).expect("it is there");
    let docs = docs.map(|entry| entry.expect("it can be read").path());
    let texts = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root.join(name));
    let mut links = 0;
    for text in docs.chain(texts) {
        let read = std::fs::read_to_string(&text).expect("it can be read");
        for link in read.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let there = text.parent().expect("a folder").join(file);
            assert!(there.exists(), "{}: {link}", text.display());
            links += 1;
        }
    }
    assert!(links > 50, "{links} links were found");
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
