//! How much of a history is folded before others have their turn on the same thread.

use bailiwick_core::journal::{EncodedEvent, Page};

use crate::util::race::yield_now;

/// After how many events whoever folds them lets others have their turn: some 0.1 ms.
const EVENTS_PER_POLL: usize = 512;
/// After how many bytes of payload, however few events they are.
const BYTES_PER_POLL: usize = 256 << 10;

/// What was folded since others had their turn.
#[derive(Default)]
pub(crate) struct Pace {
    events: usize,
    bytes: usize,
}

impl Pace {
    /// After an event was folded: gives way if it is time.
    pub(crate) async fn folded(&mut self, event: &EncodedEvent) {
        if self.is_time_after(event) {
            yield_now().await;
        }
    }

    fn is_time_after(&mut self, event: &EncodedEvent) -> bool {
        self.events += 1;
        self.bytes += event.payload.len();
        let is_time = self.events >= EVENTS_PER_POLL || self.bytes >= BYTES_PER_POLL;
        if is_time {
            *self = Pace::default();
        }
        is_time
    }

    /// As much of a page as may be folded before it is time to give way; the rest stays there. None
    /// once nothing is left.
    pub(crate) fn part_of(&mut self, page: &mut Option<Page>) -> Option<(Page, GivesWay)> {
        let mut part = page.take()?;
        let end = part.events.iter().position(|recorded| self.is_time_after(&recorded.event));
        let Some(last) = end else { return Some((part, GivesWay(false))) };
        let events = part.events.split_off(last + 1);
        if !events.is_empty() {
            let (upto, more) = (part.upto, part.more);
            *page = Some(Page { events, upto, more });
            (part.upto, part.more) = (part.events[last].position, true);
        }
        Some((part, GivesWay(true)))
    }
}

/// Whether it is time to give way after a part.
pub(crate) struct GivesWay(bool);

impl GivesWay {
    pub(crate) async fn now(self) {
        if self.0 {
            yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::journal::{EventType, Metadata, RecordedEvent};
    use bailiwick_core::{Position, Tags, Timestamp};

    use super::*;

    fn page(sizes: &[usize]) -> Page {
        let recorded = |(at, bytes): (u64, &usize)| RecordedEvent {
            position: Position::new(at),
            event: EncodedEvent {
                event_type: EventType::literal("Happened"),
                version: 1,
                tags: Tags::none(),
                payload: vec![0; *bytes].into(),
                recorded_at: Timestamp::EPOCH,
                metadata: Metadata::default(),
            },
        };
        let events: Vec<_> = (1..).zip(sizes).map(recorded).collect();
        Page { upto: Position::new(sizes.len() as u64 + 7), events, more: false }
    }

    /// How many events, up to where, and whether more follow, of each part.
    fn parts(pace: &mut Pace, page: Page) -> Vec<(usize, u64, bool)> {
        let (mut page, mut parts) = (Some(page), Vec::new());
        while let Some((part, _)) = pace.part_of(&mut page) {
            parts.push((part.events.len(), part.upto.get(), part.more));
        }
        parts
    }

    #[test]
    fn a_page_is_cut_where_it_is_time_and_is_whole_in_all() {
        let (n, events) = (EVENTS_PER_POLL, EVENTS_PER_POLL as u64);
        let mut pace = Pace::default();
        assert_eq!(parts(&mut pace, page(&[0; 3])), [(3, 10, false)]);
        let long = parts(&mut pace, page(&[0; 2 * EVENTS_PER_POLL]));
        assert_eq!(
            long,
            [(n - 3, events - 3, true), (n, 2 * events - 3, true), (3, 2 * events + 7, false)]
        );
        let exact = parts(&mut Pace::default(), page(&[0; EVENTS_PER_POLL]));
        assert_eq!(exact, [(n, events + 7, false)]);
        let heavy = parts(&mut Pace::default(), page(&[BYTES_PER_POLL, 1, BYTES_PER_POLL, 1]));
        assert_eq!(heavy, [(1, 1, true), (2, 3, true), (1, 11, false)]);
        assert_eq!(parts(&mut pace, page(&[])), [(0, 7, false)]);
    }
}
