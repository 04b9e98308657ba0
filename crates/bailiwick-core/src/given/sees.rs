//! A policy sees something, in a story of events.

use super::events::GivenEvents;
use super::happened::Happened;
use super::reacted::PolicyOutcome;
use super::reacting;
use crate::box_error::BoxError;
use crate::policy::{AnyPolicy, Policy};
use crate::short_name::short_name;

impl GivenEvents {
    /// This is recorded, at the story's time, and a policy sees it.
    ///
    /// ```
    /// # use bailiwick_core::{
    /// #     Aggregate, Commands, Context, Event, GiveUp, Lane, News, Policy, Start, Timestamp, View, commands, id,
    /// # };
    /// # use serde::{Deserialize, Serialize};
    /// # id!(pub ItemId: "item", pub BidderId: "bidder");
    /// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    /// # pub struct BidPlaced { #[tag] bidder: BidderId }
    /// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    /// # pub enum BidderEvent { Suspended {}, Approved {} }
    /// # pub struct Bidder { suspended: bool }
    /// # impl View for Bidder {
    /// #     type Key = BidderId;
    /// #     type Event = BidderEvent;
    /// #     fn new(_: &BidderId) -> Self { Bidder { suspended: false } }
    /// #     fn apply(&mut self, event: &BidderEvent, _: Timestamp) {
    /// #         self.suspended = matches!(event, BidderEvent::Suspended {});
    /// #     }
    /// # }
    /// # impl Aggregate for Bidder { const NAME: &'static str = "bidder"; }
    /// # pub struct Item;
    /// # impl View for Item {
    /// #     type Key = ItemId;
    /// #     type Event = BidPlaced;
    /// #     fn new(_: &ItemId) -> Self { Item }
    /// #     fn apply(&mut self, _: &BidPlaced, _: Timestamp) {}
    /// # }
    /// # impl Aggregate for Item { const NAME: &'static str = "item"; }
    /// # #[derive(Debug, PartialEq)] pub struct RetractBid { bidder: BidderId }
    /// # #[commands]
    /// # impl Item {
    /// #     fn retract(&self, _: &RetractBid, _: &mut Context<BidPlaced>) -> Result<(), std::convert::Infallible> {
    /// #         Ok(())
    /// #     }
    /// # }
    /// # struct Corrective;
    /// # impl Policy for Corrective {
    /// #     const NAME: &'static str = "corrective";
    /// #     const LANE: Lane = Lane::of::<BidderId>();
    /// #     const START: Start = Start::Beginning;
    /// #     type Event = BidPlaced;
    /// #     type Views = Bidder;
    /// #     fn keys(&self, news: &News<BidPlaced>) -> BidderId { news.event.bidder.clone() }
    /// #     fn react(&self, news: &News<BidPlaced>, bidder: &Bidder, out: &mut Commands) -> Result<(), GiveUp> {
    /// #         let item = news.emitter::<Item>().map_err(GiveUp::because)?;
    /// #         let item = item.ok_or_else(|| GiveUp::because("no item says so"))?;
    /// #         if bidder.suspended {
    /// #             out.to::<Item>(&item).send(RetractBid { bidder: news.event.bidder.clone() });
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// use bailiwick_core::{by, given_events, to};
    ///
    /// let placed = || BidPlaced { bidder: "bob".into() };
    /// given_events()
    ///     .event(by::<Bidder>("bob", BidderEvent::Suspended {}))
    ///     .sees(Corrective, by::<Item>("vase", placed()))
    ///     .sends([to::<Item>("vase", RetractBid { bidder: "bob".into() })])
    ///     .event(by::<Bidder>("bob", BidderEvent::Approved {}))
    ///     .sees(Corrective, by::<Item>("lamp", placed()))
    ///     .sends_nothing()
    ///     .sees(Corrective, placed())
    ///     .gives_up("no item");
    /// ```
    ///
    /// It does what the runtime does: the views are as of this event, which they hold, with everything
    /// before it in the story. A given event that none of them reads is in vain, as before a decision.
    /// The policy is computed twice, as it may be after a crash, and has to send the same.
    ///
    /// # Panics
    /// If the event could not be recorded, if the policy does not want it or it is in no
    /// [lane](crate::Policy::LANE), if a given event is in vain, and if the policy panics, sends to whom
    /// nobody can address, or sends something else when it is computed again.
    #[track_caller]
    #[must_use = "say what should come of it: `sends`, `gives_up`, ..."]
    pub fn sees<P>(mut self, policy: P, news: impl Happened) -> PolicyOutcome
    where
        P: Policy<Event: Sync>,
    {
        let name = short_name::<P>();
        let (recorded, shown) = (self.recorded(&news), format!("{:?}", news.event()));
        let news = self.log.append(recorded).clone();
        let amiss = |story: &GivenEvents, error: BoxError| {
            let report = story.report(format_args!("{name} cannot deal with this"));
            report.line("seeing", &shown).because(error.as_ref())
        };
        let known = reacting::lane(&policy.descriptor(), &news).and_then(|_| {
            reacting::boundary(&policy, &news)?.ok_or_else(|| "its type is retired".into())
        });
        match known {
            Ok(boundary) => self.check_given(name, &[boundary]),
            Err(error) => amiss(&self, error).fail(),
        }
        let react = || reacting::react(&policy, &news, &self.log, &mut Default::default());
        let (first, again) = match react().and_then(|first| Ok((first, react()?))) {
            Ok((Some(first), Some(again))) => (first, again),
            Ok(_) => unreachable!("its type is not retired"),
            Err(error) => amiss(&self, error).fail(),
        };
        self.report(format_args!("{name} does something else when it is computed again"))
            .line("seeing", &shown)
            .side_by_side(&reacting::TWICE, &first.lines(), &again.lines(), PartialEq::eq);
        PolicyOutcome::new(self, name, shown, first)
    }
}
