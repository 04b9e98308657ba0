//! An effect performs, in a story of events.

use super::events::{GivenEvents, LastNews};
use super::happened::Happened;
use super::performed::EffectOutcome;
use super::{performing, reacting};
use crate::box_error::BoxError;
use crate::effect::{AnyEffect, Effect};
use crate::short_name::short_name;

impl GivenEvents {
    /// This is recorded, at the story's time, and an effect is to perform it.
    ///
    /// It does what the runtime does: the views are as of this event, which they hold, with everything before
    /// it in the story; [`Attempt::latest`](crate::Attempt::latest) is as of now. What it calls is up to the
    /// test: a [`MockService`](crate::MockService) behind its port. It is run in this thread, for as long as
    /// it goes on by itself: a timer, a socket or another thread is not waited for, and it
    /// [times out](EffectOutcome::times_out).
    ///
    /// A given event that is neither read by one of its views nor looked at is in vain, as before a decision.
    ///
    /// For an example see [`Effect`].
    ///
    /// # Panics
    /// If the event could not be recorded, if the effect does not want it or it is in no
    /// [lane](Effect::LANE), if a given event is in vain, and if the effect panics.
    #[track_caller]
    #[must_use = "say what should come of it: `done`, `gives_up`, ..."]
    pub fn performs<F>(mut self, effect: F, news: impl Happened) -> EffectOutcome
    where
        F: Effect<Event: Sync>,
    {
        let (recorded, shown) = (self.recorded(&news), format!("{:?}", news.event()));
        let news = self.log.append(recorded).clone();
        self.last = Some(LastNews { news, shown, attempts: 0 });
        self.performs_again(effect)
    }

    /// The effect is to perform once more what it [performed](GivenEvents::performs) last in the story, at the
    /// story's time, as it has to when nobody knows whether it was done, or it was retried: with the same key,
    /// and with its views as they were.
    ///
    /// # Panics
    /// If nothing was performed before, and as [`performs`](GivenEvents::performs) does.
    #[track_caller]
    #[must_use = "say what should come of it: `done`, `gives_up`, ..."]
    pub fn performs_again<F>(mut self, effect: F) -> EffectOutcome
    where
        F: Effect<Event: Sync>,
    {
        let (name, of) = (short_name::<F>(), effect.descriptor());
        let Some(last) = &mut self.last else {
            self.report(format_args!("nothing was performed before")).fail()
        };
        last.attempts += 1;
        let (news, number, shown) = (last.news.clone(), last.attempts, last.shown.clone());
        let delivery = performing::delivery(&of, 0, &news);
        let performed = reacting::lane(&of, &news).and_then(|_| {
            let attempt = (self.now, number);
            let log = (&self.log, &mut Default::default());
            let performed = performing::perform(&effect, (&news, &delivery), attempt, log)?;
            performed.ok_or_else(|| BoxError::from("its type is retired"))
        });
        match performed {
            Ok((performed, looked_at)) => {
                self.check_given(name, &looked_at);
                EffectOutcome::new(self, name, shown, performed)
            }
            Err(error) => self
                .report(format_args!("{name} cannot perform this"))
                .line("seeing", &shown)
                .because(error.as_ref())
                .fail(),
        }
    }
}
