//! The two levels of rest, as one pure table: where a cell is, what comes, what is to be done.
//!
//! 1. Work is never left alone: whatever the phase, it finds a running actor, wakes a waiting one,
//!    attaches one, or is sent away by a cell that has left memory.
//! 2. There is one actor at most: one is attached only where there is none.
//! 3. A cell leaves memory only from a phase without work and without an actor, or because it is
//!    closed. A stored one may come back, with nothing known; a closed one never does.

/// Where a cell is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// In memory, with nothing to do and without an actor.
    Resting,
    /// An actor runs, or is about to.
    Working,
    /// Its actor waits for the journal.
    Waiting,
    /// Its actor has nothing to do, and stays for a while.
    Lingering,
    /// Its actor was told to leave if there is still nothing to do.
    Leaving,
    /// It has something to do, without an actor, and queues for a permit to begin it.
    Queued,
    /// Out of memory: whoever still holds the cell looks in the registry again, where it, or another
    /// one, is made to be in memory.
    Stored,
    /// Out of memory because the runtime is closed.
    Closed,
}

/// What happens to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// A command, a read or a deadline was put into it, or it was given a permit.
    Work,
    /// Its actor is polled.
    Runs,
    /// Its actor can do nothing before the journal has answered.
    Waits,
    /// What there is to do may not be begun before it is given a permit.
    Queues,
    /// It queues, and has nothing to do any more.
    Forsaken { keep: bool },
    /// Its actor has nothing to do. `keep`: the journal knows the aggregate. `stay`: there may soon
    /// be something again.
    Idles { keep: bool, stay: bool },
    /// Its actor has had nothing to do for long, or too many actors have.
    Tires,
    /// Its actor is gone: killed, panicked, or its executor is (then it may never have run).
    Gone { ran: bool, work: bool, keep: bool },
    /// It has rested for long, or too many cells rest.
    Expires,
    /// It was stored, and its ID is called again.
    ComesBack,
    /// The runtime is closed.
    Closes,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Nothing,
    /// Attach an actor.
    Attach,
    /// Wake the actor.
    Wake,
    /// Let the actor wait until it is woken.
    Park,
    /// Let the actor go: it has something to do, and queues.
    Queue,
    /// Likewise, and look after it when it has lingered.
    Linger,
    /// Let the actor go, if there is one, and keep what is known.
    Rest,
    /// Let the actor go, if there is one, and leave memory.
    Store,
    /// Give everything an outcome and leave memory.
    Close,
}

impl Phase {
    /// Whether an actor is attached.
    pub(super) fn has_actor(self) -> bool {
        matches!(self, Phase::Working | Phase::Waiting | Phase::Lingering | Phase::Leaving)
    }

