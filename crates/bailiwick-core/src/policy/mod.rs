//! Policies: when this happened, do that. What happens in one aggregate reaches others as commands,
//! eventually, and exactly once in effect.
//!
//! Why it is as it is: docs/decisions/policies-and-effects.md.

mod commands;
mod delivered;
mod emitters;
mod erased;
mod facts;
mod lane;
mod news;
mod reaction;

use std::fmt::{self, Write as _};

use crate::event::Event;
use crate::text::Text;
use crate::views::Views;

pub use commands::{Commands, InvalidTarget, To};
#[doc(hidden)]
pub use commands::{Outgoing, Payload, Recipient};
#[doc(hidden)]
pub use delivered::{Delivered, Emitted, Refused};
#[doc(hidden)]
pub use emitters::Emitters;
#[doc(hidden)]
pub use erased::{AnyPolicy, ReactError, Reacting};
#[doc(hidden)]
pub use facts::{DeliveryEnded, Ending, POLICY_KEY, PolicyFact, policy_tag};
pub use lane::{Lane, NoLane};
pub use news::News;
pub use reaction::ReactionKind;
#[doc(hidden)]
pub use reaction::{ReactionDescriptor, recorded_kind};

/// What is to be done when something has happened: a pure, synchronous function from news, an event that
/// is in the journal, to commands for aggregates and decisions.
///
/// A runtime shows it every event of its set, and sends what it asks for, whatever crashes in between:
///
/// - **Exactly once in effect.** Each command is a delivery, with an identity of its own: the policy, the
///   position of the news, the target, and which of the commands for that target it is. What a delivery
///   causes stands in the journal with that identity, on the condition that it does not stand there yet.
/// - **In order within a [lane](Policy::LANE)**, and lanes beside each other. A command that cannot be
///   delivered is tried again later and later; after a while ([`policy_retry_for`]) its lane is *parked*,
///   until somebody has seen to it. Other lanes go on.
/// - **A rejection is an answer.** The rule said no, that is recorded, and the policy goes on.
///
/// It may be computed again, after a crash or when it was tried in vain. So it must be a function of the
/// news and the views, and nothing else: no clock, no randomness, nothing from outside. What it computes
/// for a news whose deliveries are all done is never looked at again.
///
/// It is tested without a runtime: by itself, in [a story of events](crate::GivenEvents::sees), and with the
/// aggregates and decisions that it brings together, [run to rest](fn@crate::quiesce).
///
/// ```
/// use bailiwick_core::{
///     Aggregate, Commands, Context, Event, GiveUp, Lane, News, Policy, Start, Timestamp, View,
///     commands, id,
/// };
/// use serde::{Deserialize, Serialize};
///
/// id!(OrderId: "order", ParcelId: "parcel");
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct OrderPaid {
///     parcel: ParcelId,
/// }
///
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # struct ParcelOpened {}
/// # struct Parcel { open: bool }
/// # impl View for Parcel {
/// #     type Key = ParcelId;
/// #     type Event = ParcelOpened;
/// #     fn new(_: &ParcelId) -> Self { Parcel { open: false } }
/// #     fn apply(&mut self, _: &ParcelOpened, _: Timestamp) { self.open = true; }
/// # }
/// # impl Aggregate for Parcel { const NAME: &'static str = "parcel"; }
/// # #[derive(Debug, thiserror::Error)] #[error("it is open")] struct AlreadyOpen;
/// #[derive(Debug)]
/// struct OpenParcel;
/// # #[commands]
/// # impl Parcel {
/// #     fn open(&self, _: &OpenParcel, ctx: &mut Context<ParcelOpened>) -> Result<(), AlreadyOpen> {
/// #         ctx.emit(ParcelOpened {});
/// #         Ok(())
/// #     }
/// # }
///
/// /// Once an order is paid, its parcel is opened.
/// struct Fulfilment;
///
/// impl Policy for Fulfilment {
///     const NAME: &'static str = "fulfilment";
///     const LANE: Lane = Lane::of::<OrderId>();
///     const START: Start = Start::Beginning;
///     type Event = OrderPaid;
///     type Views = ();
///
///     fn keys(&self, _: &News<OrderPaid>) {}
///
///     fn react(&self, news: &News<OrderPaid>, _: (), out: &mut Commands) -> Result<(), GiveUp> {
///         out.to::<Parcel>(&news.event.parcel).send(OpenParcel);
///         Ok(())
///     }
/// }
/// ```
///
/// [`policy_retry_for`]: https://docs.rs/bailiwick/latest/bailiwick/struct.Config.html#method.policy_retry_for
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a policy",
    note = "implement `Policy` for it: its name, its lane, where it starts, its news and views, `react`"
)]
pub trait Policy: Send + Sync + 'static {
    /// By which name it is known in the journal, in logs and by operators. It is stored, with what the
    /// policy has done, so it stays the same for ever. 1 to 80 bytes, without control characters.
    const NAME: &'static str;

    /// Which news it sees one after the other. If it is changed while something is outstanding, the
    /// runtime does not start.
    const LANE: Lane;

    /// Which news it sees when it is new on a journal. Resolved at its first start there and kept:
    /// changed later, it changes nothing.
    const START: Start;

    /// The news that it wants.
    type Event: Event;

    /// What else it has to know: views as of the news, which is folded in, and nothing later. `()` for
    /// nothing. They guard nothing: what they show may have changed when the command is decided.
    type Views: Views;

    /// What the views are of.
    fn keys(&self, news: &News<Self::Event>) -> <Self::Views as Views>::Keys;

    /// What is to be done about it: commands put into `out`, in the order in which they are to be
    /// sent; none is a fine answer.
    ///
    /// A panic is a failure like that of a target: tried again, then the lane is parked.
    ///
    /// # Errors
    /// If nothing can be done about it for good, and somebody should know. What is in `out` is
    /// forgotten, that it gave up is recorded with the reason, and the policy goes on.
    fn react(
        &self,
        news: &News<Self::Event>,
        views: <Self::Views as Views>::Refs<'_>,
        out: &mut Commands,
    ) -> Result<(), GiveUp>;
}

