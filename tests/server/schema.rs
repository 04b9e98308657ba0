//! Schemas as the description has them: whether a value is as one says, and values that are.

use bailiwick_tests::sim::random::Random;
use serde_json::{Map, Value, json};

/// The description of a server.
pub struct Description(pub Value);

/// A route of it.
pub struct Operation<'a> {
    pub method: String,
    pub path: &'a str,
    pub said: &'a Value,
}

/// What an ID may be, as the description writes it.
const ID: &str = "^[A-Za-z0-9._-]{1,128}$";
/// A code of a currency.
const CURRENCY: &str = "^[A-Z]{3}$";

impl Description {
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let paths = self.0["paths"].as_object().expect("paths");
        paths
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().expect("methods");
                methods.iter().map(|(method, said)| {
                    let method = method.to_uppercase();
                    Operation { method, path: path.as_str(), said }
                })
            })
            .collect()
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str().and_then(|to| to.strip_prefix('#')) {
            Some(pointer) => self.0.pointer(pointer).expect("what is referred to"),
            None => schema,
        }
    }

    /// Whether the value is as the schema says.
    ///
    /// # Errors
    /// With what is not.
    pub fn check(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let schema = self.resolve(schema);
        let wrong = |what: &str| Err(format!("{value} is {what}: {schema}"));
        for part in members(schema, "allOf") {
            self.check(part, value)?;
        }
        for choice in ["anyOf", "oneOf"] {
            let choices = members(schema, choice);
            if !choices.is_empty() && choices.iter().all(|one| self.check(one, value).is_err()) {
                return wrong("none of these");
            }
        }
        if schema["enum"].is_array() && !members(schema, "enum").contains(value) {
            return wrong("none of these");
        }
        match schema["type"].as_str() {
            Some("null") if !value.is_null() => return wrong("not null"),
            Some("boolean") if !value.is_boolean() => return wrong("not yes or no"),
            Some("integer") if !in_range(schema, value) => return wrong("no such number"),
            Some("string") => {
                let Some(text) = value.as_str() else { return wrong("no text") };
                if !matches(schema["pattern"].as_str(), text) {
                    return wrong("another text");
                }
            }
            Some("array") => {
                let Some(items) = value.as_array() else { return wrong("no list") };
                items.iter().try_for_each(|item| self.check(&schema["items"], item))?;
            }
            Some("object") if !value.is_object() => return wrong("no object"),
            _ => {}
        }
        let Some(object) = value.as_object() else { return Ok(()) };
        let known = schema["properties"].as_object();
        for required in members(schema, "required") {
            if !object.contains_key(required.as_str().expect("a name")) {
                return wrong("lacking a member");
            }
        }
        for (name, member) in object {
            match known.and_then(|known| known.get(name)) {
                Some(schema) => self.check(schema, member)?,
                None if schema["additionalProperties"] == false => {
                    return wrong("more than there is");
                }
                None => {}
            }
        }
        Ok(())
    }

    /// A value as the schema says. `texts` are what IDs are taken from.
    pub fn value(&self, schema: &Value, texts: &[&str], random: &mut Random) -> Value {
        let schema = self.resolve(schema);
        for choice in ["anyOf", "oneOf", "enum"] {
            let choices = members(schema, choice);
            if !choices.is_empty() {
                let picked = &choices[random.index(choices.len())];
                let literal = choice == "enum";
                return if literal { picked.clone() } else { self.value(picked, texts, random) };
            }
        }
        match schema["type"].as_str() {
            Some("integer") => number(schema, random),
            Some("boolean") => json!(random.one_in(2)),
            Some("string") if schema["pattern"] == CURRENCY => {
                json!(if random.one_in(8) { "USD" } else { "EUR" })
            }
            Some("string") => json!(texts[random.index(texts.len())]),
            Some("array") => Value::Array(Vec::new()),
            Some("object") => {
                let known = schema["properties"].as_object().expect("members");
                let members = known.iter();
                let made: Map<_, _> = members
                    .map(|(name, schema)| (name.clone(), self.value(schema, texts, random)))
                    .collect();
                made.into()
            }
            _ => Value::Null,
        }
    }
}

fn members<'a>(schema: &'a Value, name: &str) -> &'a [Value] {
    schema[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn bounds(schema: &Value) -> (i128, i128) {
    let bound = |name: &str| {
        let bound = &schema[name];
        bound.as_u64().map(i128::from).or_else(|| bound.as_i64().map(i128::from))
    };
    let lowest = bound("minimum").unwrap_or(i64::MIN.into());
    (lowest, bound("maximum").unwrap_or(if lowest < 0 { i64::MAX.into() } else { u64::MAX.into() }))
}

fn in_range(schema: &Value, value: &Value) -> bool {
    let number = value.as_u64().map(i128::from).or_else(|| value.as_i64().map(i128::from));
    let (lowest, highest) = bounds(schema);
    number.is_some_and(|number| (lowest..=highest).contains(&number))
}

/// Mostly small, sometimes at an end.
fn number(schema: &Value, random: &mut Random) -> Value {
    let (lowest, highest) = bounds(schema);
    let number = match random.index(10) {
        0 => lowest,
        1 => highest,
        2 => highest - 1,
        3..=5 => i128::from(random.between(0, 10)),
        _ => i128::from(random.between(0, 100_000)),
    };
    let number = number.clamp(lowest, highest);
    u64::try_from(number)
        .map(Value::from)
        .unwrap_or_else(|_| Value::from(i64::try_from(number).expect("a bound of the description")))
}

fn matches(pattern: Option<&str>, text: &str) -> bool {
    let id = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    match pattern {
        None => true,
        Some(ID) => (1..=128).contains(&text.len()) && text.chars().all(id),
        Some(CURRENCY) => text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_uppercase()),
        Some(other) => panic!("a pattern that is not known here: {other}"),
    }
}
