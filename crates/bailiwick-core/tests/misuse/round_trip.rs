//! Types that promise to come back as they were, and may not.

use std::collections::BTreeMap;

use bailiwick_core::RoundTrip;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, RoundTrip)]
struct Foreign {
    payload: serde_json::Value,
}

#[derive(Serialize, Deserialize, RoundTrip)]
struct Attributes {
    #[serde(flatten)]
    more: BTreeMap<String, u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maybe: Option<u8>,
    #[serde(rename(serialize = "out"))]
    other: u8,
}

#[derive(Serialize, Deserialize, RoundTrip)]
#[serde(untagged)]
enum Untagged {
    One(u8),
    #[serde(skip)]
    Two,
}

#[derive(Serialize, Deserialize, RoundTrip)]
#[serde(rename_all = "camelCase")]
struct OneName {
    a_b: u8,
    #[allow(non_snake_case)]
    aB: u8,
}

fn main() {}
