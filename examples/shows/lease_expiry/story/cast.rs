//! Who is in the story, and how long things take in it.

use std::fmt;

use bailiwick_examples::streaming::SessionId;

use super::past::Scene;

/// The account of the household.
pub const ACCOUNT: &str = "the-baileys";
/// How many streams it may run at once.
pub const SLOTS: usize = 2;
/// How long a lease lasts.
pub const LEASE_MS: u64 = 3_000;

/// A screen of the household: a session of the account.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    session: &'static str,
    name: &'static str,
}

pub const TV: Screen = Screen { session: "living-room-tv", name: "living-room TV" };
pub const PHONE: Screen = Screen { session: "mias-phone", name: "Mia's phone" };
pub const TABLET: Screen = Screen { session: "leos-tablet", name: "Leo's tablet" };

impl Screen {
    /// Whether it has a slot once the story has come so far.
    pub fn plays_in(self, scene: Scene) -> bool {
        (self.session == TABLET.session) == (scene == Scene::TabletPlays)
    }

    /// Its session's ID.
    pub fn session(self) -> SessionId {
        self.session.into()
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}
