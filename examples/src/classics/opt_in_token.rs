//! Signing up is confirmed with a token that was sent by e-mail: once, and within an hour.
//!
//! The token alone does not do, and the address alone does not either: the key is both, and an event
//! must carry both tags.

use std::time::Duration;

use bailiwick_core::{Context, Decision, Event, Timestamp, View, id, require};
use serde::{Deserialize, Serialize};

id!(
    /// An e-mail address, or what it was hashed to: tags are shown and stored for ever.
    pub EmailAddress: "email",
    /// A token that was sent there.
    pub Token: "otp",
);

/// For how long a token can be used, to the millisecond.
pub const VALIDITY: Duration = Duration::from_hours(1);

/// What happens when somebody signs up.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "a variant's doc tells of its fields")]
pub enum SignUpEvent {
    /// Somebody wants to, and was sent a token.
    SignUpInitiated {
        #[tag]
        email: EmailAddress,
        #[tag]
        token: Token,
        name: String,
    },
    /// The token came back.
    SignUpConfirmed {
        #[tag]
        email: EmailAddress,
        #[tag]
        token: Token,
        name: String,
    },
}
use SignUpEvent::*;

/// One token of one address.
#[derive(Debug, Default)]
pub struct SignUp {
    pending: Option<(String, Timestamp)>,
    used: bool,
}

impl View for SignUp {
    type Key = (EmailAddress, Token);
    type Event = SignUpEvent;

    fn new(_: &(EmailAddress, Token)) -> Self {
        SignUp::default()
    }

    fn apply(&mut self, event: &SignUpEvent, at: Timestamp) {
        match event {
            SignUpInitiated { name, .. } => self.pending = Some((name.clone(), at)),
            SignUpConfirmed { .. } => self.used = true,
        }
    }
}

/// Brings a token back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmSignUp {
    /// Where it was sent to.
    pub email: EmailAddress,
    /// Which one.
    pub token: Token,
}

/// Why a token does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmRefused {
    /// It was never sent there.
    #[error("there is no pending sign-up for this token and address")]
    NotPending,
    /// It was used.
    #[error("the token was used already")]
    Used,
    /// It came too late.
    #[error("the token has expired")]
    Expired,
}
use ConfirmRefused::*;

impl Decision for ConfirmSignUp {
    type Views = SignUp;
    type Event = SignUpEvent;
    type Reply = ();
    type Rejection = ConfirmRefused;

    fn keys(&self) -> (EmailAddress, Token) {
        (self.email.clone(), self.token.clone())
    }

    fn decide(
        &self,
        sign_up: &SignUp,
        ctx: &mut Context<SignUpEvent>,
    ) -> Result<(), ConfirmRefused> {
        let (name, initiated_at) = sign_up.pending.as_ref().ok_or(NotPending)?;
        require(!sign_up.used, Used)?;
        require(ctx.now().since(*initiated_at) <= VALIDITY, Expired)?;
        let (email, token) = self.keys();
        ctx.emit(SignUpConfirmed { email, token, name: name.clone() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::given_events;

    use super::*;

    const MINUTE: u64 = 60 * 1_000;
    const JOHN: &str = "john@example.com";

    fn confirm(email: &'static str, token: &'static str) -> ConfirmSignUp {
        ConfirmSignUp { email: email.into(), token: token.into() }
    }

    fn initiated(email: &'static str, token: &'static str) -> SignUpEvent {
        let name = "John Doe".into();
        SignUpInitiated { email: email.into(), token: token.into(), name }
    }

    fn confirmed(email: &'static str, token: &'static str) -> SignUpEvent {
        let name = "John Doe".into();
        SignUpConfirmed { email: email.into(), token: token.into(), name }
    }

    #[test]
    fn a_pending_sign_up_is_confirmed_under_the_name_it_has() {
        // The same with an address that was hashed: it is a tag, whatever it says.
        for email in [JOHN, "855f96e983f1f8e8be944692b6f719fd54329826cb62e98015efee8e2e071dd4"] {
            given_events()
                .event(initiated(email, "444444"))
                .when(confirm(email, "444444"))
                .emits([confirmed(email, "444444")])
                .when(confirm(email, "444444"))
                .rejected(Used);
        }
    }

    #[test]
    fn a_token_does_for_the_address_it_was_sent_to_only() {
        given_events()
            .when(confirm(JOHN, "000000"))
            .rejected(NotPending)
            .unrelated(initiated(JOHN, "111111"))
            .when(confirm("jane@example.com", "111111"))
            .rejected(NotPending)
            .unrelated(initiated(JOHN, "222222"))
            .when(confirm(JOHN, "111112"))
            .rejected(NotPending);
    }

    #[test]
    fn a_token_is_used_once() {
        given_events()
            .event(initiated(JOHN, "222222"))
            .event(confirmed(JOHN, "222222"))
            .when(confirm(JOHN, "222222"))
            .rejected(Used);
    }

    #[test]
    fn a_token_is_used_within_an_hour() {
        let pending = || given_events().at(7).event(initiated(JOHN, "333333"));
        let confirm = || confirm(JOHN, "333333");
        let confirmed = || [confirmed(JOHN, "333333")];
        pending().at(7 + 60 * MINUTE).when(confirm()).emits(confirmed());
        pending().at(7 + 60 * MINUTE + 1).when(confirm()).rejected(Expired);
        pending().at(7 + 61 * MINUTE).when(confirm()).rejected(Expired);
    }

    #[test]
    fn used_is_said_before_expired() {
        given_events()
            .event(initiated(JOHN, "333333"))
            .event(confirmed(JOHN, "333333"))
            .at(61 * MINUTE)
            .when(confirm(JOHN, "333333"))
            .rejected(Used);
    }
}
