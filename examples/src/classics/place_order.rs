//! An order that was sent twice is placed once: the sender gives it a token, and uses the token
//! again when the answer did not arrive.

use bailiwick_core::{Context, Decision, Event, Last, id};
use serde::{Deserialize, Serialize};

id!(
    /// An order.
    pub OrderId: "order",
    /// What the sender gave the order.
    pub IdempotencyToken: "idempotency",
);

/// An order was placed.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderPlaced {
    /// Which.
    #[tag]
    pub order: OrderId,
    /// What its sender gave it.
    #[tag]
    pub token: IdempotencyToken,
}

/// Places an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// Which.
    pub order: OrderId,
    /// What its sender gave it.
    pub token: IdempotencyToken,
}

/// The token was used before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("re-submission of the order {order}")]
pub struct Resubmission {
    /// The order that was placed with it.
    pub order: OrderId,
}

impl Decision for PlaceOrder {
    type Views = Last<OrderPlaced, IdempotencyToken>;
    type Event = OrderPlaced;
    type Reply = ();
    type Rejection = Resubmission;

    fn keys(&self) -> IdempotencyToken {
        self.token.clone()
    }

    fn decide(
        &self,
        placed: &Last<OrderPlaced, IdempotencyToken>,
        ctx: &mut Context<OrderPlaced>,
    ) -> Result<(), Resubmission> {
        if let Some(placed) = placed.event() {
            return Err(Resubmission { order: placed.order.clone() });
        }
        let PlaceOrder { order, token } = self.clone();
        ctx.emit(OrderPlaced { order, token });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::given_events;

    use super::*;

    fn place(order: &'static str, token: &'static str) -> PlaceOrder {
        PlaceOrder { order: order.into(), token: token.into() }
    }

    fn placed(order: &'static str, token: &'static str) -> OrderPlaced {
        OrderPlaced { order: order.into(), token: token.into() }
    }

    #[test]
    fn a_token_places_one_order() {
        given_events()
            .event(placed("o12345", "11111"))
            .when(place("o54321", "11111"))
            .rejected(Resubmission { order: "o12345".into() })
            .when(place("o54321", "22222"))
            .emits([placed("o54321", "22222")])
            .when(place("o54321", "22222"))
            .rejected(Resubmission { order: "o54321".into() });
    }

    #[test]
    fn what_was_placed_with_other_tokens_does_not_matter() {
        given_events()
            .unrelated(placed("o12345", "11111"))
            .when(place("o12345", "22222"))
            .emits([placed("o12345", "22222")]);
    }
}
