//! Who may import whom: a component, which is a folder of `src`, imports those below it. Arrows that go up are
//! listed one by one, so that none is added unseen; they are to become fewer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// From the bottom to the top.
const LAYERS: &[&str] = &[
    "config",
    "environment",
    "metrics",
    "util",
    "error",
    "journal",
    "sabotage",
    "context",
    "passivation",
    "telemetry",
    "deadlines",
    "snapshots",
    "request",
    "registry",
    "aggregates",
    "view",
    "catalogue",
    "startup",
    "reading",
    "projections",
    "rehearsal",
    "cell",
    "decisions",
    "reactions",
    "runtime",
];

/// What goes up all the same.
const UP: &[(&str, &str)] = &[
    ("error", "projections"),
    ("journal", "context"),
    ("sabotage", "context"),
    ("context", "reactions"),
    ("context", "snapshots"),
    ("telemetry", "request"),
    ("snapshots", "view"),
    ("request", "aggregates"),
    ("request", "cell"),
    ("request", "decisions"),
    ("request", "reactions"),
    ("registry", "aggregates"),
    ("registry", "cell"),
    ("registry", "reactions"),
    ("registry", "startup"),
    ("aggregates", "cell"),
    ("startup", "cell"),
    ("cell", "reactions"),
    ("decisions", "reactions"),
];

/// They only hand on what other crates and components have.
const HAND_ON: &[&str] = &["lib", "bench", "durable", "redb"];

type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

/// The arrows between components, with the files that they are in.
fn arrows() -> Arrows {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut arrows = Arrows::new();
    for component in children(&src) {
        let name = component.file_stem().expect("a name").to_string_lossy().into_owned();
        if !HAND_ON.contains(&&*name) {
            look(&component, &name, &mut arrows);
        }
    }
    arrows
}

fn children(folder: &Path) -> Vec<std::path::PathBuf> {
    let children = fs::read_dir(folder).expect("it can be read");
    children.map(|child| child.expect("it can be read").path()).collect()
}

fn look(at: &Path, component: &str, arrows: &mut Arrows) {
    if at.file_stem().is_some_and(|name| name == "tests") {
        return;
    }
    if at.is_dir() {
        return children(at).iter().for_each(|child| look(child, component, arrows));
    }
    let text = fs::read_to_string(at).expect("it can be read");
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        // A link in a text is no import.
        let line = line.replace("](crate::", "](");
        for rest in line.split("crate::").skip(1) {
            let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '_'));
            let to = &rest[..end.unwrap_or(rest.len())];
            // Else nobody sees whom it needs.
            assert!(!to.is_empty(), "import it by its path: {}: {line}", at.display());
            if to != component {
                let file = at.file_name().expect("a name").to_string_lossy().into_owned();
                let arrow = (component.to_owned(), to.to_owned());
                arrows.entry(arrow).or_default().insert(file);
            }
        }
    }
}

#[test]
fn a_component_imports_those_below_it() {
    let layer = |name: &str| {
        let found = LAYERS.iter().position(|layer| *layer == name);
        found.unwrap_or_else(|| panic!("{name} has no layer: say in LAYERS where it belongs"))
    };
    let arrows = arrows();
    assert!(arrows.len() > 50, "{} arrows were found", arrows.len());
    let up = arrows.iter().filter(|((from, to), _)| layer(to) > layer(from));
    let mut known: BTreeSet<_> = UP.iter().copied().collect();
    let added: Vec<_> = up.filter(|((from, to), _)| !known.remove(&(&**from, &**to))).collect();
    assert!(added.is_empty(), "these go up: {added:#?}");
    assert!(known.is_empty(), "these are gone: take them out of UP: {known:?}");
}
