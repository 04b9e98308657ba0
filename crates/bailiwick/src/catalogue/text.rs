//! A catalogue as text: a line for each thing that may change, so that a change is a line in a review.

use std::fmt::{self, Display, Formatter};

use super::{Catalogue, EventEntry, FieldEntry, NameEntry};

impl Display for Catalogue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.names.iter().try_for_each(|name| writeln!(f, "{name}"))?;
        self.events.iter().try_for_each(|event| write!(f, "\n{event}"))?;
        if !self.ignored.is_empty() {
            f.write_str("\n")?;
        }
        self.ignored.iter().try_for_each(|name| writeln!(f, "ignored event {name}"))
    }
}

/// `aggregate Listing by listing, was Auction`
impl Display for NameEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let NameEntry { kind, name, was, by, by_was } = self;
        write!(f, "{kind} {name}")?;
        if let Some(by) = by {
            write!(f, " by {by}")?;
        }
        was.iter().try_for_each(|was| write!(f, ", was {was}"))?;
        by_was.iter().try_for_each(|was| write!(f, ", by {was} before"))
    }
}

impl Display for EventEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let EventEntry { name, version, was, retired, of, serde, upcasters, .. } = self;
        if *retired {
            return writeln!(f, "event {name}, retired from {of}");
        }
        writeln!(f, "event {name}, version {version}, of {of}")?;
        was.iter().try_for_each(|was| writeln!(f, "  was         {was}"))?;
        for (from, upcaster) in (1..).zip(upcasters) {
            let nobody = if self.read_by.is_empty() { ", called by nobody" } else { "" };
            writeln!(f, "  upcast      from {from} by {upcaster}{nobody}")?;
        }
        if !serde.is_empty() {
            writeln!(f, "  serde       {serde}")?;
        }
        match &self.fields {
            None => writeln!(f, "  fields      not known")?,
            Some(fields) => {
                fields.iter().try_for_each(|field| writeln!(f, "  field       {field}"))?;
            }
        }
        match &self.tags {
            None => writeln!(f, "  tags        not known")?,
            Some(tags) if tags.is_empty() => {}
            Some(tags) => writeln!(f, "  tags        {}", tags.join(", "))?,
        }
        if self.read_back {
            writeln!(f, "  read back   when it is emitted")?;
        }
        each(f, "emitted by", &self.emitted_by)?;
        each(f, "read by   ", &self.read_by)
    }
}

fn each(f: &mut Formatter<'_>, what: &str, all: &[String]) -> fmt::Result {
    if all.is_empty() {
        return writeln!(f, "  {what}  nobody");
    }
    all.iter().try_for_each(|one| writeln!(f, "  {what}  {one}"))
}

/// `vegan: bool, serde(default)`
impl Display for FieldEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let FieldEntry { name, of, serde } = self;
        write!(f, "{name}: {of}")?;
        if serde.is_empty() { Ok(()) } else { write!(f, ", serde({serde})") }
    }
}