/// Which news a [policy](Policy) or an [effect](crate::Effect) sees when it is new on a journal.
///
/// For an example see [`Policy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// Everything that the journal holds, from the beginning.
    Beginning,
    /// What is appended from now on: after the policy was started for the first time.
    Now,
}

/// A [policy](Policy) gives up: nothing can be done about this news, for good.
///
/// ```
/// # use bailiwick_core::GiveUp;
/// assert_eq!(GiveUp::because("the listing has no seller").reason(), "the listing has no seller");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct GiveUp {
    reason: Text,
}

/// How many bytes of a reason are kept.
const MAX_REASON_BYTES: usize = 4_096;

/// A reason, as it is recorded: of one that is longer than 4 KiB the beginning, and how long it was. So it
/// fits into any journal, whatever an outside has answered.
#[doc(hidden)]
pub fn short_reason(mut reason: String) -> String {
    let bytes = reason.len();
    if bytes > MAX_REASON_BYTES {
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        let _ = write!(reason, ".. ({bytes} bytes)");
    }
    reason
}

impl GiveUp {
    /// Gives up for this reason, which is recorded; of a long one the first 4 KiB.
    pub fn because(reason: impl fmt::Display) -> GiveUp {
        GiveUp { reason: short_reason(reason.to_string()).into() }
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        self.reason.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_reason_the_beginning_is_kept() {
        assert_eq!(short_reason("no paper".to_owned()), "no paper");
        // One byte too many, in the middle of a character.
        let long = GiveUp::because("é".repeat(3_000) + ".");
        assert_eq!(long.reason(), "é".repeat(2_048) + ".. (6001 bytes)");
    }
}
