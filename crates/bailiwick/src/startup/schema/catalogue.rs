//! What the names are, in an order of their own: see [`Catalogue`].

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_core::{EventDescriptor, FieldDescriptor, Lane};

use super::{Names, Set, Who};
use crate::catalogue::{Catalogue, EventEntry, FieldEntry, NameEntry};
use crate::startup::error::StartError;

impl Names {
    /// # Errors
    /// If the names contradict each other.
    pub(crate) fn catalogue(&self) -> Result<Catalogue, StartError> {
        self.check()?;
        // A retired name may be that of several sets, and alive nowhere.
        let mut types: BTreeMap<&str, &EventDescriptor> = BTreeMap::new();
        for known in self.sets.iter().flat_map(|set| set.types) {
            types.entry(known.name).or_insert(known);
        }
        let events = types.into_values().map(|known| self.entry(known)).collect();
        let ignored = self.ignored.events.iter().cloned().collect();
        Ok(Catalogue { names: self.entries(), events, ignored })
    }

    /// What decides, and whose name is recorded.
    fn entries(&self) -> Vec<NameEntry> {
        let entry = |kind, name, by| NameEntry { kind, name, was: vec![], by, by_was: vec![] };
        let mut all = BTreeSet::new();
        for known in &self.aggregates {
            let named = entry("aggregate", known.name.to_owned(), Some(known.id.key.to_owned()));
            let (was, by_was) = (known.was.to_vec(), known.id.was.to_vec());
            all.insert(NameEntry { was, by_was, ..named });
        }
        for known in &self.reactions {
            let by_was = if let Lane::Tag { was, .. } = known.lane { was.to_vec() } else { vec![] };
            let lane = Some(known.lane.to_string());
            all.insert(NameEntry {
                by_was,
                ..entry(known.kind.name(), known.name.to_owned(), lane)
            });
        }
        for set in self.sets.iter().filter(|set| set.emits && set.who.kind == "decision") {
            all.insert(entry("decision", set.who.shown(), None));
        }
        all.into_iter().collect()
    }

    fn entry(&self, known: &EventDescriptor) -> EventEntry {
        let knowing = || {
            let knows = |set: &&Set| set.alive().any(|other| other.name == known.name);
            self.sets.iter().filter(knows)
        };
        let emitted_by: BTreeSet<_> =
            knowing().filter(|set| set.emits).map(|set| set.who.to_string()).collect();
        let read_by: BTreeSet<_> = knowing().filter_map(Set::reads).collect();
        EventEntry {
            name: known.name,
            version: known.version(),
            was: known.was.to_vec(),
            retired: known.retired,
            of: short(known.owner),
            fields: known.fields.map(|fields| {
                let entry =
                    |of: &FieldDescriptor| FieldEntry { name: of.name, of: of.of, serde: of.serde };
                fields.iter().map(entry).collect()
            }),
            serde: known.serde,
            tags: tags(known),
            upcasters: (0..known.upcasts.len())
                .map(|place| known.upcast_names.get(place).copied().unwrap_or("?"))
                .collect(),
            read_back: !known.round_trips,
            emitted_by: emitted_by.into_iter().collect(),
            read_by: read_by.into_iter().collect(),
        }
    }
}

/// The keys of tags that its fields add, each once.
fn tags(known: &EventDescriptor) -> Option<Vec<&'static str>> {
    let fields = known.tagged?.iter().copied();
    let keys = fields.collect::<Option<Vec<_>>>()?;
    let keys: BTreeSet<_> = keys.into_iter().flatten().copied().collect();
    Some(keys.into_iter().collect())
}

impl Set {
    /// Who reads, as a catalogue shows it; none if it does not.
    fn reads(&self) -> Option<String> {
        let keys: Vec<_> = self.ids.iter().map(|id| id.key).collect();
        let by = match keys.is_empty() {
            true => String::new(),
            false => format!(" by {}", keys.join(", ")),
        };
        let through = || format!(" through {}{by}", short(self.of));
        Some(match (self.who.kind, self.view) {
            ("aggregate" | "view", _) => format!("{}{by}", self.who),
            ("decision", Some(_)) => format!("{}{}", self.who, through()),
            // The news of a reaction are read by nothing else; its views are something beside it.
            ("policy" | "effect", _) if self.ids.is_empty() => self.who.to_string(),
            ("policy" | "effect", _) => format!("{}{}", self.who, through()),
            _ if self.emits => return None,
            _ => self.who.to_string(),
        })
    }
}

impl Who {
    /// Its name, without the path if that is one.
    fn shown(&self) -> String {
        if self.is_type { short(self.name) } else { self.name.to_owned() }
    }
}

/// `policy corrective`
impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.shown())
    }
}

/// A Rust type without its paths, those of what it is generic over too: where it is moved to changes
/// nothing that is stored.
fn short(rust_type: &str) -> String {
    let mut out = String::new();
    for part in rust_type.split_inclusive(['<', '>', ',', ' ', '(', ')', '[', ']', '&', ';']) {
        out.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_shown_without_paths() {
        let last = "bailiwick_core::views::Last<app::Sold, (app::TillId, app::ids::ShopId)>";
        assert_eq!(short(last), "Last<Sold, (TillId, ShopId)>");
        assert_eq!(short("corrective"), "corrective");
    }
}
