//! `docs/events.md` shows this file whole: what may change about an event, and how it is said.

use bailiwick::{BoxError, Event, Fields};
use serde::{Deserialize, Serialize};

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[event(retired("MenuPrinted"))] // Gone: passed over.
enum MenuEvent {
    #[event(was = "DishAdded", version = 2, upcast = in_cents)] // Renamed, and its fields changed.
    DishListed {
        dish: String,
        cents: u64,
        #[serde(default)] // A field that is added needs no more.
        vegan: bool,
    },
}

/// From version 1, which had whole `euros`.
fn in_cents(fields: &mut Fields) -> Result<(), BoxError> {
    let euros: u64 = fields.take("euros")?;
    fields.set("cents", &(100 * euros))?;
    Ok(())
}

#[test]
fn what_was_recorded_is_read_as_what_it_is_now() -> Result<(), BoxError> {
    let recorded = Fields::new().with("dish", "soup")?.with("euros", &4)?.encode();
    let soup = MenuEvent::DishListed { dish: "soup".into(), cents: 400, vegan: false };
    assert_eq!(MenuEvent::decode("DishAdded", 1, &recorded)?, Some(soup));
    assert_eq!(MenuEvent::decode("MenuPrinted", 1, &recorded)?, None);
    Ok(())
}
