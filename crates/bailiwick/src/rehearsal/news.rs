//! One news of a policy: what it would send today, and what stands in the journal of what was sent.

use bailiwick_core::journal::{Delivery, DeliveryTarget, EncodedEvent, RecordedEvent};
use bailiwick_core::policy::{DeliveryEnded, Ending, Outgoing};
use bailiwick_core::{Text, codec};
use bytes::Bytes;

use super::emitted::event_shown;
use super::report::LeftOut;
use crate::error::guarded;

/// What a policy does about a news today.
pub(super) enum Computed {
    Sends(Vec<Outgoing>),
    GivesUp(String),
    Fails(String),
}

/// What stands in the journal of a delivery.
struct Sent {
    target: DeliveryTarget,
    ordinal: u32,
    /// If it is known.
    command: Option<Text>,
    form: Option<Bytes>,
    /// It is not what is sent today, though target and name are the same.
    is_other: bool,
}

/// A news whose deliveries are not all known yet.
pub(super) struct Waiting {
    pub(super) lane: Text,
    news: EncodedEvent,
    computed: Computed,
    sent: Vec<Sent>,
    gave_up: Option<String>,
    skipped: bool,
}

/// What is to be said of a news.
pub(super) enum Compared {
    Same,
    Differs { was: String, now: String },
    LeftOut(LeftOut),
}

impl Waiting {
    pub(super) fn new(lane: Text, news: EncodedEvent, computed: Computed) -> Self {
        Waiting { lane, news, computed, sent: Vec::new(), gave_up: None, skipped: false }
    }

    /// Something stands for a delivery of it; `form`: its command, if that is recorded.
    pub(super) fn traced(
        &mut self,
        delivery: &Delivery,
        trace: &RecordedEvent,
        form: Option<&Bytes>,
    ) {
        let ended = trace.event.is_reserved().then(|| trace.event.decode::<DeliveryEnded>());
        let ended = ended.and_then(|ended| ended.ok().flatten());
        if ended.as_ref().is_some_and(|ended| ended.how == Ending::Skipped) {
            self.skipped = true;
            return;
        }
        let Some(target) = delivery.target.clone() else {
            self.gave_up = Some(ended.and_then(|ended| ended.reason).unwrap_or_default());
            return;
        };
        let (ordinal, command) = (delivery.ordinal, trace.event.metadata.command.clone());
        let sent = Sent { target, ordinal, command, form: form.cloned(), is_other: false };
        let is_other = self.planned(&sent).is_some_and(|planned| is_other(planned, &sent));
        self.sent.push(Sent { is_other, ..sent });
    }

    /// The news, as people read it.
    pub(super) fn about(&self) -> String {
        event_shown(&self.news)
    }

    fn planned(&self, sent: &Sent) -> Option<&Outgoing> {
        let Computed::Sends(planned) = &self.computed else { return None };
        planned
            .iter()
            .find(|planned| planned.target == sent.target && planned.ordinal == sent.ordinal)
    }

    /// Compares the two. `is_done`: nothing more will stand for it.
    pub(super) fn compare(&self, is_done: bool) -> Compared {
        if self.skipped {
            return Compared::LeftOut(LeftOut::Skipped);
        }
        let computed = match &self.computed {
            Computed::Sends(planned) => planned.len(),
            Computed::GivesUp(_) | Computed::Fails(_) => 0,
        };
        // What is on its way stands there later.
        let is_part = self.sent.iter().all(|sent| self.planned(sent).is_some() && !sent.is_other);
        let gives_up = match &self.computed {
            Computed::GivesUp(why) => Some(why),
            _ => None,
        };
        let fails = matches!(self.computed, Computed::Fails(_));
        let is_open = self.gave_up.is_none() && is_part && self.sent.len() <= computed;
        let is_whole = self.sent.len() == computed && (computed > 0 || gives_up.is_some());
        if !is_done && is_open && !(is_whole && gives_up.is_none()) {
            return Compared::LeftOut(LeftOut::NotDone);
        }
        if is_part && self.sent.len() == computed && self.gave_up.as_ref() == gives_up && !fails {
            return Compared::Same;
        }
        Compared::Differs { was: self.was(), now: self.now() }
    }

    fn was(&self) -> String {
        if let Some(why) = &self.gave_up {
            return format!("gives up: {why}");
        }
        all(self.sent.iter().map(|sent| {
            let command = sent.command.as_ref().map_or("a command", Text::as_str);
            let form = sent.form.as_ref().map_or_else(String::new, |form| codec::show(form));
            let between = if form.is_empty() { "" } else { " " };
            match &sent.target {
                DeliveryTarget { name, tag: Some(tag) } => {
                    format!("{command}{between}{form} to {name} {}", tag.value())
                }
                DeliveryTarget { name, tag: None } => format!("{name}{between}{form}"),
            }
        }))
    }

    fn now(&self) -> String {
        match &self.computed {
            Computed::Fails(why) => format!("fails: {why}"),
            Computed::GivesUp(why) => format!("gives up: {why}"),
            Computed::Sends(planned) => all(planned.iter().map(|planned| {
                let shown = guarded(|| format!("{:?}", planned.payload));
                shown.unwrap_or_else(|_| planned.command.to_owned())
            })),
        }
    }
}

fn is_other(planned: &Outgoing, sent: &Sent) -> bool {
    if sent.command.as_ref().is_some_and(|command| command.as_str() != planned.command) {
        return true;
    }
    let Some(form) = &sent.form else { return false };
    // What cannot be read any more was something else.
    let is_same = guarded(|| planned.payload.is_same(form));
    matches!(is_same, Ok(Some(Ok(false) | Err(_))) | Err(_))
}

fn all(sent: impl Iterator<Item = String>) -> String {
    let sent: Vec<_> = sent.collect();
    if sent.is_empty() { "sends nothing".to_owned() } else { format!("sends {}", sent.join(", ")) }
}
