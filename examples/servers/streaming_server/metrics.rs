//! `GET /metrics`: what the runtime tells, as text for Prometheus.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use bailiwick::Runtime;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time::interval;

/// The bounds of histograms, in seconds: from the turn of a command to a slow disk.
const SECONDS: &[f64] =
    &[0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// How often what was told is put into the histograms, so that it does not pile up if nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// Collects from now on what is told. Before the runtime is started.
pub fn collect() -> Result<PrometheusHandle, Box<dyn Error>> {
    let collected = PrometheusBuilder::new().set_buckets(SECONDS)?.install_recorder()?;
    let kept_up = collected.clone();
    tokio::spawn(async move {
        let mut times = interval(UPKEEP);
        loop {
            times.tick().await;
            kept_up.run_upkeep();
        }
    });
    Ok(collected)
}

pub fn routes(runtime: &Runtime, collected: PrometheusHandle) -> Router {
    let runtime = runtime.clone();
    let metrics = move || {
        runtime.record_metrics();
        let text = "text/plain; version=0.0.4; charset=utf-8";
        let answer = ([(CONTENT_TYPE, text)], collected.render());
        std::future::ready(answer)
    };
    Router::new().route("/metrics", get(metrics))
}
