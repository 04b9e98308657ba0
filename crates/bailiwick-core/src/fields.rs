//! The fields of an event as they were recorded, for upcasters: by name, each as it is encoded.
//!
//! Why it is as it is: docs/decisions/schema-and-startup.md.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::box_error::BoxError;
use crate::codec::wire::{Malformed, Reader, Writer};
use crate::codec::{CodecError, decode_value, encode_value, show};
use crate::schema_version::SchemaVersion;

/// The fields of an event as an earlier version of its type recorded them.
///
/// An upcaster takes out what has changed and sets what there is instead; fields that it does not
/// touch stay exactly as they were.
///
/// ```
/// use bailiwick_core::{BoxError, Event, Fields};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Event, Debug, PartialEq, Serialize, Deserialize)]
/// #[event(version = 2, upcast = in_cents)]
/// struct PriceChanged {
///     product: String,
///     cents: u64,
/// }
///
/// // Version 1 had whole `euros`.
/// fn in_cents(fields: &mut Fields) -> Result<(), BoxError> {
///     let euros: u64 = fields.take("euros")?;
///     fields.set("cents", &(100 * euros))?;
///     Ok(())
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// let recorded = Fields::new().with("product", "tea")?.with("euros", &4)?.encode();
/// let changed = PriceChanged::decode("PriceChanged", 1, &recorded)?;
/// assert_eq!(changed, Some(PriceChanged { product: "tea".into(), cents: 400 }));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Fields(Vec<(String, Vec<u8>)>);

/// Brings the fields of an event from one version to the next. A panic or an error makes the
/// aggregate unloadable, at this event, until the code is mended.
///
/// For an example see [`Fields`](crate::Fields).
pub type Upcast = fn(&mut Fields) -> Result<(), BoxError>;

/// Why a field could not be taken out or set.
///
/// For an example see [`Fields`](crate::Fields).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The event was recorded without it.
    #[error("there is no field {name:?}; there are {present:?}")]
    Missing {
        /// The field that was asked for.
        name: String,
        /// Those that there are.
        present: Vec<String>,
    },
    /// It is there already.
    #[error("there is a field {name:?} already")]
    Taken {
        /// Its name.
        name: String,
    },
    /// It is of another type.
    #[error("the field {name:?} is {value}")]
    Mismatch {
        /// Its name.
        name: String,
        /// What it is.
        value: String,
        /// Why it is not what was asked for.
        source: CodecError,
    },
    /// What it was to be set to cannot be encoded.
    #[error("the field {name:?} cannot be set")]
    Unencodable {
        /// Its name.
        name: String,
        /// Why.
        source: CodecError,
    },
}

impl Fields {
    /// No fields.
    pub fn new() -> Self {
        Fields::default()
    }

    /// Reads the map of an event's fields.
    pub(crate) fn decode(payload: &[u8]) -> Result<Fields, Malformed> {
        let mut reader = Reader::new(payload);
        let entries = reader.map()?;
        let mut fields = Fields::new();
        for _ in 0..entries {
            let name = reader.text()?.to_owned();
            fields.0.push((name, reader.value()?.to_owned()));
        }
        match reader.rest() {
            [] => Ok(fields),
            _ => Err(reader.missing("the end of the fields")),
        }
    }

    /// The bytes of an event with these fields.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer(&mut out);
        writer.map(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        for (name, value) in &self.0 {
            writer.text(name);
            writer.raw(value);
        }
        out
    }

    /// Their names, in the order in which they were recorded.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The names of those that are not the same in `other`.
    pub(crate) fn changed_in<'a>(&'a self, other: &'a Fields) -> impl Iterator<Item = &'a str> {
        let changed = self.0.iter().filter(|field| !other.0.contains(field));
        changed.map(|(name, _)| name.as_str())
    }

    /// Whether there is one with this name.
    pub fn contains(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The value of a field.
    ///
    /// # Errors
    /// If there is none with this name, or it is no `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, FieldError> {
        let value = &self.0[self.find(name)?].1;
        decode_value(value).map_err(|source| FieldError::Mismatch {
            name: name.to_owned(),
            value: show(value),
            source,
        })
    }

    /// Takes a field out.
    ///
    /// # Errors
    /// As [`get`](Fields::get).
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, FieldError> {
        let value = self.get(name)?;
        self.remove(name);
        Ok(value)
    }

    /// Takes a field out, whatever it is. Says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(known, _)| known != name);
        self.0.len() < before
    }

    /// Sets a field, whether it was there or not.
    ///
    /// # Errors
    /// If the value cannot be encoded.
    pub fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), FieldError> {
        let value = encode_value(value)
            .map_err(|source| FieldError::Unencodable { name: name.to_owned(), source })?;
        match self.find(name) {
            Ok(at) => self.0[at].1 = value,
            Err(_) => self.0.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// As [`set`](Fields::set), to build the fields of a test.
    ///
    /// # Errors
    /// As [`set`](Fields::set).
    pub fn with<T: Serialize + ?Sized>(
        mut self,
        name: &str,
        value: &T,
    ) -> Result<Self, FieldError> {
        self.set(name, value)?;
        Ok(self)
    }

    /// Gives a field another name, and leaves it as it is.
    ///
    /// # Errors
    /// If there is none with this name, or one with the other name already.
    pub fn rename(&mut self, name: &str, to: &str) -> Result<(), FieldError> {
        let at = self.find(name)?;
        if self.contains(to) {
            return Err(FieldError::Taken { name: to.to_owned() });
        }
        to.clone_into(&mut self.0[at].0);
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, FieldError> {
        self.names().position(|known| known == name).ok_or_else(|| FieldError::Missing {
            name: name.to_owned(),
            present: self.names().map(ToOwned::to_owned).collect(),
        })
    }
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&show(&self.encode()))
    }
}

/// Brings the fields of an event from version `from` to the one that is written now, step by step.
/// Says which step failed.
pub(crate) fn upcast(
    payload: &[u8],
    from: SchemaVersion,
    upcasts: &[Upcast],
) -> Result<Vec<u8>, (SchemaVersion, BoxError)> {
    let mut fields = Fields::decode(payload).map_err(|error| (from, error.into()))?;
    for (version, upcast) in (1..).zip(upcasts).filter(|(version, _)| *version >= from) {
        upcast(&mut fields).map_err(|error| (version, error))?;
    }
    Ok(fields.encode())
}
