//! One attempt to perform an effect: what it knows beside its news.

use std::any::{TypeId, type_name};
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::Failed;
use crate::journal::{Delivery, JournalId, RecordedEvent, fnv_1a};
use crate::text::Text;
use crate::time::Timestamp;
use crate::trace_parent::TraceParent;
use crate::view::View;
use crate::views::{Boundary, Folded};

/// One attempt to perform an [effect](crate::Effect): its idempotency key, the time, and a look at how
/// things are now.
///
/// For an example see [`Effect`](crate::Effect).
pub struct Attempt<'a> {
    key: Text,
    correlation: Text,
    now: Timestamp,
    number: u32,
    present: &'a dyn Present,
}

impl<'a> Attempt<'a> {
    /// For whoever runs effects.
    #[doc(hidden)]
    pub fn new(
        (journal, delivery): (JournalId, &Delivery),
        news: &RecordedEvent,
        (now, number): (Timestamp, u32),
        present: &'a dyn Present,
    ) -> Self {
        let (key, correlation) = (key_of(journal, delivery).into(), conversation_of(news));
        Attempt { key, correlation, now, number, present }
    }

    /// The idempotency key: the same in every attempt for this news, in every runtime and after a restart,
    /// and that of no other news, no other effect and no other journal. Pass it on as it is, as the
    /// `Idempotency-Key` of a request, for example; who gets it twice is to do it once.
    ///
    /// It is `journal/name/run/position`: the [identity of the journal](JournalId), the
    /// [name](crate::Effect::NAME) of the effect (where that has other characters than visible ASCII, its
    /// 128-bit hash), how often the effect was rewound, and the position of the news. At most 145 visible
    /// ASCII characters, which fits the header of a request. Where a provider takes less, or a UUID, use
    /// [`key_bits`](Self::key_bits).
    ///
    /// A *copy* of a journal has the identity of the original. Who runs a copy (a staging system made of a
    /// backup) calls under the same keys: give it another account at the provider.
    pub fn key(&self) -> &str {
        self.key.as_str()
    }

    /// The key in 128 bits: its FNV-1a hash. For providers that take a UUID (`Uuid::from_u128`), or fewer
    /// characters.
    pub fn key_bits(&self) -> u128 {
        fnv_1a(self.key.as_str().as_bytes())
    }

    /// The conversation that the news belongs to: what was said as the correlation of the call from which it
    /// follows, however many policies are between the two; or `@` and the position of the event with which it
    /// began, if nobody said any. To be passed on, as `X-Correlation-Id` for example.
    pub fn correlation(&self) -> &str {
        self.correlation.as_str()
    }

    /// The `traceparent` to call with, if the call from which the news follows had [one](TraceParent) as its
    /// correlation: of the same trace, and of a span of this attempt, which is made of its key and its number.
    /// The span of the runtime around the attempt says the same, as `trace_id` and `span_id`.
    ///
    /// ```
    /// use bailiwick_core::{Attempt, Failed};
    ///
    /// # async fn post(_: Option<String>, _: &str) -> Result<(), std::fmt::Error> { Ok(()) }
    /// async fn perform(attempt: &Attempt<'_>) -> Result<(), Failed> {
    ///     let header = attempt.trace_parent().map(|parent| parent.to_string());
    ///     post(header, attempt.key()).await.map_err(Failed::retry)
    /// }
    /// ```
    pub fn trace_parent(&self) -> Option<TraceParent> {
        let caller: TraceParent = self.correlation.as_str().parse().ok()?;
        let of_attempt = format!("{}/{}", self.key, self.number);
        let [_, _, _, _, _, _, _, _, low @ ..] = fnv_1a(of_attempt.as_bytes()).to_be_bytes();
        Some(caller.calling_from(u64::from_be_bytes(low)))
    }

    /// The time of this attempt. It never goes back.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Which attempt it is, from 1, as far as this runtime knows: it begins anew after a restart,
    /// and after its lane was parked. Good for logs; whether something was done is not to be told by it.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The view `V` of this key as it is now, folded from the journal: to give up when what the effect is
    /// for is gone (a lease that ran out, a deadline that has passed, a subject that was erased).
    ///
    /// It holds everything that was durable when this was called, and nothing of it is guarded: it may have
    /// changed when the call arrives. A runtime has to know the view: it is one of the effect's own
    /// [`Views`](crate::Effect::Views), or was named where the runtime is built, as an aggregate, a view of
    /// a decision, or with `reads`.
    ///
    /// # Errors
    /// If it cannot be read now: [`Failed::Retry`], to be passed on by `?`.
    ///
    /// # Panics
    /// If the runtime does not know the view.
    ///
    /// # Cancel safety
    /// Changes nothing.
    pub fn latest<'b, V: View>(
        &'b self,
        key: &V::Key,
    ) -> impl Future<Output = Result<V, Failed>> + Send + use<'a, 'b, V> {
        let boundary = Boundary::of::<V>(key);
        async move {
            let boundary = boundary.map_err(Failed::retry)?;
            let view = (TypeId::of::<V>(), type_name::<V>());
            let folded = self.present.fold(view, boundary).await?;
            Ok(folded.into_state().expect("it is the only one"))
        }
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attempt({} of {} at {})", self.number, self.key, self.now)
    }
}

/// The conversation that what follows from a news belongs to: that of the news, or one that begins with
/// it.
pub fn conversation_of(news: &RecordedEvent) -> Text {
    let said = news.event.metadata.extra().correlation.clone();
    said.unwrap_or_else(|| format!("@{}", news.position).into())
}

fn key_of(journal: JournalId, delivery: &Delivery) -> String {
    let Delivery { policy: name, run, source, .. } = delivery;
    let name = name.as_str();
    match name.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => format!("{journal}/{name}/{run}/{source}"),
        false => format!("{journal}/{:032x}/{run}/{source}", fnv_1a(name.as_bytes())),
    }
}

/// A future that borrows.
pub type Borrowing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How things are now: what an attempt looks at.
pub trait Present: Send + Sync {
    /// Folds this view up to the end of the journal.
    ///
    /// # Errors
    /// If it cannot be read.
    fn fold(
        &self,
        view: (TypeId, &'static str),
        boundary: Boundary,
    ) -> Borrowing<'_, Result<Folded, Failed>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Position;

    fn key(name: &'static str, run: u32) -> String {
        let (policy, source) = (Text::literal(name), Position::new(7));
        let delivery = Delivery { policy, run, source, target: None, ordinal: 0 };
        key_of(JournalId::from_u128(0xb), &delivery)
    }

    /// Providers remember it.
    #[test]
    fn a_key_stays_as_it_is() {
        assert_eq!(key("notify", 0), "0000000000000000000000000000000b/notify/0/7");
        assert_eq!(
            key("Grüße an alle", 2),
            "0000000000000000000000000000000b/5a7f1cc6262cbebe6bc35bbd80fbab3b/2/7"
        );
    }

    #[test]
    fn a_key_fits_a_header() {
        let long = "é".repeat(40);
        for name in [long.leak(), "a b", "n/0"] {
            let key = key(name, u32::MAX);
            assert!(key.len() <= 145 && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
        }
    }
}
