//! Aggregates that an application spawns, a deadline, and a policy that carries the news from one to
//! the other: who wins the auction may watch more streams.

use std::error::Error;
use std::time::Duration;

use bailiwick::{Commands, Event, GiveUp, Lane, News, Policy, Start};
use bailiwick::{MemoryJournal, Position, Runtime};
use bailiwick_examples::auction::{Increment, Listing, ListingEvent, Money, Open, PlaceBid, Terms};
use bailiwick_examples::streaming::{AccountId, AccountSessions, SetLimit};

/// Of all that happens to listings, only this.
#[derive(Event)]
enum Ended {
    #[event(only(ListingClosed))]
    Listing(ListingEvent),
}

struct Prize;

impl Policy for Prize {
    const NAME: &'static str = "prize";
    const LANE: Lane = Lane::Emitter; // One listing's news are in order, those of several go in parallel.
    const START: Start = Start::Beginning;
    type Event = Ended;
    type Views = ();
    fn keys(&self, _: &News<Ended>) {}
    fn react(&self, news: &News<Ended>, _: (), out: &mut Commands) -> Result<(), GiveUp> {
        if let Ended::Listing(ListingEvent::ListingClosed { winner: Some(bid) }) = &news.event {
            let account: AccountId = bid.bidder.as_str().parse().map_err(GiveUp::because)?;
            out.to::<AccountSessions>(&account).send(SetLimit { limit: 10 });
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Listing>();
    let runtime = builder.aggregate::<AccountSessions>().policy(Prize).start().await?;
    // A reference is an ID: the first command spawns the listing, the policy's the account.
    let listing = runtime.aggregates::<Listing>().get("more-streams");
    let mut account =
        runtime.aggregates::<AccountSessions>().get("ann").watch(Position::START).await?;
    let (seller, increment) = ("house".into(), Increment::BasisPoints(500));
    let (starts_at, ends_at) = (runtime.now(), runtime.now() + Duration::from_secs(1));
    let ask = Money { minor: 100, currency: "EUR".parse()? };
    listing.ask(Open(Terms { seller, ask, increment, starts_at, ends_at })).await?;
    listing.ask(PlaceBid { bidder: "ann".into(), amount: Money { minor: 250, ..ask } }).await?;
    // Nobody asks for anything now: the deadline closes the listing, the policy does the rest.
    let change = account.next().await.ok_or("it was shut down")??;
    println!("by itself, at position {} of the journal: {:?}", change.position(), change.event);
    runtime.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
