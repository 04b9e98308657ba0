//! A request with a `traceparent` is found again: in its command, its append, its events, in what a policy
//! sends because of them, and at the call of an effect.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use bailiwick::{
    Attempt, Effect, Failed, Lane, MemoryJournal, News, Position, Runtime, Start, TraceParent,
    Update,
};
use bailiwick_examples::auction::{
    Approve, AuctionEvent, BidRetracted, Bidder, Corrective, Increment, Listing, ListingId, Money,
    Open, PlaceBid, PlaceEligibleBid, Register, Suspend, Terms,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument, Subscriber, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A span as it was seen.
#[derive(Debug, Clone, Default)]
struct Seen {
    name: &'static str,
    parent: Option<u64>,
    follows: Vec<u64>,
    fields: BTreeMap<&'static str, String>,
    closed: bool,
}

impl Seen {
    fn has(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

/// All spans, by a number of their own; and of each event in which of them it was.
#[derive(Debug, Clone, Default)]
struct Spans(Arc<Mutex<Vec<Seen>>>, Arc<Mutex<BTreeMap<String, Option<u64>>>>);

/// The number of a span.
struct Number(u64);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let span = ctx.span(id).unwrap();
        let number = |of: Id| ctx.span(&of).unwrap().extensions().get::<Number>().map(|n| n.0);
        let parent = span.parent().and_then(|parent| number(parent.id()));
        let mut seen = Seen { name: attributes.metadata().name(), parent, ..Seen::default() };
        attributes.record(&mut seen);
        let mut all = self.0.lock().unwrap();
        span.extensions_mut().insert(Number(all.len() as u64));
        all.push(seen);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        self.change(id, &ctx, |seen| values.record(seen));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, ctx: Context<'_, S>) {
        let number = ctx.span(follows).unwrap().extensions().get::<Number>().unwrap().0;
        self.change(id, &ctx, |seen| seen.follows.push(number));
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        self.change(&id, &ctx, |seen| seen.closed = true);
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut seen = Seen::default();
        event.record(&mut seen);
        let span = ctx.lookup_current();
        let within = span.and_then(|span| span.extensions().get::<Number>().map(|n| n.0));
        self.1.lock().unwrap().insert(seen.has("message").to_owned(), within);
    }
}

impl Spans {
    fn change<S: Subscriber + for<'a> LookupSpan<'a>>(
        &self,
        id: &Id,
        ctx: &Context<'_, S>,
        change: impl FnOnce(&mut Seen),
    ) {
        let number = ctx.span(id).unwrap().extensions().get::<Number>().unwrap().0;
        change(&mut self.0.lock().unwrap()[usize::try_from(number).unwrap()]);
    }

    /// The only one with this name of which that is so, and its number.
    fn the(&self, name: &str, is_it: impl Fn(&Seen) -> bool) -> (u64, Seen) {
        let all = self.0.lock().unwrap();
        let mut found = (0..).zip(&*all).filter(|(_, seen)| seen.name == name && is_it(seen));
        let (number, seen) = found.next().unwrap_or_else(|| panic!("no {name} in {all:#?}"));
        assert!(found.next().is_none(), "two of {name}");
        (number, seen.clone())
    }
}

/// Calls on with what it is given.
#[derive(Debug, Clone, Default)]
struct CallsOn(Arc<Mutex<Vec<Said>>>);

/// The correlation, and the header to call with.
type Said = (String, Option<TraceParent>);

impl Effect for CallsOn {
    const NAME: &'static str = "calls-on";
    const LANE: Lane = Lane::of::<ListingId>();
    const START: Start = Start::Beginning;
    type Event = BidRetracted;
    type Views = ();

    fn keys(&self, _: &News<BidRetracted>) {}

    async fn perform(
        &self,
        _: &News<BidRetracted>,
        _: (),
        attempt: &Attempt<'_>,
    ) -> Result<(), Failed> {
        tracing::info!("it calls");
        let said = (attempt.correlation().to_owned(), attempt.trace_parent());
        self.0.lock().unwrap().push(said);
        Ok(())
    }
}

/// Where it stands that the bidder was suspended.
async fn evening(effect: CallsOn) -> String {
    let builder = Runtime::builder(MemoryJournal::new())
        .aggregate::<Listing>()
        .aggregate::<Bidder>()
        .decision::<PlaceEligibleBid>()
        .policy(Corrective)
        .effect(effect.clone());
    let runtime = builder.start().await.unwrap();
    let (listings, bidders) = (runtime.aggregates::<Listing>(), runtime.aggregates::<Bidder>());
    let eur = |minor| Money { minor, currency: "EUR".parse().unwrap() };
    let terms = Terms {
        seller: "sam".into(),
        ask: eur(500),
        increment: Increment::Amount(eur(50)),
        starts_at: 0.into(),
        ends_at: u64::MAX.into(),
    };
    listings.get("l1").ask(Open(terms)).await.unwrap();
    bidders.get("bob").ask(Register).await.unwrap();
    bidders.get("bob").ask(Approve).await.unwrap();
    let bid = PlaceBid { bidder: "bob".into(), amount: eur(600) };
    let together = PlaceEligibleBid { listing: "l1".into(), bid };
    runtime.decisions().correlation("a bid").decide(together).await.unwrap();

    let parent: TraceParent = HEADER.parse().unwrap();
    let request = bidders.get("bob").correlation(parent).ask_with_receipt(Suspend);
    let suspended = request.instrument(info_span!("request")).await.unwrap().position;
    while effect.0.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut events = runtime.subscribe::<AuctionEvent>(Position::START).await.unwrap();
    let mut found = Vec::new();
    while let Some(Ok(Update::Event(news))) = events.next().await {
        if news.correlation().is_some_and(|said| said.as_str() == HEADER) {
            found.push(news.event);
        }
    }
    assert_eq!(found.len(), 2, "it was suspended, and its bid taken out: {found:?}");
    suspended.to_string()
}

#[tokio::test]
async fn a_request_is_found_in_all_that_follows_from_it() {
    let (spans, effect) = (Spans::default(), CallsOn::default());
    let seen = tracing::subscriber::set_default(Registry::default().with(spans.clone()));
    let at = evening(effect.clone()).await;
    drop(seen);

    let (request, _) = spans.the("request", |_| true);
    let (command, suspend) = spans.the("command", |seen| seen.has("command") == "Suspend");
    assert_eq!((suspend.parent, suspend.closed), (Some(request), true));
    assert_eq!((suspend.has("aggregate"), suspend.has("id")), ("bidder", "bob"));
    assert_eq!(suspend.has("correlation"), HEADER);
    assert_eq!((suspend.has("outcome"), suspend.has("position")), ("replied", &*at));
    let (_, append) = spans.the("append", |seen| seen.follows == [command]);
    assert!(append.closed);

    let (policy, corrective) = spans.the("policy", |seen| seen.has("at") == at);
    assert_eq!((corrective.has("name"), corrective.has("lane")), ("corrective", "bidder:bob"));
    assert_eq!(corrective.has("correlation"), HEADER);
    assert_eq!(corrective.has("trace_id"), "4bf92f3577b34da6a3ce929d0e0e4736");
    let (_, retract) = spans.the("command", |seen| seen.has("command") == "RetractBid");
    assert_eq!((retract.parent, retract.has("correlation")), (Some(policy), HEADER));

    let (number, performed) = spans.the("effect", |_| true);
    let [(correlation, Some(parent))] = &effect.0.lock().unwrap()[..] else { panic!("{effect:?}") };
    assert_eq!(correlation, HEADER);
    let caller: TraceParent = HEADER.parse().unwrap();
    assert_eq!((parent.trace_id(), parent.is_sampled()), (caller.trace_id(), true));
    assert_ne!(parent.span_id(), caller.span_id());
    assert_eq!(performed.has("span_id"), format!("{:016x}", parent.span_id()));
    assert_eq!(performed.has("trace_id"), corrective.has("trace_id"));
    assert_eq!(spans.1.lock().unwrap()["it calls"], Some(number));

    let (_, decision) = spans.the("decision", |_| true);
    assert_eq!(
        (decision.has("command"), decision.has("correlation")),
        ("PlaceEligibleBid", "a bid")
    );
    assert_eq!(decision.has("outcome"), "replied");
}
