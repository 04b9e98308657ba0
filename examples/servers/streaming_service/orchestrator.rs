//! The orchestrator, over HTTP: who says how long a stream may run.

use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Serialize;

use crate::http;
use crate::streams::StreamId;

/// What came of a keep-alive, or of telling that a stream has ended.
#[derive(Debug, PartialEq)]
pub enum Heard {
    /// The lease is kept; or the end is known.
    Yes,
    /// There is no lease: the stream must not run.
    NoSuchLease,
    /// Nobody knows: it did not answer, or not with yes or no.
    Nothing(String),
}

/// The orchestrator at a URL.
#[derive(Debug, Clone)]
pub struct Orchestrator {
    client: Client,
    url: String,
    token: Option<String>,
}

#[derive(Serialize)]
struct Lease {
    lease_ms: u64,
}

impl Orchestrator {
    pub fn new(url: &str, token: Option<String>, timeout: Duration) -> reqwest::Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        Ok(Orchestrator { client: http::client(timeout)?, url, token })
    }

    /// The stream still runs.
    pub async fn keep_alive(&self, id: &StreamId, lease_ms: u64) -> Heard {
        let url = format!("{}/lease", self.session(id));
        self.hear(self.client.put(url).json(&Lease { lease_ms })).await
    }

    /// The stream has ended by itself.
    pub async fn release(&self, id: &StreamId) -> Heard {
        self.hear(self.client.delete(self.session(id))).await
    }

    fn session(&self, StreamId { account, session }: &StreamId) -> String {
        format!("{}/accounts/{account}/sessions/{session}", self.url)
    }

    async fn hear(&self, mut request: RequestBuilder) -> Heard {
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        match request.send().await {
            Err(error) => Heard::Nothing(bailiwick::ErrorReport::of(&error).to_string()),
            Ok(response) => match response.status() {
                status if status.is_success() => Heard::Yes,
                // Nothing else there can be not found.
                StatusCode::NOT_FOUND => Heard::NoSuchLease,
                status => Heard::Nothing(format!("it answered {status}")),
            },
        }
    }
}
