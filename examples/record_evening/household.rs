//! A household: an account, its screens, and the rules as they are today.
//!
//! What the outside does next depends on what it is told, so the rules are asked here too: the
//! domain's own, without a runtime. Only the attempts are recorded.

use bailiwick::{Context, Decide, View};
use bailiwick_examples::streaming::{AccountId, AccountSessions, SessionId};
use bailiwick_examples::trace::{Attempt, Step};

use crate::dice::Dice;
use crate::outage::Site;

const DEVICES: [&str; 8] =
    ["tv", "phone", "laptop", "tablet", "bedroom-tv", "phone-2", "console", "phone-3"];

/// A household and its account.
pub struct Household {
    id: AccountId,
    /// The limit of its plan, if it has one.
    pub plan: Option<usize>,
    /// Where its streams run.
    pub site: Site,
    /// Whether it lends its account to others, so that everybody watches.
    pub lends: bool,
    pub screens: Vec<Screen>,
    rules: AccountSessions,
}

/// A screen, and who sits before it.
#[derive(Debug)]
pub struct Screen {
    device: &'static str,
    /// Until when they want to watch.
    pub until: u64,
    /// How often they will try again.
    pub patience: u64,
    /// Which run of the stream plays, if one does.
    pub playing: Option<u64>,
    /// How many runs there were.
    pub runs: u64,
}

impl Household {
    /// The household with this number, counted from 1.
    pub fn new(number: u32, dice: &mut Dice) -> Household {
        let id: AccountId = format!("home-{number:03}").parse().expect("an ID");
        let lends = dice.chance(12);
        let plans = [(14, Some(1)), (38, Some(2)), (20, Some(3)), (8, Some(4)), (20, None)];
        let (plan, screens) = match lends {
            true => (Some(2), dice.between(5, 8)),
            false => (dice.one_of(plans), dice.between(2, 5)),
        };
        let devices = DEVICES.into_iter().zip(0..screens);
        Household {
            rules: AccountSessions::new(&id),
            id,
            plan,
            site: dice.one_of([(45, Site::East), (30, Site::West), (25, Site::North)]),
            lends,
            screens: devices.map(|(device, _)| Screen::new(device)).collect(),
        }
    }

    /// Asks for something, and records that it was asked for.
    pub fn ask<C>(
        &mut self,
        at: u64,
        command: C,
        recording: &mut Vec<Step>,
    ) -> Result<<AccountSessions as Decide<C>>::Reply, <AccountSessions as Decide<C>>::Rejection>
    where
        AccountSessions: Decide<C>,
        C: Clone + Into<Attempt>,
    {
        let (at, account) = (at.into(), self.id.clone());
        recording.push(Step { at, account, attempt: command.clone().into() });
        let mut ctx = Context::new(at);
        let answer = self.rules.decide(&command, &mut ctx);
        if answer.is_ok() {
            ctx.into_events().iter().for_each(|event| self.rules.apply(event, at));
        }
        answer
    }
}

impl Screen {
    fn new(device: &'static str) -> Screen {
        Screen { device, until: 0, patience: 0, playing: None, runs: 0 }
    }

    /// What the account knows it as.
    pub fn session(&self) -> SessionId {
        self.device.into()
    }
}
