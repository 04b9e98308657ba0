//! Made-up stories of one order, in orders that are drawn, judged by what must hold in every one.

use bailiwick_core::quiesce::Quiesce;
use bailiwick_core::{Aggregate, Decide, MockService, Verdict};

use super::sample::*;
use crate::money::Money;
use crate::notifier::Message;
use crate::orders::*;
use crate::random::Xorshift;

const WAREHOUSES: [&str; 3] = ["north", "south", "west"];
const TRANSFERS: [&str; 6] = ["t1", "t2", "t3", "t4", "t5", "t6"];

#[test]
fn every_story_keeps_the_rules() {
    let mut completed = 0;
    for seed in 1..=100 {
        completed += usize::from(story(seed) == Status::Completed);
    }
    assert!((15..85).contains(&completed), "{completed} tell little");
}

fn story(seed: u64) -> Status {
    let mail = MockService::<Vec<Message>>::new();
    let mut random = Xorshift(seed);
    let mut story = shop().effect(TellCustomer(mail.clone())).shuffled(seed);
    story = asked::<Order, _>(story, "o".into(), open());
    for _ in 0..40 {
        story = step(&mut random, story);
        story = story.views::<Order>("o".into(), judged);
    }
    let mut status = Status::Unpaid;
    story = story.views::<Order>("o".into(), |order, _| status = order.status());
    assert_eq!(mail.done().len(), usize::from(status == Status::Completed));
    story.views::<(Order, Fulfilment)>(("o".into(), "o".into()), |(order, fulfilment), _| {
        let completed = order.status() == Status::Completed;
        assert!(!completed || fulfilment.done());
        // The refund may have come after that.
        assert!(completed || !fulfilment.done() || order.refunded());
    });
    status
}

fn judged(order: &Order, _: bailiwick_core::Timestamp) {
    assert!(order.items() <= 100 && order.value().minor <= 5_000_00);
    let (received, value) = (order.received().minor, order.value().minor);
    if order.status() >= Status::Paid && value > 0 {
        assert!(100 * received >= 99 * value, "{received} of {value}");
    }
    if order.status() == Status::Unpaid && value > 0 && !order.refunded() {
        assert!(100 * received < 99 * value, "{received} of {value}");
    }
    assert!(order.status() < Status::InDelivery || order.packed());
}

fn step(random: &mut Xorshift, story: Quiesce) -> Quiesce {
    let o = || OrderId::from("o");
    let number = 1 + random.below(5);
    match random.below(100) {
        0..25 => {
            let warehouse = WAREHOUSES[random.below(3) as usize];
            let cents = i64::from(random.below(60_000)) - 100;
            asked::<Order, _>(story, o(), add(warehouse, random.below(40), cents))
        }
        25..35 => asked::<Order, _>(story, o(), remove(number)),
        35..60 => {
            let transfer = TRANSFERS[random.below(6) as usize];
            let amount = Money::cents(u64::from(random.below(300_000)));
            asked::<Payment, _>(story, o(), receive(transfer, amount))
        }
        60..62 => asked::<Payment, _>(story, o(), Refund),
        62..70 => asked::<Parcel, _>(story, parcel(number), FillParcel),
        70..78 => asked::<Parcel, _>(story, parcel(number), SendParcel),
        78..95 => asked::<Parcel, _>(story, parcel(number), DeliverParcel),
        _ => asked::<Parcel, _>(story, parcel(number), CancelParcel),
    }
}

/// Whatever came of it, a panic is none of it.
fn asked<A, C>(story: Quiesce, id: A::Key, command: C) -> Quiesce
where
    A: Decide<C> + Aggregate<Event: PartialEq + std::fmt::Debug>,
    A::Rejection: std::error::Error,
{
    let (verdict, story) = story.get::<A>(id).ask(command).result();
    if let Verdict::Panicked(message) = verdict {
        panic!("{message}");
    }
    let (refusals, story) = story.refusals();
    for refusal in refusals {
        assert_eq!(refusal.reason, "the parcel was sent", "{refusal:?}");
    }
    story
}
