//! Decisions: commands over a dynamic boundary, run one turn after the other where they overlap.
//!
//! 1. The condition of the append is the truth. That decisions of one runtime take turns by what
//!    they guard ([`order`]) only spares them the conflicts.
//! 2. A turn takes all who wait for nobody but it, decides them in the order of arrival, each on
//!    what the ones before it emitted, and appends what they emit as one. Nobody hears of anything
//!    before that is durable.
//! 3. A decision is claimed by its turn with one compare-and-set, for which its caller's time-out
//!    and cancellation race: given up before, it is certainly not decided.
//! 4. It runs in a task of the runtime's own: a caller that goes away loses its answer and nothing
//!    else.
//! 5. What panics, or cannot be read, fails the call that it belongs to: a turn that meets it goes
//!    on apart, each decision by itself.
//!
//! Why it is as it is: docs/decisions/decisions.md.

mod batch;
mod handle;
mod judging;
mod keyed;
mod lock_keys;
mod lock_queue;
mod order;
mod request;
mod scheduler;
mod settle;
mod turn;

pub use handle::Decisions;

pub(crate) use scheduler::Scheduler;
