//! The conversation a request belongs to, after W3C Trace Context.

use std::fmt;
use std::str::FromStr;

use axum::http::HeaderMap;

/// The trace of a request: from its [`traceparent`], or a new one.
///
/// The trace id is the correlation of what the request asks for, so it stands beside the events in the journal, and
/// policies and effects hand it on.
///
/// ```
/// use bailiwick_axum::Trace;
///
/// let trace: Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
/// assert_eq!(trace.id(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert!("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01".parse::<Trace>().is_err());
/// ```
///
/// [`traceparent`]: https://www.w3.org/TR/trace-context/#traceparent-header
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trace([u8; 32]);

/// Why a text is no `traceparent`.
///
/// For an example see [`Trace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTraceparent(());

impl fmt::Display for InvalidTraceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "it is no traceparent: 00-<32 digits>-<16 digits>-<2 digits>, hexadecimal, small",
        )
    }
}

impl std::error::Error for InvalidTraceparent {}

impl Trace {
    /// That of these headers. A `traceparent` that is none is passed over, as the recommendation has it.
    pub(crate) fn of(headers: &HeaderMap) -> Trace {
        let sent = headers.get("traceparent").and_then(|value| value.to_str().ok());
        sent.and_then(|sent| sent.parse().ok()).unwrap_or_else(Trace::random)
    }

    fn random() -> Trace {
        let mut bits = [0; 16];
        // Without randomness all requests are one conversation, which is no reason to refuse them.
        let _ = getrandom::fill(&mut bits);
        bits[0] |= 1;
        let mut digits = [0; 32];
        for (nth, byte) in bits.into_iter().enumerate() {
            digits[2 * nth] = DIGITS[usize::from(byte >> 4)];
            digits[2 * nth + 1] = DIGITS[usize::from(byte & 15)];
        }
        Trace(digits)
    }

    /// The trace with this id, such as the correlation of an event; none if it is no trace id.
    pub fn of_id(id: &str) -> Option<Trace> {
        format!("00-{id}-0000000000000001-01").parse().ok()
    }

    /// The `traceparent` of a call that belongs to it: `span` tells its calls apart. For an effect the position of
    /// its news does.
    ///
    /// ```
    /// use bailiwick_axum::Trace;
    ///
    /// let trace = Trace::of_id("4bf92f3577b34da6a3ce929d0e0e4736").unwrap();
    /// assert_eq!(trace.traceparent(7), "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000007-01");
    /// ```
    pub fn traceparent(&self, span: u64) -> String {
        format!("00-{}-{:016x}-01", self.id(), span.max(1))
    }

    /// The trace id: 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl FromStr for Trace {
    type Err = InvalidTraceparent;

    fn from_str(text: &str) -> Result<Trace, InvalidTraceparent> {
        let digits = |part: &str, many| {
            part.len() == many && part.bytes().all(|byte| DIGITS.contains(&byte))
        };
        let is_id = |part: &str, many| digits(part, many) && part.bytes().any(|byte| byte != b'0');
        let mut parts = text.split('-');
        let (version, trace) = (parts.next(), parts.next());
        let (parent, flags) = (parts.next(), parts.next());
        match (version, trace, parent, flags) {
            (Some(version), Some(trace), Some(parent), Some(flags))
                if digits(version, 2)
                    && version != "ff"
                    && is_id(trace, 32)
                    && is_id(parent, 16)
                    && digits(flags, 2)
                    // A later version may have more.
                    && (version != "00" || parts.next().is_none()) =>
            {
                trace.as_bytes().try_into().map(Trace).map_err(|_| InvalidTraceparent(()))
            }
            _ => Err(InvalidTraceparent(())),
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_traceparent_is_none() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(good.parse::<Trace>().is_ok());
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
        assert!(later.parse::<Trace>().is_ok());
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert!(bad.parse::<Trace>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_new_one_is_one() {
        let new = Trace::random();
        let text = format!("00-{}-00f067aa0ba902b7-01", new.id());
        assert_eq!(text.parse(), Ok(new));
        assert_ne!(new, Trace::random());
    }
}
