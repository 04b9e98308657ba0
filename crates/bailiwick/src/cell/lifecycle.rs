//! The life of a cell as one pure table: where it is, what comes, what is to be done.
//!
//! 1. Work is never left alone: whatever the phase, it finds somebody who runs turns, wakes the actor,
//!    gets an actor, or is sent away by a cell that has left memory.
//! 2. One at a time runs turns: an actor is attached, or a caller begins, only where there is nobody; an
//!    actor takes over from a caller that waits.
//! 3. A cell leaves memory only from a phase without work and with nobody to run it, or because it is
//!    closed. A stored one may come back, with nothing known; a closed one never does.

/// Where a cell is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// In memory, with nothing to do.
    Idle,
    /// Somebody runs turns, or is about to: the caller that has found it idle, or an actor.
    Running,
    /// Its actor waits for the journal.
    Waiting,
    /// It waits for the journal, and the caller that ran its turn polls for that.
    Attended,
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
    /// A caller that has found it idle runs a turn itself.
    Begins,
    /// Whoever runs its turns is polled.
    Runs,
    /// Nothing can be done before the journal has answered. `attended`: a caller polls for that, and not
    /// an actor.
    Waits { attended: bool },
    /// What there is to do may not be begun before it is given a permit.
    Queues,
    /// It queues, and has nothing to do any more.
    Withdrawn { keep: bool },
    /// There is nothing to do. `keep`: the journal knows the aggregate.
    Idles { keep: bool },
    /// Whoever ran its turns is gone: the caller has done enough, or went away; the actor was killed,
    /// panicked, or its executor is gone (then it may never have run).
    Gone { ran: bool, work: bool, keep: bool },
    /// It was idle for long, or too many cells are.
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
    /// Wait until woken.
    Park,
    /// Let whoever ran it go: it has something to do, and queues.
    Queue,
    /// Let whoever ran it go, and keep what is known.
    Rest,
    /// Let whoever ran it go, and leave memory.
    Store,
    /// Give everything an outcome and leave memory.
    Close,
}

impl Phase {
    /// Whether somebody runs its turns.
    pub(super) fn is_driven(self) -> bool {
        matches!(self, Phase::Running | Phase::Waiting | Phase::Attended)
    }

