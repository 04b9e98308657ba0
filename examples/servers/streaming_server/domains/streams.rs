//! The streaming service, over HTTP: who starts and stops the streams.

use std::time::Duration;

use bailiwick::{Builder, Effect, Failed};
use bailiwick_examples::streaming::{
    AccountId, MAX_LEASE_MS, SessionId, StartStream, StopStream, StreamOrder, StreamingService,
    Told,
};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Serialize;

use crate::shared::http;

/// How long an effect that fails waits at most before it tries again: a lease lasts for seconds.
const TRIES_EVERY: Duration = Duration::from_secs(5);

/// For how long it is tried to start a stream: an effect gives up when the lease has ended, which a renewed one may do
/// long after its longest time.
const TIME_LIMIT: Duration = Duration::from_millis(7 * MAX_LEASE_MS);

/// Has streams started and stopped by the service at this URL; by nobody, if there is none.
///
/// # Errors
/// If there can be no client on this machine.
pub fn add(builder: Builder, service: Option<&str>) -> reqwest::Result<Builder> {
    let Some(url) = service else {
        // What these have recorded of themselves, when there was somebody.
        type OfNobody = HttpStreams;
        let names = [StartStream::<OfNobody>::NAME, StopStream::<OfNobody>::NAME];
        return Ok(builder.ignores_effects(names));
    };
    let service = HttpStreams::new(url, http::CALL_TIMEOUT)?;
    Ok(builder
        .config(|config| config.effect_backoff_max(TRIES_EVERY).effect_retry_for(TIME_LIMIT))
        .effect(StartStream(service.clone()))
        .effect(StopStream(service)))
}

/// The streaming service at a URL.
#[derive(Debug, Clone)]
struct HttpStreams {
    client: Client,
    url: String,
}

/// The body of a start.
#[derive(Serialize)]
struct Start {
    token: u64,
    lease_ms: u64,
}

impl HttpStreams {
    fn new(url: &str, timeout: Duration) -> reqwest::Result<HttpStreams> {
        let url = url.trim_end_matches('/').to_owned();
        Ok(HttpStreams { client: http::client(timeout)?, url })
    }

    fn request(&self, order: &StreamOrder) -> RequestBuilder {
        let url = |account: &AccountId, session: &SessionId| {
            format!("{}/streams/{account}/{session}", self.url)
        };
        match order {
            StreamOrder::Start { account, session, token, lease_ms } => {
                let start = Start { token: token.get(), lease_ms: *lease_ms };
                self.client.put(url(account, session)).json(&start)
            }
            StreamOrder::Stop { account, session, token } => {
                self.client.delete(format!("{}?token={token}", url(account, session)))
            }
        }
    }
}

impl StreamingService for HttpStreams {
    async fn tell(&self, told: Told<'_>, order: StreamOrder) -> Result<(), Failed> {
        let mut request = self.request(&order).header("idempotency-key", told.key);
        if let Some(trace) = told.trace {
            request = request.header("traceparent", trace.to_string());
        }
        let response = request.send().await.map_err(Failed::retry)?;
        let (status, after) = (response.status(), retry_after(&response));
        let reason = format!("the streaming service answered {status}");
        match (status, after) {
            _ if status.is_success() => Ok(()),
            // Another order for this stream came later and was faster: it has won.
            (StatusCode::CONFLICT, _) => {
                Err(Failed::give_up("a later order was carried out before"))
            }
            (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(after)) => {
                Err(Failed::retry_after(after, reason))
            }
            (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS, None) => {
                Err(Failed::retry(reason))
            }
            _ if status.is_server_error() => Err(Failed::retry(reason)),
            _ => Err(Failed::give_up(reason)),
        }
    }
}

/// The `Retry-After` of an answer, if it says seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.parse().ok().map(Duration::from_secs)
}
