//! What people do, and what the streaming side does for them, when they are told yes or no.

use bailiwick_examples::streaming::{Acquire, AcquireRefused, KeepAlive, Release};

use crate::evening::Evening;
use crate::household::Screen;
use crate::outage::{HOUR, MINUTE, SECOND, State};
use crate::queue::{Act, Seat};

/// What a lease is asked for.
const LEASE_MS: u64 = 3 * MINUTE;
/// How often the streaming side says that a stream plays.
const BEAT_MS: u64 = MINUTE;
/// When people stop looking for another film.
const LAST_FILM: u64 = 3 * HOUR + 15 * MINUTE;

impl Evening {
    /// Somebody presses play.
    pub fn play(&mut self, at: u64, seat: Seat) {
        if !self.still_wants(at, seat) {
            return;
        }
        let (session, lease_ms) = (self.screen(seat).session(), LEASE_MS);
        let household = &mut self.households[seat.household];
        let up = household.site.state(at) == State::Up;
        let answer = household.ask(at, Acquire { session, lease_ms }, &mut self.recording);
        let again = match answer {
            Ok(_) if up => return self.starts(at, seat),
            // The slot is granted, but nobody is there to start the stream.
            Ok(_) => self.dice.between(20 * SECOND, 90 * SECOND),
            Err(AcquireRefused::AlreadyActive) if self.screen(seat).playing.is_some() => return,
            Err(AcquireRefused::AlreadyActive) => self.dice.between(20 * SECOND, 70 * SECOND),
            Err(_) if self.dice.chance(72) => self.dice.between(30 * SECOND, 180 * SECOND),
            Err(_) => return self.screen(seat).until = at,
        };
        self.screen(seat).patience -= 1;
        self.queue.push(at + again, Act::Play { seat });
    }

    /// Whether they have not had enough, one way or the other. New viewers make up their minds.
    fn still_wants(&mut self, at: u64, seat: Seat) -> bool {
        if self.screen(seat).until == 0 {
            let end = at + self.dice.between(12 * MINUTE, 85 * MINUTE);
            let screen = self.screen(seat);
            (screen.until, screen.patience) = (end, 8);
        }
        let screen = self.screen(seat);
        at < screen.until && screen.patience > 0
    }

    fn starts(&mut self, at: u64, seat: Seat) {
        let screen = self.screen(seat);
        screen.runs += 1;
        let (run, until) = (screen.runs, screen.until);
        screen.playing = Some(run);
        screen.patience = 8;
        self.queue.push(until, Act::Stop { seat, run });
        self.next_beat(at, seat, run);
        if self.dice.chance(3) {
            // Pressed twice.
            let twice = at + self.dice.between(400, 2 * SECOND);
            self.queue.push(twice, Act::Play { seat });
        }
    }

    fn next_beat(&mut self, at: u64, seat: Seat, run: u64) {
        let late = self.dice.between(0, 900);
        self.queue.push(at + BEAT_MS + late, Act::Beat { seat, run });
    }

    /// The streaming side says that a stream plays, and stops it if it is told to.
    pub fn beat(&mut self, at: u64, seat: Seat, run: u64) {
        if self.screen(seat).playing != Some(run) {
            return;
        }
        match self.households[seat.household].site.state(at) {
            State::Dead => return,
            State::CutOff { until } => {
                let back = until + self.dice.between(0, 15 * SECOND);
                return self.queue.push(back, Act::Beat { seat, run });
            }
            State::Up => {}
        }
        let (session, lease_ms) = (self.screen(seat).session(), LEASE_MS);
        let household = &mut self.households[seat.household];
        match household.ask(at, KeepAlive { session, lease_ms }, &mut self.recording) {
            Ok(_) => self.next_beat(at, seat, run),
            Err(_) => {
                self.screen(seat).playing = None;
                let again = at + self.dice.between(2 * SECOND, 40 * SECOND);
                self.queue.push(again, Act::Play { seat });
            }
        }
    }

    /// Somebody switches off, or a battery is empty and nobody says so.
    pub fn stop(&mut self, at: u64, seat: Seat, run: u64) {
        if self.screen(seat).playing != Some(run) {
            return;
        }
        self.screen(seat).playing = None;
        let site = self.households[seat.household].site;
        match site.state(at) {
            State::Dead => {}
            State::CutOff { until } => {
                let heard = until + self.dice.between(0, 15 * SECOND);
                self.queue.push(heard, Act::Release { seat });
            }
            State::Up if self.dice.chance(6) => {
                // Found the charger: the session that comes back may still be active.
                let back = at + self.dice.between(20 * SECOND, 300 * SECOND);
                self.screen(seat).until = back + 15 * MINUTE;
                self.queue.push(back, Act::Play { seat });
            }
            State::Up => self.release(at, seat),
        }
    }

    /// The streaming side says that a stream was switched off.
    pub fn release(&mut self, at: u64, seat: Seat) {
        let session = self.screen(seat).session();
        let household = &mut self.households[seat.household];
        let _ = household.ask(at, Release { session }, &mut self.recording);
        if at < LAST_FILM && self.dice.chance(18) {
            // Another film, after a while.
            self.screen(seat).until = 0;
            let next = at + self.dice.between(2 * MINUTE, 25 * MINUTE);
            self.queue.push(next, Act::Play { seat });
        }
    }

    fn screen(&mut self, seat: Seat) -> &mut Screen {
        &mut self.households[seat.household].screens[seat.screen]
    }
}
