//! A read as a stream: the head at the first poll, then page after page up to it.

use std::collections::VecDeque;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bailiwick_core::{
    Answer, Head, LastMatch, Page, Position, Query, Read, ReadError, RecordedEvent,
};
use futures_core::Stream;
use happenstance_core::{ReadOptions, SequencedEvent};

use crate::store::{Handle, StoreError};

enum State {
    Begin,
    Head(Answer<Result<Head, ReadError>>),
    Last(Answer<Result<LastMatch, ReadError>>),
    Page(Answer<Result<Page, ReadError>>),
    Between,
    Ended,
}

pub struct Reading {
    handle: Handle,
    query: Query,
    options: ReadOptions,
    page: NonZeroUsize,
    ceiling: u64,
    after: Position,
    left: usize,
    ready: VecDeque<RecordedEvent>,
    /// Backwards: everything, and only then given.
    gathered: Vec<RecordedEvent>,
    state: State,
}

impl Reading {
    pub fn new(handle: Handle, query: Query, options: ReadOptions, page: NonZeroUsize) -> Reading {
        Reading {
            handle,
            query,
            options,
            page,
            ceiling: 0,
            after: Position::START,
            left: options.limit.unwrap_or(usize::MAX),
            ready: VecDeque::new(),
            gathered: Vec::new(),
            state: State::Begin,
        }
    }

    /// The lowest and the highest position asked for.
    fn bounds(&self) -> (u64, u64) {
        let (from, to) = (self.options.from.map(|p| p.get()), self.options.to.map(|p| p.get()));
        let (low, high) = if self.options.backwards { (to, from) } else { (from, to) };
        (low.unwrap_or(1), high.unwrap_or(u64::MAX))
    }

    /// What `Journal::last` answers: the newest match, and no bound that it does not know.
    fn is_last(&self) -> bool {
        self.options.backwards && self.options.limit == Some(1) && self.options.from.is_none()
    }

    fn begin(&mut self) {
        let journal = self.handle.journal();
        self.state = if self.left == 0 {
            State::Ended
        } else if self.is_last() {
            State::Last(journal.last(self.query.clone()))
        } else {
            State::Head(journal.head())
        };
    }

    fn next_page(&mut self) {
        if self.after.get() >= self.ceiling || (!self.options.backwards && self.left == 0) {
            self.end();
            return;
        }
        // A limit goes to the journal where it can be said there.
        let limit =
            if self.options.backwards { self.page.get() } else { self.page.get().min(self.left) };
        let read = Read::new(self.query.clone())
            .after(self.after)
            .limit(NonZeroUsize::new(limit).expect("not 0"));
        self.state = State::Page(self.handle.journal().read(read));
    }

    fn end(&mut self) {
        let left = self.left;
        self.ready.extend(self.gathered.drain(..).rev().take(left));
        self.state = State::Ended;
    }

    fn take(&mut self, page: Page) {
        assert!(page.events.len() <= self.page.get(), "more than the limit");
        assert!(page.upto >= self.after, "a page ends before it begins");
        let mut last = self.after;
        for event in page.events {
            assert!(event.position > last && event.position <= page.upto, "out of order");
            last = event.position;
            if event.position.get() > self.ceiling {
                continue;
            }
            if self.options.backwards {
                self.gathered.push(event);
            } else if self.left > 0 {
                self.left -= 1;
                self.ready.push_back(event);
            }
        }
        assert!(!page.more || page.upto > self.after, "a page that does not go on");
        self.after = page.upto;
        self.state = State::Between;
        if !page.more {
            assert!(page.upto.get() >= self.ceiling, "it ends below the head that was seen before");
            self.end();
        }
    }
}

impl Stream for Reading {
    type Item = Result<SequencedEvent, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(self.handle.sequenced(event))));
            }
            match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Begin => self.begin(),
                State::Last(last) => match ready!(Pin::new(last).poll(cx)) {
                    Err(why) => {
                        self.state = State::Ended;
                        return Poll::Ready(Some(Err(why.into())));
                    }
                    Ok(last) => {
                        let low = self.bounds().0;
                        let event = last.event.filter(|event| event.position.get() >= low);
                        self.ready.extend(event);
                        self.state = State::Ended;
                    }
                },
                State::Head(head) => match ready!(Pin::new(head).poll(cx)) {
                    Err(why) => {
                        self.state = State::Ended;
                        return Poll::Ready(Some(Err(why.into())));
                    }
                    Ok(head) => {
                        let (low, high) = self.bounds();
                        self.ceiling = head.position.get().min(high);
                        self.after = Position::new(low - 1);
                        self.next_page();
                    }
                },
                State::Page(page) => match ready!(Pin::new(page).poll(cx)) {
                    Err(why) => {
                        self.state = State::Ended;
                        return Poll::Ready(Some(Err(why.into())));
                    }
                    Ok(page) => self.take(page),
                },
                State::Between => self.next_page(),
            }
        }
    }
}
