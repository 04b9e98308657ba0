//! The orchestrator, over HTTP: who says how long a stream may run.

use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::shared::http;
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

/// What is read of a problem.
#[derive(Deserialize)]
struct Problem {
    code: String,
}

async fn says_no_such_lease(response: Response) -> bool {
    response.json().await.is_ok_and(|Problem { code }| code == "no_such_lease")
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
                // Not any 404: a wrong URL, or a proxy that knows nobody, must not stop what runs.
                StatusCode::NOT_FOUND if says_no_such_lease(response).await => Heard::NoSuchLease,
                status => Heard::Nothing(format!("it answered {status}")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    use tokio::net::TcpListener;

    use super::*;

    async fn heard(answer: (StatusCode, &'static str)) -> Heard {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(move || async move { answer.into_response() });
        let served = tokio::spawn(async move { axum::serve(listener, app).await });
        let orchestrator = Orchestrator::new(&url, None, Duration::from_secs(60)).unwrap();
        let id = StreamId { account: "a".into(), session: "s".into() };
        let heard = orchestrator.keep_alive(&id, 1_000).await;
        served.abort();
        heard
    }

    #[tokio::test]
    async fn only_its_own_404_says_that_there_is_no_lease() {
        let no_lease = r#"{"status":404,"code":"no_such_lease"}"#;
        assert_eq!(heard((StatusCode::NOT_FOUND, no_lease)).await, Heard::NoSuchLease);
        for other in [r#"{"code":"not_found"}"#, "<h1>404</h1>", ""] {
            let heard = heard((StatusCode::NOT_FOUND, other)).await;
            assert!(matches!(heard, Heard::Nothing(_)), "{other}: {heard:?}");
        }
    }
}
