//! A command of a policy for an aggregate, whatever the type of the command.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Debug};

use super::commands::Payload;
use crate::box_error::BoxError;
use crate::codec::CodecError;
use crate::context::Context;
use crate::recording::{Form, Recording};
use crate::report::ErrorReport;
use crate::view::{Aggregate, Decide};

/// A command for the aggregate with this ID. The aggregate decides it as it decides the command.
pub struct Delivered<A: Aggregate> {
    id: A::Key,
    command: Box<dyn Command<A>>,
}

/// A command of an aggregate, whatever its type.
trait Command<A: Aggregate>: Debug + Send + Sync {
    fn decide(&self, state: &A, ctx: &mut Context<A::Event>) -> Result<(), BoxError>;
    fn itself(&self) -> &dyn Any;
    fn encoded(&self) -> Form;
    fn is_same(&self, form: &[u8]) -> Option<Result<bool, CodecError>>;
}

struct Typed<C>(C);

impl<C: Debug> Debug for Typed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<A: Decide<C>, C: Debug + Send + Sync + 'static> Command<A> for Typed<C> {
    fn decide(&self, state: &A, ctx: &mut Context<A::Event>) -> Result<(), BoxError> {
        // The reply is for nobody.
        state.decide(&self.0, ctx).map(drop).map_err(BoxError::from)
    }

    fn itself(&self) -> &dyn Any {
        &self.0
    }

    fn encoded(&self) -> Form {
        A::RECORDED?.encode(&self.0)
    }

    fn is_same(&self, form: &[u8]) -> Option<Result<bool, CodecError>> {
        Some(A::RECORDED?.is_same(&self.0, form))
    }
}

impl<A: Aggregate> Delivered<A> {
    pub(super) fn new<C>(id: A::Key, command: C) -> Self
    where
        A: Decide<C>,
        C: Debug + Send + Sync + 'static,
    {
        Delivered { id, command: Box::new(Typed(command)) }
    }

    /// Whom it is for.
    pub fn id(&self) -> &A::Key {
        &self.id
    }
}

/// `RetractBid { .. } to l1`, as people read it.
impl<A: Aggregate> Debug for Delivered<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} to {} {}", self.command, A::NAME, self.id)
    }
}

impl<A: Aggregate> Payload for Delivered<A> {
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }

    fn command(&self) -> &dyn Any {
        self.command.itself()
    }

    fn is_same(&self, form: &[u8]) -> Option<Result<bool, CodecError>> {
        self.command.is_same(form)
    }
}

/// Whether a command that was accepted emitted something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emitted(pub bool);

/// The rejection of whatever command it was.
#[derive(Debug)]
pub struct Refused(BoxError);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&ErrorReport::of(&*self.0), f)
    }
}

impl Error for Refused {}

impl<A: Aggregate> Decide<Delivered<A>> for A {
    /// As the command is, by its name.
    const RECORDED: Option<Recording<Delivered<A>>> =
        Some(Recording::of_others(|delivered| delivered.command.encoded()));
    type Reply = Emitted;
    type Rejection = Refused;

    fn decide(
        &self,
        delivered: &Delivered<A>,
        ctx: &mut Context<A::Event>,
    ) -> Result<Emitted, Refused> {
        delivered.command.decide(self, ctx).map_err(Refused)?;
        Ok(Emitted(ctx.has_events()))
    }
}
