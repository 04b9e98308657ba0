//! Made-up histories, judged by what must hold in every one, from the events alone.

use std::collections::BTreeMap;

use bailiwick_core::{Came, Given, Verdict, given};

use super::sample::*;
use crate::auction::*;
use crate::random::Xorshift;

/// The standing bids as the events say, in the order in which they were placed.
#[derive(Default)]
struct Book {
    now: u64,
    standing: BTreeMap<BidderId, u64>,
    over: bool,
}

impl Book {
    fn highest(&self) -> Option<(&BidderId, u64)> {
        self.standing.iter().map(|(bidder, amount)| (bidder, *amount)).max_by_key(|(_, a)| *a)
    }

    fn note(&mut self, event: &ListingEvent) {
        assert!(!self.over, "{event:?} after the end");
        match event {
            ListingEvent::ListingOpened { .. } => panic!("opened twice"),
            ListingEvent::Placed(BidPlaced { bidder, amount, .. }) => {
                assert!((STARTS..ENDS).contains(&self.now), "bid at {}", self.now);
                assert_ne!(bidder.as_str(), "seller");
                let highest = self.highest();
                assert!(highest.is_none_or(|(leading, _)| leading != bidder), "outbid oneself");
                let least = highest.map_or(500, |(_, highest)| highest + 50);
                assert!(amount.minor >= least, "{amount} below {least}");
                self.standing.insert(bidder.clone(), amount.minor);
            }
            ListingEvent::Retracted(BidRetracted { bidder, .. }) => {
                assert!(self.standing.remove(bidder).is_some(), "{bidder} had no bid");
            }
            ListingEvent::ListingCancelled => {
                assert!(self.standing.is_empty() && self.now < ENDS);
                self.over = true;
            }
            ListingEvent::ListingClosed { winner } => {
                assert!(self.now >= ENDS, "closed early, at {}", self.now);
                let won = winner.as_ref().map(|bid| (&bid.bidder, bid.amount.minor));
                assert_eq!(won, self.highest());
                self.over = true;
            }
        }
    }

    /// Judges what came of a command. A rejection changes nothing, whatever it was.
    fn came<Rejection>(&mut self, came: Came<ListingEvent, (), Rejection>) {
        came.expired.iter().for_each(|event| self.note(event));
        match came.verdict {
            Verdict::Accepted { events, .. } => events.iter().for_each(|event| self.note(event)),
            Verdict::Rejected(_) => {}
            Verdict::Panicked(message) => panic!("{message}"),
        }
    }
}

#[test]
fn every_history_keeps_the_rules() {
    for seed in 1..=200 {
        history(&mut Xorshift(seed));
    }
}

fn history(random: &mut Xorshift) {
    let mut book = Book::default();
    let mut story = given::<Listing>("l1").events([opened(terms())]);
    for _ in 0..60 {
        book.now += u64::from(random.below(5));
        let who = ["ann", "bob", "cid", "seller"][random.below(4) as usize];
        story = story.at(book.now);
        story = step(random, &mut book, story, who);
        story = story.state(|listing, _| {
            let leading = listing.leading().map(|bid| (&bid.bidder, bid.amount.minor));
            assert_eq!(leading, book.highest());
        });
    }
}

fn step(
    random: &mut Xorshift,
    book: &mut Book,
    story: Given<Listing>,
    who: &'static str,
) -> Given<Listing> {
    let highest = book.highest().map_or(450, |(_, highest)| highest);
    match random.below(8) {
        0..=4 => {
            let amount = highest + u64::from(random.below(120));
            let (came, story) = story.when(bid(who, amount)).result();
            book.came(came);
            story
        }
        5..=6 => {
            let (came, story) = story.when(retract(who)).result();
            book.came(came);
            story
        }
        _ => {
            let (came, story) = story.when(cancel(who)).result();
            book.came(came);
            story
        }
    }
}
