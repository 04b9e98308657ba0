//! What a journal says once all is done, without what depends on chance: positions, times, marks, parked
//! lanes, and in which order those were that nobody has ordered.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use bailiwick::journal::{DELIVERY_ENDED, RecordedEvent};
use bailiwick_core::policy::DeliveryEnded;

use super::list::EVERYBODY;
use crate::fixtures::messages::model::decoded;
use crate::fixtures::messages::{Heard, Said};
use crate::invariant::Checked;
use crate::invariant::Invariant::{Readable, SameFacts};

/// The facts.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// By sender: what it said, in its order.
    said: BTreeMap<String, Vec<String>>,
    /// By receiver and sender: what the one heard of the other, in its order.
    heard: BTreeMap<(String, String), Vec<String>>,
    /// By news, and policy or effect with target and ordinal: how the delivery ended. Once, if all is well.
    endings: BTreeMap<(String, String), Vec<String>>,
}

/// Something that was said.
struct News {
    key: String,
    sender: String,
}

impl Facts {
    pub(super) fn of(events: &[RecordedEvent]) -> Checked<Facts> {
        let mut facts = Facts::default();
        let mut news = HashMap::new();
        for RecordedEvent { position, event } in events {
            let extra = event.metadata.extra();
            if event.event_type.as_str() == "Said" {
                let said: Said = decoded(event)?;
                let sender: String = event.tags.iter().map(bailiwick::Tag::value).collect();
                let key = extra.idempotency.as_ref().map(|once| once.key.to_string());
                let key = key.ok_or_else(|| Readable.broken(format!("{position} has no key")))?;
                let text = format!("{key}, {:?} to {}", said.kind, said.to);
                let text = by(&sender, text, said.n);
                facts.said.entry(sender.clone()).or_default().push(text);
                news.insert(*position, News { key, sender });
                continue;
            }
            let Some(delivery) = &extra.delivery else { continue };
            let of = news.get(&delivery.source);
            let of = of.ok_or_else(|| Readable.broken(format!("{position} is of no news")))?;
            let how = match event.event_type.as_str() {
                DELIVERY_ENDED => {
                    let DeliveryEnded { how, reason } = decoded(event)?;
                    format!("{how:?}, {reason:?}")
                }
                _ => {
                    let heard: Heard = decoded(event)?;
                    let at = (heard.by.to_string(), of.sender.clone());
                    let text = by(&of.sender, of.key.clone(), heard.seen);
                    facts.heard.entry(at).or_default().push(text);
                    format!("heard by {}", heard.by)
                }
            };
            let (target, ordinal) = (&delivery.target, delivery.ordinal);
            let delivery = format!("{} {target:?} {ordinal}", delivery.policy);
            facts.endings.entry((of.key.clone(), delivery)).or_default().push(how);
        }
        facts.forget_what_nobody_has_ordered();
        Ok(facts)
    }

    fn forget_what_nobody_has_ordered(&mut self) {
        let said = self.said.iter_mut().filter(|(sender, _)| *sender == EVERYBODY);
        said.for_each(|(_, said)| said.sort_unstable());
        let heard = self.heard.iter_mut().filter(|((_, sender), _)| sender == EVERYBODY);
        heard.for_each(|(_, heard)| heard.sort_unstable());
    }

    /// How many deliveries there are.
    pub(super) fn deliveries(&self) -> usize {
        self.endings.len()
    }

    /// They are the same as those of a journal whose process was never killed.
    ///
    /// # Errors
    /// With the first difference.
    pub(super) fn equal(&self, calm: &Facts) -> Checked {
        same("said by", &self.said, &calm.said)?;
        same("ending of", &self.endings, &calm.endings)?;
        same("heard by", &self.heard, &calm.heard)
    }
}

/// With a number that depends on the order of what the sender said, if that is determined.
fn by(sender: &str, text: String, number: u64) -> String {
    if sender == EVERYBODY { text } else { format!("{text}, {number}") }
}

fn same<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    ours: &BTreeMap<K, V>,
    calm: &BTreeMap<K, V>,
) -> Checked {
    let other = |key: &&K| ours.get(key) != calm.get(key);
    match ours.keys().chain(calm.keys()).find(other) {
        None => Ok(()),
        Some(key) => {
            let (ours, calm) = (ours.get(key), calm.get(key));
            Err(SameFacts
                .broken(format!("{what} {key:?}: {ours:?}; without crashes it is {calm:?}")))
        }
    }
}
