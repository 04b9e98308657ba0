//! Metrics of a runtime, through the facade [`metrics`](https://docs.rs/metrics/0.24): all that there are is in [`TABLE`]. With the
//! feature `metrics`.
//!
//! - What is counted or just is (commands by outcome, aggregates in memory, lanes that are parked) is told by
//!   [`Runtime::record_metrics`](crate::Runtime::record_metrics), which a server calls when its metrics are asked for, and who pushes them
//!   calls now and then. It reads what the runtime counts anyway ([`Runtime::counts`](crate::Runtime::counts) and the like), so the
//!   sums are the same, and nothing is counted twice.
//! - How long something took is told as it happens, and only if [`Builder::metrics`](crate::Builder::metrics)
//!   was called: to the recorder that is installed when the runtime starts. Else it costs a look at a flag for each turn and
//!   each append, and no clock is read.
//!
//! Labels are bounded: they are names of types that were added where the runtime was built, and outcomes. An
//! ID is never one. Which runtime it is, where there are several in a process, is what the builder was told.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use metrics_util::debugging::DebuggingRecorder; // In a server, an exporter: that for Prometheus, say.
//!
//! let recorder = DebuggingRecorder::new();
//! let snapshots = recorder.snapshotter();
//! recorder.install()?; // Before the runtime is started.
//!
//! let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
//! let runtime = builder.metrics().start().await?;
//! runtime.aggregates::<AccountSessions>().get("acc-1").ask(Acquire("tv".into())).await?;
//!
//! runtime.record_metrics(); // When somebody asks for them.
//! let told = snapshots.snapshot().into_vec();
//! assert!(told.iter().any(|(key, ..)| key.key().name() == "bailiwick_commands_accepted_total"));
//! # Ok(())
//! # }
//! ```
//!
//! Why it is as it is: docs/decisions/metrics-and-traces.md.

mod histograms;
pub(crate) mod table;

pub(crate) use histograms::{Histograms, describe_all};
pub use table::{Kind, Row, TABLE};

use metrics::Label;

/// What tells the metrics of this runtime from those of another one in the process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels(Vec<Label>);

impl Labels {
    pub(crate) fn of(runtime: &str) -> Labels {
        Labels(vec![Label::new("runtime", runtime.to_owned())])
    }

    /// These, then those.
    pub(crate) fn with(&self, labels: &[(&'static str, &'static str)]) -> Vec<Label> {
        let own = labels.iter().map(|(key, value)| Label::from_static_parts(key, value));
        own.chain(self.0.iter().cloned()).collect()
    }
}

/// What an aggregate type has just now.
pub(crate) struct Census {
    pub(crate) name: &'static str,
    pub(crate) in_memory: usize,
    /// How many have left memory so far.
    pub(crate) stored: u64,
    pub(crate) armed: usize,
}
