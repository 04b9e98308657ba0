//! What a set includes of another one: all of it, some of it, and either in a box.

use bailiwick_core::{BoxError, CodecError, Event, EventDescriptor, Fields};
use serde::{Deserialize, Serialize};

use crate::{CourseId, Subscribed, bytes, decoded, stored, subscribed};

#[allow(non_camel_case_types, reason = "what it is called is the test")]
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[event(retired("OrderPrinted"))]
enum OrderEvent {
    #[event(was = "OrderMade", version = 2, upcast = in_cents)]
    Placed {
        #[tag]
        course: CourseId,
        cents: u64,
    },
    Cancelled,
    r#move {
        to: u8,
    },
    Subscribed(Subscribed),
    Plan(Box<Plan>),
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Plan {
    steps: [u64; 30],
}

fn in_cents(fields: &mut Fields) -> Result<(), BoxError> {
    let euros: u64 = fields.take("euros")?;
    fields.set("cents", &(100 * euros))?;
    Ok(())
}

/// Reads nothing of orders but that they were placed.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Turnover {
    Counted {
        cents: u64,
    },
    #[event(only(Placed))]
    Order(OrderEvent),
    Boxed(Box<Plan>),
}

#[derive(Event, Clone, Debug, PartialEq)]
enum Some {
    #[event(only(r#move, Cancelled, Subscribed))]
    Order(Box<OrderEvent>),
}

fn names<E: Event>() -> Vec<&'static str> {
    E::TYPES.iter().map(|known| known.name).collect()
}

fn placed(cents: u64) -> OrderEvent {
    OrderEvent::Placed { course: "c1".into(), cents }
}

#[test]
fn a_set_includes_some_types_of_another_and_no_more() {
    assert_eq!(names::<Turnover>(), ["Counted", "Placed", "Plan"]);
    assert_eq!(names::<Some>(), ["move", "Cancelled", "Subscribed"]);
    let event = Turnover::Order(placed(3));
    stored(&event, "Placed", r#"{"course": "c1", "cents": 3}"#);
    stored(&Some::Order(Box::new(OrderEvent::r#move { to: 1 })), "move", r#"{"to": 1}"#);
    let within = OrderEvent::Subscribed(subscribed()).into_boxed();
    stored(&Some::Order(within), "Subscribed", r#"{"student": "s1", "course": "c1"}"#);
    for other in ["Cancelled", "move", "OrderPrinted", "Order"] {
        let refused = decoded::<Turnover>(other, "{}");
        assert!(matches!(refused, Err(CodecError::UnknownType(_))), "{other}: {refused:?}");
    }
}

impl OrderEvent {
    fn into_boxed(self) -> Box<Self> {
        Box::new(self)
    }
}

#[test]
fn what_is_included_is_the_type_of_the_other_set() {
    let find =
        |types: &'static [EventDescriptor]| types.iter().find(|t| t.name == "Placed").unwrap();
    let (here, there) = (find(Turnover::TYPES), find(OrderEvent::TYPES));
    assert_eq!((here.owner, here.owner_id), (there.owner, there.owner_id));
    assert_eq!((here.was, here.version()), (&["OrderMade"][..], 2));
    let old = bytes(r#"{"course": "c1", "euros": 2}"#);
    let read = Turnover::decode("OrderMade", 1, &old).unwrap();
    assert_eq!(read, Option::Some(Turnover::Order(placed(200))));
}

#[test]
fn what_is_not_included_is_not_stored() {
    let mut out = b"kept".to_vec();
    let error = Turnover::Order(OrderEvent::Cancelled).encode(&mut out).unwrap_err();
    assert!(matches!(error, CodecError::NotIncluded { event_type: "Cancelled", set: "Turnover" }));
    assert_eq!(out, b"kept");
    assert!(Some::Order(Box::new(placed(1))).encode(&mut out).is_err());
}

#[test]
fn an_event_may_be_boxed() {
    let plan = Plan { steps: [7; 30] };
    for event in [OrderEvent::from(plan.clone()), OrderEvent::from(Box::new(plan.clone()))] {
        assert_eq!(event, OrderEvent::Plan(Box::new(plan.clone())));
        assert_eq!(
            (event.event_type(), event.descriptor().owner),
            ("Plan", "events::including::Plan")
        );
        assert_eq!(
            OrderEvent::decode("Plan", 1, &crate::encoded(&event)).unwrap(),
            Option::Some(event)
        );
    }
    assert!(size_of::<OrderEvent>() < size_of::<Plan>());
    // A set may be in a box as a whole.
    stored(&Box::new(Turnover::Counted { cents: 1 }), "Counted", r#"{"cents": 1}"#);
}
