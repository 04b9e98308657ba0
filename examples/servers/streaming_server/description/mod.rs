//! What `GET /openapi.json` says: every route, what it takes, what it answers, and by which codes it
//! refuses. Each group of routes describes its own, beside them; a test compares the two over HTTP.

mod common;
pub mod schema;

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing;
use serde_json::{Map, Value, json};

use crate::domains;

const KEY: &str = "Idempotency-Key";
const KEY_SCOPE: &str = "Of one request, and of no other to this server: make it at random. An accepted request is \
answered as the first time when it comes again with its key, also after a restart. With the key of another request to \
the same thing it is refused (idempotency_key_reused); to another thing, as far as the server remembers.";

/// `/openapi.json`.
pub fn routes() -> Router {
    let operations = [common::described(), domains::described()];
    let text = Bytes::from(described(&operations.concat()).to_string());
    let json = move || async move { ([(CONTENT_TYPE, "application/json")], text) };
    Router::new().route("/openapi.json", routing::get(json))
}

/// A route, described.
#[derive(Clone)]
pub struct Operation {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    takes: Option<Value>,
    queries: Vec<(&'static str, Value)>,
    headers: Vec<&'static str>,
    answers: Vec<(u16, Option<(&'static str, Value)>)>,
    problems: BTreeMap<u16, Vec<&'static str>>,
}

/// A route that looks.
pub fn get(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("get", path, summary).refuses(503, &["timed_out"])
}

/// A route that says how the server is: it answers however much there is to do, and without a token.
pub fn health(path: &'static str, summary: &'static str) -> Operation {
    Operation { problems: BTreeMap::new(), ..Operation::new("get", path, summary) }
}

/// A route that makes something, under an ID of the caller's.
pub fn post(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("post", path, summary).command()
}

/// A route that makes something be so.
pub fn put(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("put", path, summary).command()
}

/// A route that makes something not be.
pub fn delete(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("delete", path, summary).command()
}

impl Operation {
    fn new(method: &'static str, path: &'static str, summary: &'static str) -> Operation {
        let (takes, queries, headers, answers) = Default::default();
        let problems = BTreeMap::new();
        let operation =
            Operation { method, path, summary, takes, queries, headers, answers, problems };
        let operation =
            operation.refuses(401, &["unauthorized"]).refuses(503, &["overloaded", "unavailable"]);
        if path.contains('{') { operation.refuses(400, &["invalid_id"]) } else { operation }
    }

    /// It may be sent again with its key, and may be of unknown outcome.
    fn command(self) -> Operation {
        self.header(KEY)
            .refuses(400, &["invalid_idempotency_key"])
            .refuses(422, &["idempotency_key_reused"])
            .refuses(504, &["outcome_unknown"])
    }

    /// With this body.
    pub fn takes(mut self, body: Value) -> Operation {
        self.takes = Some(body);
        self.refuses(400, &["invalid_body"])
            .refuses(408, &["request_timeout"])
            .refuses(413, &["body_too_large"])
            .refuses(415, &["unsupported_media_type"])
    }

    /// With this in the query, or without.
    pub fn query(mut self, name: &'static str, schema: Value) -> Operation {
        self.queries.push((name, schema));
        self
    }

    /// With this header, or without.
    pub fn header(mut self, name: &'static str) -> Operation {
        self.headers.push(name);
        self
    }

    /// With this status and JSON.
    pub fn answers(self, status: u16, body: Value) -> Operation {
        self.answers_as(status, "application/json", body)
    }

    /// With this status and a body of this type.
    pub fn answers_as(mut self, status: u16, kind: &'static str, body: Value) -> Operation {
        self.answers.push((status, Some((kind, body))));
        self
    }

    /// With this status and nothing else.
    pub fn answers_nothing(mut self, status: u16) -> Operation {
        self.answers.push((status, None));
        self
    }

    /// With this status and one of these codes.
    pub fn refuses(mut self, status: u16, codes: &[&'static str]) -> Operation {
        self.problems.entry(status).or_default().extend(codes);
        self
    }

    fn parameters(&self) -> Vec<Value> {
        let pieces = self.path.split('/').filter_map(|piece| piece.strip_prefix('{'));
        let names = pieces.filter_map(|piece| piece.strip_suffix('}'));
        let path = names.map(|name| {
            let schema =
                if name == "number" { schema::count_upto(u32::MAX.into()) } else { schema::id() };
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        });
        let query = self.queries.iter().map(|(name, schema)| {
            json!({ "name": name, "in": "query", "required": false, "schema": schema })
        });
        let headers = self.headers.iter().map(|name| {
            let mut header = json!({ "name": name, "in": "header", "required": false, "schema": schema::text() });
            if *name == KEY {
                header["description"] = KEY_SCOPE.into();
            }
            header
        });
        path.chain(query).chain(headers).collect()
    }

    fn responses(&self) -> Value {
        let mut responses = Map::new();
        for (status, body) in &self.answers {
            let mut response = json!({ "description": "done" });
            if let Some((kind, schema)) = body {
                response["content"] = json!({ *kind: { "schema": schema } });
            }
            responses.insert(status.to_string(), response);
        }
        for (status, codes) in &self.problems {
            let schema = json!({ "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "properties": { "code": { "enum": codes } } }
            ] });
            let content = json!({ "application/problem+json": { "schema": schema } });
            let response = json!({ "description": codes.join(", "), "content": content });
            responses.insert(status.to_string(), response);
        }
        responses.into()
    }

    fn described(&self) -> Value {
        let mut operation = json!({
            "summary": self.summary,
            "parameters": self.parameters(),
            "responses": self.responses(),
        });
        if let Some(schema) = &self.takes {
            let content = json!({ "application/json": { "schema": schema } });
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
        operation
    }
}

/// The description of all of them.
fn described(operations: &[Operation]) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = operation.described();
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "streaming_server", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": { "schemas": schema::components() }
    })
}