    /// Whether it has left memory.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Phase::Stored | Phase::Closed)
    }

    /// The table.
    pub(super) fn after(self, input: Input) -> (Phase, Act) {
        use Phase::{Attended, Closed, Idle, Queued, Running, Stored, Waiting};
        match (self, input) {
            (Stored, Input::ComesBack) => (Idle, Act::Nothing),
            (Stored | Closed, _) => (self, Act::Nothing),
            (_, Input::Closes) => (Closed, Act::Close),

            // From a caller that polls an actor takes over.
            (Idle | Queued | Attended, Input::Work) => (Running, Act::Attach),
            (Waiting, Input::Work) => (Running, Act::Wake),
            // Whoever runs it looks for work before it leaves, or waits.
            (Running, Input::Work) => (Running, Act::Nothing),

            (Idle, Input::Begins) | (Waiting | Attended, Input::Runs) => (Running, Act::Nothing),

            (Running, Input::Waits { attended: false }) => (Waiting, Act::Park),
            (Running, Input::Waits { attended: true }) => (Attended, Act::Park),
            (Idle, Input::Queues) => (Queued, Act::Nothing),
            (Running, Input::Queues) => (Queued, Act::Queue),
            (Queued, Input::Withdrawn { keep: true }) => (Idle, Act::Rest),
            (Queued, Input::Withdrawn { keep: false }) => (Stored, Act::Store),

            (Running, Input::Idles { keep: true }) => (Idle, Act::Rest),
            (Running, Input::Idles { keep: false }) => (Stored, Act::Store),

            (Running | Waiting | Attended, Input::Gone { ran, work, keep }) => {
                match (ran, work, keep) {
                    // Nothing will ever run here again.
                    (false, _, _) => (Closed, Act::Close),
                    (true, true, _) => (Running, Act::Attach),
                    (true, false, true) => (Idle, Act::Rest),
                    (true, false, false) => (Stored, Act::Store),
                }
            }

            (Idle, Input::Expires) => (Stored, Act::Store),

            (Running, Input::Runs | Input::Begins)
            | (
                Idle,
                Input::Runs | Input::Waits { .. } | Input::Idles { .. } | Input::Gone { .. },
            )
            | (
                Queued,
                Input::Begins
                | Input::Runs
                | Input::Waits { .. }
                | Input::Queues
                | Input::Idles { .. }
                | Input::Gone { .. }
                | Input::Expires,
            )
            | (
                Waiting | Attended,
                Input::Begins | Input::Waits { .. } | Input::Queues | Input::Idles { .. },
            )
            | (Idle | Running | Waiting | Attended, Input::Withdrawn { .. })
            | (Idle | Queued | Running | Waiting | Attended, Input::ComesBack)
            | (Running | Waiting | Attended, Input::Expires) => (self, Act::Nothing),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const PHASES: [Phase; 7] = [
        Phase::Idle,
        Phase::Running,
        Phase::Waiting,
        Phase::Attended,
        Phase::Queued,
        Phase::Stored,
        Phase::Closed,
    ];

    fn inputs() -> Vec<Input> {
        let mut inputs = vec![
            Input::Work,
            Input::Begins,
            Input::Runs,
            Input::Waits { attended: false },
            Input::Waits { attended: true },
            Input::Queues,
            Input::Expires,
            Input::ComesBack,
            Input::Closes,
        ];
        for keep in [false, true] {
            inputs.push(Input::Idles { keep });
            inputs.push(Input::Withdrawn { keep });
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
                    assert_eq!((next, act), (Phase::Idle, Act::Nothing), "{case}");
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
                        let takes_over = phase == Phase::Attended;
                        assert!(gone || takes_over || !phase.is_driven(), "{case}: a second one");
                        assert_eq!(next, Phase::Running, "{case}");
                    }
                    Act::Wake => assert_eq!(phase, Phase::Waiting, "{case}: it does not sleep"),
                    Act::Rest => assert_eq!(next, Phase::Idle, "{case}"),
                    Act::Queue => assert_eq!(next, Phase::Queued, "{case}"),
                    Act::Park => assert!(phase.is_driven(), "{case}"),
                    Act::Nothing | Act::Store | Act::Close => {}
                }
                if input == Input::Work {
                    assert_eq!(next, Phase::Running, "{case}: work is left alone");
                }
                if input == Input::Begins {
                    assert_eq!(next == Phase::Running, phase.is_driven_after_begin(), "{case}");
                }
                if input == Input::Closes {
                    assert_eq!(next, Phase::Closed, "{case}");
                }
            }
        }
    }

    impl Phase {
        /// Whether somebody runs it and does not wait once a caller wants to begin.
        fn is_driven_after_begin(self) -> bool {
            matches!(self, Phase::Idle | Phase::Running)
        }
    }

    /// Who runs the turns.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    enum Driver {
        Nobody,
        Caller,
        Actor,
    }

    /// A cell with whoever runs it and its work, as far as the table sees them.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    struct World {
        phase: u8,
        /// Work is waiting.
        work: bool,
        /// The journal is to answer.
        pending: bool,
        driver: Driver,
        /// The driver will be polled.
        awake: bool,
        /// It will be given a permit.
        ticket: bool,
    }

    impl World {
        fn phase(self) -> Phase {
            PHASES[usize::from(self.phase)]
        }

        fn step(mut self, input: Input) -> World {
            let before = self.phase();
            let (next, act) = before.after(input);
            let at = PHASES.iter().position(|phase| *phase == next).unwrap();
            self.phase = u8::try_from(at).unwrap();
            if matches!(input, Input::Gone { .. }) && before.is_driven() {
                (self.driver, self.awake) = (Driver::Nobody, false);
            }
            match act {
                Act::Attach => (self.driver, self.awake) = (Driver::Actor, true),
                Act::Wake => self.awake = true,
                Act::Park => self.awake = false,
                Act::Queue => (self.driver, self.awake) = (Driver::Nobody, false),
                Act::Rest | Act::Store => {
                    (self.driver, self.awake, self.ticket) = (Driver::Nobody, false, false);
                }
                Act::Close => {
                    (self.work, self.pending, self.ticket) = (false, false, false);
                    (self.driver, self.awake) = (Driver::Nobody, false);
                }
                Act::Nothing if input == Input::Begins && before == Phase::Idle => {
                    (self.driver, self.awake) = (Driver::Caller, true);
                }
                Act::Nothing => {}
            }
            self
        }

        /// What a poll of the driver leads to: it takes the work, which may leave it waiting.
        fn polled(self) -> Vec<World> {
            let ran = self.step(Input::Runs);
            let attended = self.driver == Driver::Caller;
            let mut ends: Vec<_> = [true, false].map(|keep| Input::Idles { keep }).into();
            if self.work {
                ends.extend([Input::Waits { attended }, Input::Queues]);
            }
            let left = ends.into_iter().map(|end| {
                let (pending, queues) = (matches!(end, Input::Waits { .. }), end == Input::Queues);
                let ticket = ran.ticket || queues;
                World { work: queues, pending, ticket, ..ran }.step(end)
            });
            left.collect()
        }

        fn successors(self) -> Vec<World> {
            let phase = self.phase();
            let mut next = vec![self.step(Input::Closes), self.step(Input::ComesBack)];
            if !phase.is_over() {
                next.push(World { work: true, ..self }.step(Input::Work));
            }
            if phase == Phase::Idle {
                next.push(World { work: true, ..self }.step(Input::Begins));
            }
            if matches!(phase, Phase::Idle | Phase::Queued) {
                // Something comes that may not be begun now.
                next.push(World { work: true, ticket: true, ..self }.step(Input::Queues));
            }
            if self.ticket {
                next.push(World { ticket: false, ..self }.step(Input::Work));
            }
            if phase == Phase::Queued {
                for keep in [true, false] {
                    next.push(World { work: false, ..self }.step(Input::Withdrawn { keep }));
                }
            }
            if !self.work && !self.pending {
                next.push(self.step(Input::Expires));
            }
            if self.driver != Driver::Nobody && self.awake {
                next.extend(self.polled());
            }
            if self.pending {
                next.push(World { pending: false, awake: true, work: true, ..self });
            }
            if self.driver != Driver::Nobody {
                let work = self.work || self.pending;
                for keep in [true, false] {
                    next.push(self.step(Input::Gone { ran: true, work, keep }));
                }
            }
            next
        }
    }

    #[test]
    fn whatever_happens_in_whatever_order_work_has_somebody_who_will_be_polled() {
        let begin = World {
            phase: 0,
            work: false,
            pending: false,
            driver: Driver::Nobody,
            awake: false,
            ticket: false,
        };
        let (mut seen, mut open) = (HashSet::from([begin]), vec![begin]);
        while let Some(world) = open.pop() {
            let phase = world.phase();
            if phase.is_over() {
                assert!(!world.work, "left memory with work: {world:?}");
            } else {
                let driven = world.driver != Driver::Nobody;
                assert_eq!(driven, phase.is_driven(), "{world:?} {phase:?}");
                let queues = phase == Phase::Queued && world.ticket;
                assert!(!world.work || world.awake || queues, "unseen: {world:?} {phase:?}");
                let attended = phase == Phase::Attended;
                assert!(!attended || world.driver == Driver::Caller, "{world:?}");
                assert!(!attended || world.pending || world.awake, "waits for nothing: {world:?}");
            }
            open.extend(world.successors().into_iter().filter(|next| seen.insert(*next)));
        }
        assert!(seen.len() >= 15, "explored: {}", seen.len());
    }
}