    /// Whether it has left memory.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Phase::Stored | Phase::Closed)
    }

    /// The table.
    pub(super) fn after(self, input: Input) -> (Phase, Act) {
        use Phase::{Closed, Leaving, Lingering, Queued, Resting, Stored, Waiting, Working};
        match (self, input) {
            (Stored, Input::ComesBack) => (Resting, Act::Nothing),
            (Stored | Closed, _) => (self, Act::Nothing),
            (_, Input::Closes) => (Closed, Act::Close),

            (Resting | Queued, Input::Work) => (Working, Act::Attach),
            (Waiting | Lingering, Input::Work) => (Working, Act::Wake),
            // It looks for work before it leaves, or waits again.
            (Working | Leaving, Input::Work) => (Working, Act::Nothing),

            (Waiting | Lingering, Input::Runs) => (Working, Act::Nothing),

            (Working | Waiting | Lingering | Leaving, Input::Waits) => (Waiting, Act::Park),
            (Resting, Input::Queues) => (Queued, Act::Nothing),
            (Working | Waiting | Lingering | Leaving, Input::Queues) => (Queued, Act::Queue),
            (Queued, Input::Forsaken { keep: true }) => (Resting, Act::Rest),
            (Queued, Input::Forsaken { keep: false }) => (Stored, Act::Store),

            (Working | Waiting | Lingering, Input::Idles { keep: true, stay: true }) => {
                (Lingering, Act::Linger)
            }
            (Working | Waiting | Lingering | Leaving, Input::Idles { keep: true, .. }) => {
                (Resting, Act::Rest)
            }
            (Working | Waiting | Lingering | Leaving, Input::Idles { keep: false, .. }) => {
                (Stored, Act::Store)
            }

            (Lingering, Input::Tires) => (Leaving, Act::Wake),

            (Working | Waiting | Lingering | Leaving, Input::Gone { ran, work, keep }) => {
                match (ran, work, keep) {
                    // Nothing will ever run here again.
                    (false, _, _) => (Closed, Act::Close),
                    (true, true, _) => (Working, Act::Attach),
                    (true, false, true) => (Resting, Act::Rest),
                    (true, false, false) => (Stored, Act::Store),
                }
            }

            (Resting, Input::Expires) => (Stored, Act::Store),

            (Working | Leaving | Resting, Input::Runs)
            | (Resting, Input::Waits | Input::Idles { .. } | Input::Gone { .. })
            | (
                Queued,
                Input::Runs
                | Input::Waits
                | Input::Queues
                | Input::Idles { .. }
                | Input::Tires
                | Input::Gone { .. }
                | Input::Expires,
            )
            | (Resting | Working | Waiting | Lingering | Leaving, Input::Forsaken { .. })
            | (Resting | Queued | Working | Waiting | Lingering | Leaving, Input::ComesBack)
            | (Resting | Working | Waiting | Leaving, Input::Tires)
            | (Working | Waiting | Lingering | Leaving, Input::Expires) => (self, Act::Nothing),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const PHASES: [Phase; 8] = [
        Phase::Resting,
        Phase::Working,
        Phase::Waiting,
        Phase::Lingering,
        Phase::Leaving,
        Phase::Queued,
        Phase::Stored,
        Phase::Closed,
    ];

    fn inputs() -> Vec<Input> {
        let mut inputs = vec![
            Input::Work,
            Input::Runs,
            Input::Waits,
            Input::Queues,
            Input::Tires,
            Input::Expires,
            Input::ComesBack,
            Input::Closes,
        ];
        for keep in [false, true] {
            inputs.extend([true, false].map(|stay| Input::Idles { keep, stay }));
            inputs.push(Input::Forsaken { keep });
            for (ran, work) in [(false, false), (false, true), (true, false), (true, true)] {
                inputs.push(Input::Gone { ran, work, keep });
            }
        }
        inputs
    }

    #[test]
    fn every_cell_of_the_table_keeps_the_rules() {
        for phase in PHASES {
            for input in inputs() {
                let (next, act) = phase.after(input);
                let case = format!("{phase:?} + {input:?} = {next:?}, {act:?}");
                if phase == Phase::Stored && input == Input::ComesBack {
                    assert_eq!((next, act), (Phase::Resting, Act::Nothing), "{case}");
                    continue;
                }
                if phase.is_over() {
                    assert_eq!((next, act), (phase, Act::Nothing), "{case}: the end is the end");
                    continue;
                }
                assert_eq!(next == Phase::Closed, act == Act::Close, "{case}");
                assert_eq!(next == Phase::Stored, act == Act::Store, "{case}");
                match act {
                    Act::Attach => {
                        let gone = matches!(input, Input::Gone { .. });
                        assert!(gone || !phase.has_actor(), "{case}: a second actor");
                        assert_eq!(next, Phase::Working, "{case}");
                    }
                    Act::Wake => assert!(
                        matches!(phase, Phase::Waiting | Phase::Lingering),
                        "{case}: it does not sleep"
                    ),
                    Act::Rest => assert_eq!(next, Phase::Resting, "{case}"),
                    Act::Queue => assert_eq!(next, Phase::Queued, "{case}"),
                    Act::Park | Act::Linger => assert!(phase.has_actor(), "{case}"),
                    Act::Nothing | Act::Store | Act::Close => {}
                }
                if input == Input::Work {
                    assert_eq!(next, Phase::Working, "{case}: work is left alone");
                }
                if input == Input::Closes {
                    assert_eq!(next, Phase::Closed, "{case}");
                }
            }
        }
    }

    /// A cell with its actor and its work, as far as the table sees them.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    struct World {
        phase: u8,
        /// Work is waiting.
        work: bool,
        /// The journal is to answer.
        pending: bool,
        /// Actors that exist.
        actors: u8,
        /// The actor will be polled.
        awake: bool,
        /// It will be given a permit.
        ticket: bool,
    }

    impl World {
        fn phase(self) -> Phase {
            PHASES[usize::from(self.phase)]
        }

        fn step(mut self, input: Input) -> World {
            if matches!(input, Input::Gone { .. }) && self.actors > 0 && self.phase().has_actor() {
                self.actors -= 1;
                self.awake = false;
            }
            let (next, act) = self.phase().after(input);
            let at = PHASES.iter().position(|phase| *phase == next).unwrap();
            self.phase = u8::try_from(at).unwrap();
            match act {
                Act::Attach => (self.actors, self.awake) = (self.actors + 1, true),
                Act::Wake => self.awake = true,
                Act::Park | Act::Linger => self.awake = false,
                Act::Queue => (self.actors, self.awake) = (self.actors - 1, false),
                Act::Rest | Act::Store if matches!(input, Input::Idles { .. }) => {
                    (self.actors, self.awake) = (self.actors - 1, false);
                }
                Act::Close => (self.work, self.pending) = (false, false),
                Act::Nothing | Act::Rest | Act::Store => {}
            }
            if matches!(act, Act::Rest | Act::Store | Act::Close) {
                self.ticket = false;
            }
            self
        }

        /// What a poll of the actor leads to: it takes the work, which may leave it waiting.
        fn polled(self) -> Vec<World> {
            let ran = self.step(Input::Runs);
            if ran.phase().is_over() {
                return vec![World { actors: 0, awake: false, ..ran }];
            }
            let idles = [(true, true), (true, false), (false, false)];
            let mut ends: Vec<_> =
                idles.into_iter().map(|(keep, stay)| Input::Idles { keep, stay }).collect();
            ends.extend(self.work.then_some(Input::Waits));
            ends.extend(self.work.then_some(Input::Queues));
            ends.into_iter()
                .map(|end| {
                    let (pending, queues) = (end == Input::Waits, end == Input::Queues);
                    let ticket = ran.ticket || queues;
                    World { work: queues, pending, ticket, ..ran }.step(end)
                })
                .collect()
        }

        fn successors(self) -> Vec<World> {
            let over = self.phase().is_over();
            let mut next = vec![self.step(Input::Tires), self.step(Input::Closes)];
            next.push(self.step(Input::ComesBack));
            if !over {
                next.push(World { work: true, ..self }.step(Input::Work));
            }
            if matches!(self.phase(), Phase::Resting | Phase::Queued) {
                // Something comes that may not be begun now.
                next.push(World { work: true, ticket: true, ..self }.step(Input::Queues));
            }
            if self.ticket {
                next.push(World { ticket: false, ..self }.step(Input::Work));
            }
            if self.phase() == Phase::Queued {
                for keep in [true, false] {
                    next.push(World { work: false, ..self }.step(Input::Forsaken { keep }));
                }
            }
            if !self.work && !self.pending {
                next.push(self.step(Input::Expires));
            }
            if self.actors > 0 && self.awake {
                next.extend(self.polled());
            }
            if self.pending {
                next.push(World { pending: false, awake: true, work: true, ..self });
            }
            if self.actors > 0 {
                let work = self.work || self.pending;
                for keep in [true, false] {
                    next.push(self.step(Input::Gone { ran: true, work, keep }));
                }
            }
            next
        }
    }

    #[test]
    fn whatever_happens_in_whatever_order_work_has_an_actor_that_will_be_polled() {
        let begin =
            World { phase: 0, work: false, pending: false, actors: 0, awake: false, ticket: false };
        let (mut seen, mut open) = (HashSet::from([begin]), vec![begin]);
        while let Some(world) = open.pop() {
            assert!(world.actors <= 1, "two actors: {world:?}");
            let phase = world.phase();
            if phase.is_over() {
                assert!(!world.work, "left memory with work: {world:?}");
            } else {
                assert_eq!(world.actors == 1, phase.has_actor(), "{world:?} {phase:?}");
                let queues = phase == Phase::Queued && world.ticket;
                assert!(!world.work || world.awake || queues, "unseen: {world:?} {phase:?}");
            }
            open.extend(world.successors().into_iter().filter(|next| seen.insert(*next)));
        }
        assert!(seen.len() >= 12, "explored: {}", seen.len());
    }
}
