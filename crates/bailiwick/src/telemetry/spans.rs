//! The spans of a call, from its caller to what follows from it, for whoever subscribes to them.
//!
//! | span | level | from when to when | fields |
//! |---|---|---|---|
//! | `command` | debug | from the call until it is answered; a child of the caller's. Entered while it is decided | `aggregate`, `id`, `command`, `correlation`; at the end `outcome`, `position` |
//! | `decision` | debug | the same | `command`, `correlation`; `outcome`, `position` |
//! | `append` | debug | from when a batch is given to the journal until it is durable; follows from the commands in it | `aggregate`, `id`, `events` |
//! | `policy`, `effect` | info | while a news is dealt with, logs of that and calls of an effect within it; what a policy sends is a child | `name`, `at`, `lane`, `correlation`; `trace_id`, and of an effect `span_id`, if that is a `traceparent` |
//! | `turn` | trace | a turn | `aggregate`, `id`, `commands`; or `decisions` |
//!
//! What nobody subscribes to costs a look at the highest level that somebody does.

use bailiwick_core::effect::{Attempt, conversation_of};
use bailiwick_core::journal::RecordedEvent;
use bailiwick_core::{ReactionKind, Text, TraceParent};
use tracing::field::{Empty, display};
use tracing::level_filters::LevelFilter;
use tracing::span::Entered;
use tracing::{Level, Span, debug_span, info_span};

use super::log::Of;
use crate::error::AskError;
use crate::request::{Call, Receipt};

/// A span that somebody wants to see, or nothing.
#[derive(Default)]
pub(crate) struct Seen(Option<Box<Span>>);

impl Seen {
    /// Whether anybody may want to see the span of a command.
    #[inline]
    pub(crate) fn is_wanted() -> bool {
        Level::DEBUG <= LevelFilter::current()
    }

    /// `span` is made if anybody may want to see those of its level.
    #[inline]
    fn begin(span: impl FnOnce() -> Span) -> Seen {
        if !Seen::is_wanted() {
            return Seen(None);
        }
        let span = span();
        Seen((!span.is_disabled()).then(|| Box::new(span)))
    }

    /// Of a command.
    #[inline]
    pub(crate) fn command<'a>(
        of: impl FnOnce() -> (Of<'a>, &'static str, Option<&'a Call>),
    ) -> Seen {
        Seen::begin(|| {
            let (Of { aggregate, id }, command, call) = of();
            let correlation = said(call);
            debug_span!(
                "command", aggregate, %id, command, correlation, outcome = Empty, position = Empty
            )
        })
    }

    /// Of a decision.
    #[inline]
    pub(crate) fn decision<'a>(of: impl FnOnce() -> (&'static str, Option<&'a Call>)) -> Seen {
        Seen::begin(|| {
            let (command, call) = of();
            let correlation = said(call);
            debug_span!("decision", command, correlation, outcome = Empty, position = Empty)
        })
    }

    /// Of an append of these.
    #[inline]
    pub(crate) fn append<'a>(
        of: Of<'_>,
        events: usize,
        commands: impl Iterator<Item = &'a Seen>,
    ) -> Seen {
        Seen::begin(|| {
            let Of { aggregate, id } = of;
            let span = debug_span!(parent: None, "append", aggregate, %id, events);
            commands.filter_map(|command| command.0.as_ref()).for_each(|command| {
                span.follows_from(&**command);
            });
            span
        })
    }

    /// Until what is returned is dropped, all that is said is said within it.
    #[inline]
    pub(crate) fn enter(&self) -> Option<Entered<'_>> {
        self.0.as_ref().map(|span| span.enter())
    }

    /// It has an answer.
    #[inline]
    pub(crate) fn answered<R, C, E>(&self, answer: &Result<Receipt<R>, AskError<C, E>>) {
        let Some(span) = &self.0 else { return };
        let (outcome, position) = match answer {
            Ok(receipt) => ("replied", Some(receipt.position)),
            Err(AskError::Rejected(_)) => ("rejected", None),
            Err(AskError::NotRun(_)) => ("not_run", None),
            Err(AskError::AlreadyRun(run)) => ("already_run", Some(run.position)),
            Err(AskError::Unknown { .. }) => ("unknown", None),
        };
        span.record("outcome", outcome);
        if let Some(position) = position {
            span.record("position", position.get());
        }
    }
}

fn said(call: Option<&Call>) -> Option<&str> {
    call.and_then(|call| call.correlation.as_ref()).map(Text::as_str)
}

/// Of a news that a policy or an effect deals with.
pub(crate) fn news(
    kind: ReactionKind,
    name: &'static str,
    lane: &Text,
    news: &RecordedEvent,
) -> Span {
    let (at, lane) = (news.position.get(), lane.as_str());
    macro_rules! span {
        ($name:literal) => {
            info_span!(
                parent: None, $name, name, at, lane,
                correlation = Empty, trace_id = Empty, span_id = Empty
            )
        };
    }
    let span = match kind {
        ReactionKind::Policy => span!("policy"),
        ReactionKind::Effect => span!("effect"),
    };
    if !span.is_disabled() {
        let correlation = conversation_of(news);
        span.record("correlation", correlation.as_str());
        if let Ok(of) = correlation.as_str().parse::<TraceParent>() {
            span.record("trace_id", display(format_args!("{:032x}", of.trace_id())));
        }
    }
    span
}

/// The effect of the current span makes this attempt.
pub(crate) fn attempted(attempt: &Attempt<'_>) {
    let span = Span::current();
    if !span.is_disabled()
        && let Some(of) = attempt.trace_parent()
    {
        span.record("span_id", display(format_args!("{:016x}", of.span_id())));
    }
}
