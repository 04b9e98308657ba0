//! Schemas of JSON, as far as they are needed here.

use serde_json::{Map, Value, json};

/// An ID.
pub fn id() -> Value {
    json!({ "$ref": "#/components/schemas/Id" })
}

/// A whole number from 0 on.
pub fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// A whole number from 0 to this one.
pub fn count_upto(most: u64) -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": most })
}

/// A point in time.
pub fn time() -> Value {
    json!({ "type": "integer", "minimum": 0, "description": "milliseconds since the Unix epoch" })
}

/// An amount of money that is not negative.
pub fn money() -> Value {
    json!({ "$ref": "#/components/schemas/Money" })
}

/// An amount of money as somebody states it: it may be negative, and is refused then.
pub fn amount() -> Value {
    json!({ "$ref": "#/components/schemas/Amount" })
}

pub fn text() -> Value {
    json!({ "type": "string" })
}

pub fn yes_or_no() -> Value {
    json!({ "type": "boolean" })
}

/// One of these words.
pub fn one_of(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// A list of such.
pub fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

/// Such a value, or null.
pub fn maybe(value: Value) -> Value {
    json!({ "anyOf": [value, { "type": "null" }] })
}

/// One or the other.
pub fn either(one: Value, other: Value) -> Value {
    json!({ "oneOf": [one, other] })
}

/// An object of just these members, all of them.
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let required: Vec<_> = members.iter().map(|(name, _)| (*name).to_owned()).collect();
    let properties: Map<_, _> =
        members.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({
        "type": "object", "properties": properties, "required": required,
        "additionalProperties": false
    })
}

/// As in ISO 4217.
fn currency() -> Value {
    json!({ "type": "string", "pattern": "^[A-Z]{3}$" })
}

/// What operations refer to by name.
pub(super) fn components() -> Value {
    json!({
        "Id": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$" },
        "Money": object([("minor", count()), ("currency", currency())]),
        "Amount": object([("minor", json!({ "type": "integer" })), ("currency", currency())]),
        "Problem": {
            "description": "RFC 9457, with a code for programs",
            "type": "object",
            "properties": {
                "type": text(), "title": text(), "status": count(), "detail": text(), "code": text()
            },
            "required": ["type", "title", "status", "code"]
        }
    })
}
