//! User names are unique among all accounts. A name that was given up is kept back for three days.
//!
//! A view is of one *name*, not of an account: its events are found by the name's tag, and a name
//! that nobody ever had is guarded just the same.

use std::time::Duration;

use bailiwick_core::{Context, Decision, Event, Timestamp, View, id, require};
use serde::{Deserialize, Serialize};

id!(
    /// A user name.
    pub UserName: "username"
);

/// For how long a name that was given up is kept back, to the millisecond.
pub const RETENTION: Duration = Duration::from_hours(3 * 24);

/// What happens to user names.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "a variant's doc tells of its fields")]
pub enum UserNameEvent {
    /// An account was opened under this name.
    AccountRegistered {
        #[tag]
        name: UserName,
    },
    /// The account of this name was closed.
    AccountClosed {
        #[tag]
        name: UserName,
    },
    /// The account of the old name has the new one.
    UserNameChanged {
        #[tag]
        old: UserName,
        #[tag]
        new: UserName,
    },
}
use UserNameEvent::*;

/// Who may have a name.
#[derive(Debug)]
pub struct Claim {
    name: UserName,
    holding: Holding,
}

#[derive(Debug)]
enum Holding {
    Never,
    Held,
    Released(Timestamp),
}

impl Claim {
    fn is_held(&self) -> bool {
        matches!(self.holding, Holding::Held)
    }

    fn is_free(&self, now: Timestamp) -> bool {
        match self.holding {
            Holding::Never => true,
            Holding::Held => false,
            Holding::Released(at) => now.since(at) > RETENTION,
        }
    }
}

impl View for Claim {
    type Key = UserName;
    type Event = UserNameEvent;

    fn new(name: &UserName) -> Self {
        Claim { name: name.clone(), holding: Holding::Never }
    }

    fn apply(&mut self, event: &UserNameEvent, at: Timestamp) {
        self.holding = match event {
            AccountRegistered { .. } => Holding::Held,
            UserNameChanged { new, .. } if *new == self.name => Holding::Held,
            AccountClosed { .. } | UserNameChanged { .. } => Holding::Released(at),
        };
    }
}

/// Why a name was not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameRefused {
    /// Somebody has it, or had it until recently.
    #[error("the user name {0} is claimed")]
    Claimed(UserName),
    /// There is no account of this name.
    #[error("there is no account {0}")]
    NoAccount(UserName),
}
use NameRefused::*;

type Ctx = Context<UserNameEvent>;

/// Opens an account under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisterAccount(pub UserName);

impl Decision for RegisterAccount {
    type Views = Claim;
    type Event = UserNameEvent;
    type Reply = ();
    type Rejection = NameRefused;

    fn keys(&self) -> UserName {
        self.0.clone()
    }

    fn decide(&self, claim: &Claim, ctx: &mut Ctx) -> Result<(), NameRefused> {
        require(claim.is_free(ctx.now()), Claimed(self.keys()))?;
        ctx.emit(AccountRegistered { name: self.keys() });
        Ok(())
    }
}

/// Closes the account of a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloseAccount(pub UserName);

impl Decision for CloseAccount {
    type Views = Claim;
    type Event = UserNameEvent;
    type Reply = ();
    type Rejection = NameRefused;

    fn keys(&self) -> UserName {
        self.0.clone()
    }

    fn decide(&self, claim: &Claim, ctx: &mut Ctx) -> Result<(), NameRefused> {
        require(claim.is_held(), NoAccount(self.keys()))?;
        ctx.emit(AccountClosed { name: self.keys() });
        Ok(())
    }
}

/// Gives the account of one name another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeUserName {
    /// The name that it has.
    pub old: UserName,
    /// The name that it shall have.
    pub new: UserName,
}

impl Decision for ChangeUserName {
    type Views = (Claim, Claim);
    type Event = UserNameEvent;
    type Reply = ();
    type Rejection = NameRefused;

