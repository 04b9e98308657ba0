//! The README shows `first_hour.rs` whole, and what it leads to `evolving.rs` whole and a part of `durable.rs`; the
//! first of them is short, the README of `bailiwick-axum` shows the routes of `first_server.rs`, and so are the two programs on a folder that it names. No link leads nowhere, and every path
//! that ARCHITECTURE.md and the records of decisions name is there.

use std::path::{Path, PathBuf};

const README: &str = include_str!("../../README.md");
const JOURNAL: &str = include_str!("../../docs/journal.md");
const EVENTS: &str = include_str!("../../docs/events.md");
const FIRST_HOUR: &str = include_str!("../first_hour.rs");
const AXUM: &str = include_str!("../../crates/bailiwick-axum/README.md");
const FIRST_SERVER: &str = include_str!("../servers/first_server.rs");
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
    // But for the imports, which there are those of the domain, too.
    let (_, routes) = AXUM.split_once("\ntype Accounts").expect("it shows routes");
    let (routes, _) = routes.split_once("\n```").expect("they end");
    assert!(FIRST_SERVER.ends_with(&format!("\ntype Accounts{routes}\n")), "{routes}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What is in a folder of the repository.
fn listed(folder: PathBuf) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).expect("it is there");
    entries.map(|entry| entry.expect("it can be read").path())
}

/// Each text of Markdown in a folder, with where it is.
fn texts(folder: &str) -> impl Iterator<Item = (PathBuf, String)> {
    let files =
        listed(root().join(folder)).filter(|file| file.extension().is_some_and(|it| it == "md"));
    files.map(|file| {
        let text = std::fs::read_to_string(&file).expect("it can be read");
        (file, text)
    })
}

#[test]
fn no_link_leads_nowhere() {
    let mut links = 0;
    for (file, text) in ["", "docs", "docs/decisions"].into_iter().flat_map(texts) {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let to = link.split('#').next().unwrap_or_default();
            if to.is_empty() || to.contains("://") {
                continue;
            }
            let there = file.parent().expect("a folder").join(to);
            assert!(there.exists(), "{}: {link}", file.display());
            links += 1;
        }
    }
    assert!(links > 50, "{links} links were found");
}

/// All files and folders, but for what is hidden or built.
fn all_below(folder: PathBuf, found: &mut Vec<PathBuf>) {
    for path in listed(folder) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            all_below(path.clone(), found);
        }
        found.push(path);
    }
}

/// By its end: `codec/ser.rs` is in whichever crate has it.
#[test]
fn every_path_that_is_named_is_there() {
    let mut all = Vec::new();
    all_below(root(), &mut all);
    let architecture = texts("").filter(|(file, _)| file.ends_with("ARCHITECTURE.md"));
    let (mut named, mut missing) = (0, Vec::new());
    for (file, text) in architecture.chain(texts("docs/decisions")) {
        // Every other part stands in backticks.
        for name in text.split('`').skip(1).step_by(2) {
            let is_path = name.ends_with(".rs") || name.ends_with('/');
            if !is_path || name.contains(char::is_whitespace) {
                continue;
            }
            let is_folder = name.ends_with('/');
            named += 1;
            if !all.iter().any(|path| path.ends_with(name) && path.is_dir() == is_folder) {
                missing.push(format!("{}: {name}", file.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(named > 400, "{named} paths were found");
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
