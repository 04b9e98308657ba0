//! The caller's side of a command and of a read: into the cell, the wait, the time-out.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bailiwick_core::{Aggregate, BoxFuture, Decide, Timestamp};

use crate::cell::{Cell, NotAdmitted};
use crate::envelope::{Asked, Call, Committed};
use crate::error::{AskError, Cause, NotRun, ReadError};
use crate::glance::Glimpse;
use crate::kind::Kind;
use crate::race::{Either, race};
use crate::shared::Shared;

/// What to do when the mailbox is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Admission {
    /// Wait for room, in the order of arrival, until the time-out.
    #[default]
    Wait,
    /// Give the command back at once.
    Refuse,
}

pub(crate) struct Asking<A: Aggregate> {
    pub(crate) kind: Arc<Kind<A>>,
    pub(crate) id: A::Key,
    pub(crate) timeout: Duration,
    pub(crate) admission: Admission,
    pub(crate) call: Option<Box<Call>>,
}

impl<A: Aggregate> Asking<A> {
    pub(crate) async fn ask<C>(
        self,
        command: C,
    ) -> Result<Committed<A::Reply>, AskError<C, A::Rejection>>
    where
        A: Decide<C>,
        C: Send + 'static,
    {
        let Asking { kind, id, timeout, admission, call } = self;
        let until = kind.shared.seams.clock.elapsed().saturating_add(timeout);
        let asked = Arc::new(Asked::new(kind.clone(), call, until, command));
        let cell = match enter(&kind, &id, &asked, admission, timeout).await {
            Ok(cell) => cell,
            Err(cause) => {
                kind.counters.turned_away.one();
                return Err(AskError::NotRun(NotRun { command: asked.take_command(), cause }));
            }
        };
        let mut waiting = Waiting { cell, asked, answered: false };
        poll_fn(|cx| waiting.poll(cx)).await
    }
}

/// Gets a command into the mailbox of its aggregate.
async fn enter<A, C>(
    kind: &Arc<Kind<A>>,
    id: &A::Key,
    asked: &Arc<Asked<A, C>>,
    admission: Admission,
    timeout: Duration,
) -> Result<Arc<Cell<A>>, Cause>
where
    A: Decide<C>,
    C: Send + 'static,
{
    loop {
        let cell = kind.cell(id).map_err(Cause::InvalidId)?;
        let mut admitted = cell.admit(asked.clone());
        if matches!(admitted, Err(NotAdmitted::Full)) && admission == Admission::Wait {
            let room = cell.admit_in_turn(asked.clone());
            admitted = match race(room, kind.shared.seams.clock.sleep(timeout)).await {
                Either::Left(admitted) => admitted,
                Either::Right(()) => return Err(Cause::TimedOut),
            };
        }
        match admitted {
            Ok(()) => return Ok(cell),
            // Stored meanwhile: its successor takes the command.
            Err(NotAdmitted::Stored) => kind.registry.remove(id, &cell),
            Err(NotAdmitted::ShutDown) => return Err(Cause::ShutDown),
            Err(NotAdmitted::Full) => {
                let capacity = kind.shared.config.mailbox_commands.get();
                return Err(Cause::MailboxFull { capacity });
            }
        }
    }
}

/// A caller waiting for its answer. Dropped before there is one, it gives the command up.
struct Waiting<A: Decide<C>, C: Send + 'static> {
    cell: Arc<Cell<A>>,
    asked: Arc<Asked<A, C>>,
    answered: bool,
}

type Answer<A, C> =
    Result<Committed<<A as Decide<C>>::Reply>, AskError<C, <A as Decide<C>>::Rejection>>;

impl<A: Decide<C>, C: Send + 'static> Waiting<A, C> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Answer<A, C>> {
        let answer = self.asked.poll_answer(cx);
        self.answered = answer.is_ready();
        answer
    }

    fn give_up(&self) -> bool {
        let given_up = self.asked.give_up();
        if given_up {
            self.cell.forget(Arc::as_ptr(&self.asked).cast());
        }
        given_up
    }
}

impl<A: Decide<C>, C: Send + 'static> Drop for Waiting<A, C> {
    fn drop(&mut self) {
        if !self.answered {
            self.give_up();
        }
    }
}

/// Runs `look` on the aggregate between two turns.
pub(crate) async fn read<A, F, T>(
    kind: Arc<Kind<A>>,
    id: A::Key,
    timeout: Duration,
    look: F,
) -> Result<T, ReadError>
where
    A: Aggregate,
    F: FnMut(&A, Timestamp) -> T + Send + 'static,
    T: Send + 'static,
{
    let glimpse = Glimpse::new(look);
    loop {
        let cell = kind.cell(&id).map_err(ReadError::InvalidId)?;
        match cell.admit_read(glimpse.clone()) {
            Ok(()) => break,
            Err(NotAdmitted::Stored) => kind.registry.remove(&id, &cell),
            Err(NotAdmitted::ShutDown) => return Err(ReadError::ShutDown),
            Err(NotAdmitted::Full) => {
                let capacity = kind.shared.config.mailbox_commands.get();
                return Err(ReadError::Full { capacity });
            }
        }
    }
    let timer = Timer::new(&kind.shared, timeout);
    match race(poll_fn(|cx| glimpse.poll_answer(cx)), timer).await {
        Either::Left(answer) => answer,
        Either::Right(()) => Err(ReadError::TimedOut),
    }
}

/// A time-out that begins when it is first waited for.
struct Timer {
    shared: Arc<Shared>,
    timeout: Duration,
    sleep: Option<BoxFuture<()>>,
}

impl Timer {
    fn new(shared: &Arc<Shared>, timeout: Duration) -> Self {
        Timer { shared: shared.clone(), timeout, sleep: None }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let timer = &mut *self;
        let sleep =
            timer.sleep.get_or_insert_with(|| timer.shared.seams.clock.sleep(timer.timeout));
        sleep.as_mut().poll(cx)
    }
}