    fn keys(&self) -> (UserName, UserName) {
        (self.old.clone(), self.new.clone())
    }

    fn decide(&self, (old, new): (&Claim, &Claim), ctx: &mut Ctx) -> Result<(), NameRefused> {
        require(old.is_held(), NoAccount(self.old.clone()))?;
        require(new.is_free(ctx.now()), Claimed(self.new.clone()))?;
        let (old, new) = self.keys();
        ctx.emit(UserNameChanged { old, new });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::given_events;

    use super::*;

    const DAY: u64 = 24 * 60 * 60 * 1_000;

    fn register(name: &'static str) -> RegisterAccount {
        RegisterAccount(name.into())
    }

    fn change(old: &'static str, new: &'static str) -> ChangeUserName {
        ChangeUserName { old: old.into(), new: new.into() }
    }

    fn registered(name: &'static str) -> UserNameEvent {
        AccountRegistered { name: name.into() }
    }

    fn closed(name: &'static str) -> UserNameEvent {
        AccountClosed { name: name.into() }
    }

    fn changed(old: &'static str, new: &'static str) -> UserNameEvent {
        UserNameChanged { old: old.into(), new: new.into() }
    }

    #[test]
    fn a_name_is_given_once() {
        given_events()
            .when(register("u1"))
            .emits([registered("u1")])
            .when(register("u1"))
            .rejected(Claimed("u1".into()))
            .when(register("u2"))
            .emits([registered("u2")]);
    }

    #[test]
    fn a_closed_account_gives_its_name_back_after_three_days() {
        let returned = || given_events().event(registered("u1")).at(DAY).event(closed("u1"));
        let claimed = || Claimed("u1".into());
        returned().when(register("u1")).rejected(claimed());
        returned().at(4 * DAY).when(register("u1")).rejected(claimed());
        returned().at(4 * DAY + 1).when(register("u1")).emits([registered("u1")]);
        returned().at(5 * DAY).when(register("u1")).emits([registered("u1")]);
    }

    #[test]
    fn a_changed_name_is_given_back_after_three_days_and_the_new_one_is_claimed() {
        let returned = || {
            let was = given_events().event(registered("u1")).at(DAY);
            was.event(changed("u1", "u2"))
        };
        returned().at(4 * DAY).when(register("u1")).rejected(Claimed("u1".into()));
        returned().at(4 * DAY + 1).when(register("u1")).emits([registered("u1")]);
        given_events()
            .event(changed("u1", "u2"))
            .at(9 * DAY)
            .when(register("u2"))
            .rejected(Claimed("u2".into()));
    }

    #[test]
    fn only_a_free_name_is_changed_to() {
        given_events()
            .event(registered("u1"))
            .event(registered("u2"))
            .when(change("u1", "u2"))
            .rejected(Claimed("u2".into()))
            .when(change("u1", "u3"))
            .emits([changed("u1", "u3")])
            .views(|(old, new), _| assert!(!old.is_held() && new.is_held()))
            .when(change("u3", "u1"))
            .rejected(Claimed("u1".into()))
            .at(3 * DAY + 1)
            .when(change("u3", "u1"))
            .emits([changed("u3", "u1")]);
    }

    #[test]
    fn a_name_is_not_changed_to_itself() {
        given_events()
            .event(registered("u1"))
            .when(change("u1", "u1"))
            .rejected(Claimed("u1".into()));
    }

    #[test]
    fn only_the_account_that_has_a_name_changes_it_or_is_closed() {
        let nobody = || NoAccount("u1".into());
        given_events()
            .when(change("u1", "u2"))
            .rejected(nobody())
            .when(CloseAccount("u1".into()))
            .rejected(nobody())
            .event(registered("u1"))
            .when(CloseAccount("u1".into()))
            .emits([closed("u1")])
            // Kept back is not held.
            .when(CloseAccount("u1".into()))
            .rejected(nobody())
            .when(change("u1", "u2"))
            .rejected(nobody());
    }
}
