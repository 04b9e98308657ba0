//! One news of a policy: what it would send today, and what stands in the journal of what was sent.

use bailiwick_core::journal::{Delivery, DeliveryTarget, EncodedEvent, RecordedEvent};
use bailiwick_core::policy::{DeliveryEnded, Ending, Outgoing};
use bailiwick_core::{Text, codec};
use bytes::Bytes;

use super::emitted::{event_shown, listed};
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
    /// It is what is sent today.
    is_planned: bool,
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
        let sent = Sent { target, ordinal, command, form: form.cloned(), is_planned: false };
        let is_planned = self.planned().iter().any(|planned| is_same(planned, &sent));
        self.sent.push(Sent { is_planned, ..sent });
    }

    /// The news, as people read it.
    pub(super) fn about(&self) -> String {
        event_shown(&self.news)
    }

    fn planned(&self) -> &[Outgoing] {
        match &self.computed {
            Computed::Sends(planned) => planned,
            Computed::GivesUp(_) | Computed::Fails(_) => &[],
        }
    }

    /// Compares the two. `is_done`: nothing more will stand for it.
    pub(super) fn compare(&self, is_done: bool) -> Compared {
        if self.skipped {
            return Compared::LeftOut(LeftOut::Skipped);
        }
        let (sent, planned) = (self.sent.len(), self.planned().len());
        let is_planned = self.sent.iter().all(|sent| sent.is_planned);
        // What is on its way stands there later.
        let is_on_its_way = self.gave_up.is_none() && (sent < planned || planned == 0);
        if is_planned && is_on_its_way && !is_done {
            return Compared::LeftOut(LeftOut::NotDone);
        }
        let gives_up_so = match &self.computed {
            Computed::Sends(_) => self.gave_up.is_none(),
            Computed::GivesUp(why) => self.gave_up.as_ref() == Some(why),
            Computed::Fails(_) => false,
        };
        if is_planned && sent == planned && gives_up_so {
            return Compared::Same;
        }
        Compared::Differs { was: self.was(), now: self.now() }
    }

    fn was(&self) -> String {
        if let Some(why) = &self.gave_up {
            return format!("gives up: {why}");
        }
        let shown = self.sent.iter().map(|sent| {
            let command = sent.command.as_ref().map_or("a command", Text::as_str);
            let form = sent.form.as_ref().map_or_else(String::new, |form| codec::show(form));
            let between = if form.is_empty() { "" } else { " " };
            match &sent.target {
                DeliveryTarget { name, tag: Some(tag) } => {
                    format!("{command}{between}{form} to {name} {}", tag.value())
                }
                DeliveryTarget { name, tag: None } => format!("{name}{between}{form}"),
            }
        });
        listed("sends", shown)
    }

    fn now(&self) -> String {
        match &self.computed {
            Computed::Fails(why) => format!("fails: {why}"),
            Computed::GivesUp(why) => format!("gives up: {why}"),
            Computed::Sends(planned) => {
                let shown = planned.iter().map(|planned| {
                    let shown = guarded(|| format!("{:?}", planned.payload));
                    shown.unwrap_or_else(|_| planned.command.to_owned())
                });
                listed("sends", shown)
            }
        }
    }
}

/// Whether this stands for a command that is sent today.
fn is_same(planned: &Outgoing, sent: &Sent) -> bool {
    let is_named = sent.command.as_ref().is_none_or(|command| command.as_str() == planned.command);
    let is_target = planned.target == sent.target || planned.was.contains(&sent.target);
    if !is_target || planned.ordinal != sent.ordinal || !is_named {
        return false;
    }
    let Some(form) = &sent.form else { return true };
    // What cannot be read any more was something else. What is not recorded today nobody can say.
    matches!(guarded(|| planned.payload.is_same(form)), Ok(None | Some(Ok(true))))
}
