//! Which component of a crate imports which: a component is a file or a folder of `src`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The arrows between components, with the files that they are in.
type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

/// Fails if a component of `src` imports one above it and that is not known to go `up`, if what is known to do
/// so does not, and if something is imported through the root of the crate, where nobody sees whom it needs.
///
/// `layers` are from the bottom to the top; those that `hand_on` what others have are left out. There are at
/// least so many arrows, or they were not found.
pub fn check(src: &Path, layers: &[&str], up: &[(&str, &str)], hand_on: &[&str], least: usize) {
    let mut arrows = Arrows::new();
    let mut components = BTreeSet::new();
    for child in children(src) {
        let name = stem(&child);
        if hand_on.contains(&&*name) {
            continue;
        }
        let top = if child.is_dir() { child.join("mod.rs") } else { child.clone() };
        for line in code(&top) {
            assert!(!line.contains("super::"), "import it by its path: {}: {line}", top.display());
        }
        look(&child, &name, &mut arrows);
        components.insert(name);
    }
    assert!(arrows.len() >= least, "{} arrows were found", arrows.len());
    let known: BTreeSet<String> = layers.iter().map(ToString::to_string).collect();
    assert_eq!(components, known, "each component has its layer, and is one");

    let layer = |name: &str| {
        let found = layers.iter().position(|layer| *layer == name);
        found.unwrap_or_else(|| panic!("{name} is no component: {arrows:#?}"))
    };
    let above = arrows.iter().filter(|((from, to), _)| layer(to) > layer(from));
    let mut known: BTreeSet<_> = up.iter().copied().collect();
    let added: Vec<_> = above.filter(|((from, to), _)| !known.remove(&(&**from, &**to))).collect();
    assert!(added.is_empty(), "these go up: {added:#?}");
    assert!(known.is_empty(), "these are gone: take them out of what is known: {known:?}");
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let children = fs::read_dir(folder).expect("it can be read");
    children.map(|child| child.expect("it can be read").path()).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// The lines of code of a file, without comments and tests.
fn code(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("it can be read");
    // Tests are the last of a file, unless they have one of their own.
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(ToOwned::to_owned).collect()
}

fn look(at: &Path, component: &str, arrows: &mut Arrows) {
    if stem(at) == "tests" {
        return;
    }
    if at.is_dir() {
        return children(at).iter().for_each(|child| look(child, component, arrows));
    }
    let root = format!("{}::", env!("CARGO_PKG_NAME").replace('-', "_"));
    for line in code(at) {
        // A link in a text is no import, and neither is what a macro writes into other crates.
        let line = line.replace("](crate::", "](").replace("$crate::", "");
        assert!(!line.contains(&root), "import it by its path: {}: {line}", at.display());
        for rest in line.split("crate::").skip(1) {
            let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '_'));
            let (to, then) = rest.split_at(end.unwrap_or(rest.len()));
            // An exported macro has no other path.
            if then.starts_with('!') {
                continue;
            }
            assert!(!to.is_empty(), "import it by its path: {}: {line}", at.display());
            if to != component {
                let file = at.file_name().expect("a name").to_string_lossy().into_owned();
                arrows.entry((component.to_owned(), to.to_owned())).or_default().insert(file);
            }
        }
    }
}
