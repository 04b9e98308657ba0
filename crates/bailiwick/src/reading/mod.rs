//! Reading what was decided, without touching an aggregate: subscriptions, histories, states as of a
//! position, lists.
//!
//! 1. All of it reads the journal, through calls that the runtime takes back when it closes
//!    ([`lent`](crate::journal::call)): nobody keeps the runtime or its journal by what it holds.
//! 2. What follows the journal ([`following`]) rests on pages and on [`Journal::changed`], so it polls
//!    nothing, has no queue that could overflow, and sees other writers of the journal too.
//! 3. No aggregate is loaded, called or kept in memory for it.
//!
//! Why it is as it is: docs/decisions/reading.md.
//!
//! [`Journal::changed`]: crate::journal::Journal::changed

mod deadlines;
mod following;
mod history;
mod ids;
mod since;
mod state;
mod subscribe;
mod subscription;
mod watch;

pub use deadlines::{ArmedDeadline, DeadlinesPage};
pub(crate) use following::{Following, Step};
pub use history::{History, HistoryPage};
pub use ids::IdsPage;
pub use since::Since;
pub(crate) use state::extends_to;
pub(crate) use subscribe::{begin, of_types};
pub use subscription::{Subscription, Update};
pub use watch::Watch;
