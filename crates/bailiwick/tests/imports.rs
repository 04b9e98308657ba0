//! Who may import whom: a component, which is a folder of `src`, imports those below it. Arrows that go up are
//! listed one by one, so that none is added unseen; they are to become fewer.

#[path = "../../bailiwick-core/tests/imports/components.rs"]
mod components;

use std::path::Path;

/// From the bottom to the top.
const LAYERS: &[&str] = &[
    "config",
    "util",
    "environment",
    "metrics",
    "delivery",
    "error",
    "journal",
    "context",
    "sabotage",
    "passivation",
    "telemetry",
    "deadlines",
    "snapshots",
    "recovery",
    "request",
    "options",
    "registry",
    "cell",
    "aggregates",
    "view",
    "catalogue",
    "startup",
    "reading",
    "projections",
    "rehearsal",
    "decisions",
    "reactions",
    "runtime",
];

/// What goes up all the same.
const UP: &[(&str, &str)] = &[
    ("error", "projections"),
    ("journal", "context"),
    ("context", "snapshots"),
    ("telemetry", "request"),
    ("registry", "cell"),
    ("registry", "reactions"),
];

/// They only hand on what other crates and components have.
const HAND_ON: &[&str] = &["lib", "bench", "durable", "redb"];

#[test]
fn a_component_imports_those_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    components::check(&src, LAYERS, UP, HAND_ON, 50);
}
