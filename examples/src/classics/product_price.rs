//! A customer pays the price that was shown, if it was still so ten minutes ago.
//!
//! An order reads one view for each of its products, and guards their prices: a change of price
//! between reading and ordering makes the order be decided again. Orders are not read, so two orders
//! of the same product do not disturb each other.

use std::time::Duration;

use bailiwick_core::{
    Context, Decision, Event, RoundTrip, TagCollector, Tagged, Timestamp, View, id, require,
};
use serde::{Deserialize, Serialize};

id!(
    /// A product.
    pub ProductId: "product"
);

/// For how long an old price can still be paid, to the millisecond.
pub const GRACE: Duration = Duration::from_mins(10);

/// What happens to the price of a product.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "a variant's doc tells of its fields")]
pub enum PriceEvent {
    /// It is sold, for this price.
    ProductDefined {
        #[tag]
        product: ProductId,
        price: u64,
    },
    /// It has another price.
    ProductPriceChanged {
        #[tag]
        product: ProductId,
        price: u64,
    },
}
use PriceEvent::*;

/// The price of a product, and those that it had until recently.
#[derive(Debug, Default)]
pub struct Prices {
    current: Option<u64>,
    /// Each with the time when it was replaced.
    former: Vec<(u64, Timestamp)>,
}

impl Prices {
    /// Whether this price can be paid.
    fn is_valid(&self, price: u64, now: Timestamp) -> bool {
        let in_grace = |at: Timestamp| now.since(at) <= GRACE;
        self.current == Some(price)
            || self.former.iter().any(|(former, at)| *former == price && in_grace(*at))
    }
}

impl View for Prices {
    type Key = ProductId;
    type Event = PriceEvent;

    fn new(_: &ProductId) -> Self {
        Prices::default()
    }

    fn apply(&mut self, event: &PriceEvent, at: Timestamp) {
        let (ProductDefined { price, .. } | ProductPriceChanged { price, .. }) = event;
        // What cannot be paid now cannot be paid later.
        self.former.retain(|(_, replaced)| at.since(*replaced) <= GRACE);
        let former = self.current.replace(*price);
        self.former.extend(former.map(|former| (former, at)));
    }
}

/// So much of an order: a product, for the price that was shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, RoundTrip)]
pub struct Item {
    /// Which product.
    pub product: ProductId,
    /// For which price.
    pub price: u64,
}

impl Tagged for Item {
    fn add_tags(&self, tags: &mut TagCollector<'_>) {
        tags.add(&self.product);
    }
}

/// Products were ordered. It concerns each of them.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductsOrdered {
    /// Which, and for which prices.
    #[tag]
    pub items: Vec<Item>,
}

/// Orders products for the prices that were shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderProducts {
    /// Which, and for which prices.
    pub items: Vec<Item>,
}

/// Why nothing was ordered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefused {
    /// Nothing was to be.
    #[error("an order has at least one product")]
    Empty,
    /// This is the first product that does not have the price that was shown, or no price at all.
    #[error("invalid price for product {0}")]
    InvalidPrice(ProductId),
}

impl Decision for OrderProducts {
    type Views = Vec<Prices>;
    type Event = ProductsOrdered;
    type Reply = ();
    type Rejection = OrderRefused;

    fn keys(&self) -> Vec<ProductId> {
        self.items.iter().map(|item| item.product.clone()).collect()
    }

