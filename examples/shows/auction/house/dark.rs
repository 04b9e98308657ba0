//! The corrective policy in a house whose lights go out before it has done anything.

use std::panic::resume_unwind;

use bailiwick::{Commands, GiveUp, Lane, News, Policy, Start};
use bailiwick_examples::auction::{Bidder, BidderId, Corrective, CorrectiveNews, StandingBids};

/// The same policy. What it should take out, it does not come to: it fails, and is tried again, until
/// the house is killed.
pub struct InTheDark;

impl Policy for InTheDark {
    const NAME: &'static str = Corrective::NAME;
    const LANE: Lane = Corrective::LANE;
    const START: Start = Corrective::START;
    type Event = CorrectiveNews;
    type Views = (Bidder, StandingBids);

    fn keys(&self, news: &News<CorrectiveNews>) -> (BidderId, BidderId) {
        Corrective.keys(news)
    }

    fn react(
        &self,
        news: &News<CorrectiveNews>,
        (bidder, bids): (&Bidder, &StandingBids),
        out: &mut Commands,
    ) -> Result<(), GiveUp> {
        if bidder.eligible().is_err() {
            // A panic that nobody has to read about.
            resume_unwind(Box::new("it is dark"));
        }
        Corrective.react(news, (bidder, bids), out)
    }
}
