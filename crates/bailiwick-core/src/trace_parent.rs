//! The place in a distributed trace that a request says with its header `traceparent`.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use crate::text::Text;

/// A place in a distributed trace, as the header `traceparent` of
/// [W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header) says it: which trace, and which
/// of its spans is the one that calls.
///
/// Given as the correlation of a call, it stands beside the events of the call, goes on with whatever policies
/// send because of them, and is found again by an effect, which calls on with
/// [`Attempt::trace_parent`](crate::Attempt::trace_parent).
///
/// Shown, it is the header. Read, it may be one of a later version, of which it keeps what is known.
///
/// ```
/// use bailiwick_core::{Text, TraceParent};
///
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent: TraceParent = header.parse()?;
/// assert_eq!(parent.trace_id(), 0x4bf92f3577b34da6a3ce929d0e0e4736);
/// assert_eq!((parent.span_id(), parent.is_sampled()), (0x00f067aa0ba902b7, true));
/// let correlation = Text::from(parent); // For `account.correlation(parent)`.
/// assert_eq!(correlation.as_str(), header);
///
/// // A request without one begins a trace, of random numbers.
/// # let (random, another) = (1, 2);
/// assert_eq!(TraceParent::new(random, another, true).map(|parent| parent.trace_id()), Some(random));
/// # Ok::<(), bailiwick_core::InvalidTraceParent>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace: NonZeroU128,
    span: NonZeroU64,
    flags: u8,
}

/// The text is no `traceparent`.
///
/// For an example see [`TraceParent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no `traceparent` of W3C Trace Context")]
#[non_exhaustive]
pub struct InvalidTraceParent;

const SAMPLED: u8 = 1;
/// What version 00 has.
const LENGTH: usize = 55;

impl TraceParent {
    /// None if one of the two is 0, which says nothing.
    pub fn new(trace_id: u128, span_id: u64, sampled: bool) -> Option<TraceParent> {
        let (trace, span) = (NonZeroU128::new(trace_id)?, NonZeroU64::new(span_id)?);
        Some(TraceParent { trace, span, flags: if sampled { SAMPLED } else { 0 } })
    }

    /// Which trace: the same for all that follows from a request.
    pub fn trace_id(&self) -> u128 {
        self.trace.get()
    }

    /// Which span of it calls.
    pub fn span_id(&self) -> u64 {
        self.span.get()
    }

    /// Whether who calls may have recorded it.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The same trace, and another span that calls; the same one if that is 0.
    #[must_use]
    pub fn calling_from(self, span_id: u64) -> TraceParent {
        TraceParent { span: NonZeroU64::new(span_id).unwrap_or(self.span), ..self }
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let bytes = text.as_bytes();
        let dashes = [2, 35, 52];
        let (own, rest) = bytes.split_at_checked(LENGTH).ok_or(InvalidTraceParent)?;
        let is_one = own.iter().enumerate().all(|(place, byte)| match dashes.contains(&place) {
            true => *byte == b'-',
            false => digit(byte),
        });
        // A later version may have more, behind another dash; `ff` is none.
        let goes_on = match &text.get(..2) {
            Some("00") => rest.is_empty(),
            Some("ff") => false,
            _ => rest.first().is_none_or(|byte| *byte == b'-'),
        };
        if !is_one || !goes_on {
            return Err(InvalidTraceParent);
        }
        let number = |from: usize, to: usize| {
            u128::from_str_radix(&text[from..to], 16).map_err(|_| InvalidTraceParent)
        };
        let span = u64::try_from(number(36, 52)?).map_err(|_| InvalidTraceParent)?;
        let flags = u8::try_from(number(53, 55)?).map_err(|_| InvalidTraceParent)?;
        let of = TraceParent::new(number(3, 35)?, span, flags & SAMPLED != 0);
        of.ok_or(InvalidTraceParent)
    }
}

impl From<TraceParent> for Text {
    fn from(parent: TraceParent) -> Text {
        parent.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    #[test]
    fn what_is_no_traceparent_is_refused() {
        let wrong = [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-0",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ];
        for text in wrong {
            assert_eq!(text.parse::<TraceParent>(), Err(InvalidTraceParent), "{text}");
        }
    }

    #[test]
    fn it_is_read_as_it_is_shown() {
        let parent: TraceParent = HEADER.parse().unwrap();
        assert_eq!(parent.to_string(), HEADER);
        assert!(!parent.is_sampled());
        let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-what-comes";
        assert_eq!(later.parse(), Ok(parent));
        let child = parent.calling_from(7);
        assert_eq!((child.trace_id(), child.span_id()), (parent.trace_id(), 7));
        assert_eq!(parent.calling_from(0), parent);
    }
}
