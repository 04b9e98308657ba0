//! How a call is made: what is chosen before the verb, of an aggregate or of a decision.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::Text;

use crate::config::Config;
use crate::error::Cause;
use crate::request::Call;

/// What to do when the mailbox is full.
///
/// For an example see [`AggregateRef`](crate::AggregateRef).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Admission {
    /// Wait for room, in the order of arrival, until the time-out.
    #[default]
    Wait,
    /// Give the command back at once.
    Refuse,
}

/// What is asked has no idempotency key: of an [`AggregateRef`](crate::AggregateRef), and of
/// [`Decisions`](crate::Decisions), before `once`.
///
/// For an example see [`AggregateRef`](crate::AggregateRef).
#[derive(Clone)]
pub struct Unkeyed(pub(crate) ());

/// What is asked has an idempotency key: of an [`AggregateRef`](crate::AggregateRef), and of
/// [`Decisions`](crate::Decisions), after `once`.
///
/// For an example see [`AggregateRef`](crate::AggregateRef).
#[derive(Clone)]
pub struct Keyed(pub(crate) Text);

/// What a call is made with. Cloning it costs no more than one count of references.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) timeout: Duration,
    pub(crate) admission: Admission,
    /// What stands beside the events. Most calls have nothing of the kind.
    pub(crate) call: Option<Arc<Call>>,
}

impl Options {
    pub(crate) fn new(config: &Config) -> Options {
        Options { timeout: config.timeout, admission: Admission::default(), call: None }
    }

    pub(crate) fn call(&mut self) -> &mut Call {
        Arc::make_mut(self.call.get_or_insert_default())
    }

    /// Whether what stands beside the events is short enough.
    pub(crate) fn check(&self, config: &Config) -> Result<(), Cause> {
        let Some(call) = &self.call else { return Ok(()) };
        let most = config.call_text_bytes;
        let texts = [("correlation", &call.correlation), ("principal", &call.principal)];
        for (what, text) in texts {
            let bytes = text.as_ref().map_or(0, |text| text.as_str().len());
            if bytes > most {
                return Err(Cause::TextTooLong { what, bytes, most });
            }
        }
        Ok(())
    }
}