    fn decide(
        &self,
        prices: Vec<&Prices>,
        ctx: &mut Context<ProductsOrdered>,
    ) -> Result<(), OrderRefused> {
        require(!self.items.is_empty(), OrderRefused::Empty)?;
        for (item, prices) in self.items.iter().zip(prices) {
            let valid = prices.is_valid(item.price, ctx.now());
            require(valid, OrderRefused::InvalidPrice(item.product.clone()))?;
        }
        ctx.emit(ProductsOrdered { items: self.items.clone() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::{Bounded, GivenEvents, Tags, given_events, tags_of};

    use super::*;

    const MINUTE: u64 = 60 * 1_000;
    const NOW: u64 = 100 * MINUTE;

    fn items<const N: usize>(items: [(&'static str, u64); N]) -> Vec<Item> {
        items.map(|(product, price)| Item { product: product.into(), price }).into()
    }

    fn order<const N: usize>(ordered: [(&'static str, u64); N]) -> OrderProducts {
        OrderProducts { items: items(ordered) }
    }

    fn ordered<const N: usize>(ordered: [(&'static str, u64); N]) -> ProductsOrdered {
        ProductsOrdered { items: items(ordered) }
    }

    fn defined(product: &'static str, price: u64) -> PriceEvent {
        ProductDefined { product: product.into(), price }
    }

    fn changed(product: &'static str, price: u64) -> PriceEvent {
        ProductPriceChanged { product: product.into(), price }
    }

    fn invalid(product: &'static str) -> OrderRefused {
        OrderRefused::InvalidPrice(product.into())
    }

    /// What these prices do, defined and changed so many minutes ago.
    fn priced(defined_ago: u64, change: Option<u64>) -> GivenEvents {
        let story = given_events().at(NOW - defined_ago * MINUTE).event(defined("p1", 123));
        let story = match change {
            None => story,
            Some(ago) => story.at(NOW - ago * MINUTE).event(changed("p1", 134)),
        };
        story.at(NOW)
    }

    #[test]
    fn only_the_price_that_holds_can_be_paid() {
        for ago in [0, 9, 20] {
            priced(ago, None).when(order([("p1", 100)])).rejected(invalid("p1"));
            let paid = priced(ago, None).when(order([("p1", 123)]));
            paid.emits([ordered([("p1", 123)])]);
        }
    }

    #[test]
    fn a_product_that_is_not_sold_has_no_price() {
        given_events().when(order([("p1", 0)])).rejected(invalid("p1"));
    }

    #[test]
    fn an_old_price_can_be_paid_for_ten_minutes() {
        for (ago, valid) in [(20, false), (11, false), (10, true), (9, true), (0, true)] {
            priced(20, Some(ago)).when(order([("p1", 134)])).accepted();
            let old = priced(20, Some(ago)).when(order([("p1", 123)]));
            if valid {
                old.accepted()
            } else {
                old.rejected(invalid("p1"))
            };
        }
        let just_over = priced(20, Some(10)).at(NOW + 1);
        just_over.when(order([("p1", 123)])).rejected(invalid("p1"));
    }

    #[test]
    fn several_old_prices_can_be_paid_and_a_price_can_come_back() {
        let story = || {
            let story = priced(20, Some(9)).event(changed("p1", 145));
            story.event(changed("p1", 134))
        };
        for price in [123, 145, 134] {
            story().when(order([("p1", price)])).accepted();
        }
        let later = story().at(NOW + 10 * MINUTE);
        later.when(order([("p1", 145)])).accepted();
        let later = story().at(NOW + 10 * MINUTE + 1);
        later
            .when(order([("p1", 145)]))
            .rejected(invalid("p1"))
            .when(order([("p1", 134)]))
            .accepted();
    }

    #[test]
    fn a_price_is_not_forgotten_while_it_can_be_paid() {
        let again = || priced(20, Some(10)).event(changed("p1", 145));
        again().when(order([("p1", 123)])).accepted();
        again().when(order([("p1", 134)])).accepted();
        let later = again().at(NOW + 1);
        later.when(order([("p1", 123)])).rejected(invalid("p1"));
    }

    #[test]
    fn an_order_of_several_products_names_the_first_wrong_price() {
        let story = || {
            let story = priced(20, Some(9)).at(NOW).event(defined("p2", 321));
            story.at(NOW + 8)
        };
        story()
            .when(order([("p1", 123), ("p2", 321)]))
            .emits([ordered([("p1", 123), ("p2", 321)])])
            .when(order([("p1", 134), ("p2", 320)]))
            .rejected(invalid("p2"))
            .when(order([("p1", 1), ("p2", 2)]))
            .rejected(invalid("p1"));
    }

    #[test]
    fn a_product_twice_in_an_order_is_one_product() {
        let twice = || [("p1", 123), ("p2", 321), ("p1", 123)];
        priced(20, None)
            .event(defined("p2", 321))
            .when(order(twice()))
            .emits([ordered(twice())])
            .when(order([("p1", 123), ("p1", 124)]))
            .rejected(invalid("p1"));
        let tags = tags_of(&Tags::none(), &ordered(twice())).unwrap();
        let tags: Vec<_> = tags.iter().map(ToString::to_string).collect();
        assert_eq!(tags, ["product:p1", "product:p2"]);
        let decision = Bounded::new(order(twice())).unwrap();
        assert_eq!(decision.boundary().reading().len(), 2);
    }

    #[test]
    fn orders_of_the_same_product_do_not_disturb_each_other() {
        priced(20, None)
            .unrelated(ordered([("p1", 123)]))
            .when(order([("p1", 123)]))
            .emits([ordered([("p1", 123)])]);
    }

    #[test]
    fn a_change_of_any_of_the_prices_disturbs_an_order() {
        let decision = Bounded::new(order([("p1", 123), ("p2", 321)])).unwrap();
        let guard = decision.boundary().guard().unwrap();
        let disturbs = |event: &PriceEvent| {
            guard.matches(event.event_type(), &tags_of(&Tags::none(), event).unwrap())
        };
        assert!(disturbs(&changed("p2", 322)) && disturbs(&changed("p1", 122)));
        assert!(!disturbs(&changed("p3", 1)));
    }

    #[test]
    fn an_order_of_nothing_is_refused() {
        given_events().when(order([])).rejected(OrderRefused::Empty);
    }
}
