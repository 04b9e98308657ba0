//! Who may import whom: a component imports those below it, and none through the crate's root.

mod components;

use std::path::Path;

/// From the bottom to the top.
const LAYERS: &[&str] = &[
    "box_error",
    "report",
    "short_name",
    "text",
    "time",
    "position",
    "schema_version",
    "lease",
    "trace_parent",
    "round_trip",
    "tag",
    "id",
    "tagged",
    "codec",
    "fields",
    "schema",
    "event",
    "context",
    "recording",
    "stored",
    "journal",
    "view",
    "snapshot",
    "views",
    "decision",
    "class",
    "turn",
    "policy",
    "effect",
    "projection",
    "given",
];

/// What goes up all the same.
const UP: &[(&str, &str)] = &[];

/// It only hands on what the components have.
const HAND_ON: &[&str] = &["lib"];

#[test]
fn a_component_imports_those_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    components::check(&src, LAYERS, UP, HAND_ON, 100);
}
