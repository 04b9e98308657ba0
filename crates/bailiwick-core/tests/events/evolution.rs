//! What an event type was before: old names, old versions, and types that are gone.

use bailiwick_core::{BoxError, CodecError, ErrorReport, Event, EventDescriptor, Fields};
use serde::{Deserialize, Serialize};

use crate::bytes;

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[event(retired("SeatsPainted", "SeatsCounted"))]
enum HallEvent {
    #[event(was = "HallBuilt", version = 3, upcast(in_seats, with_rows))]
    HallOpened {
        seats: u32,
        rows: Vec<u32>,
    },
    #[event(was("HallLocked", "HallShut"))]
    HallClosed,
    Priced(Priced),
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[event(version = 2, upcast = evolution_of_prices::in_cents, was = "PriceSet")]
#[event(retired("PriceDoubled"))]
struct Priced {
    price: Price,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Price {
    cents: u64,
}

/// Version 1 counted in dozens.
fn in_seats(fields: &mut Fields) -> Result<(), BoxError> {
    let dozens: u32 = fields.take("dozens")?;
    fields.set("seats", &dozens.checked_mul(12).ok_or("more seats than can be counted")?)?;
    Ok(())
}

/// Version 2 knew no rows.
fn with_rows(fields: &mut Fields) -> Result<(), BoxError> {
    let seats: u32 = fields.get("seats")?;
    fields.set("rows", &[seats])?;
    Ok(())
}

mod evolution_of_prices {
    use super::{BoxError, Deserialize, Fields, Price};

    /// Version 1 had whole euros in an object of its own.
    pub fn in_cents(fields: &mut Fields) -> Result<(), BoxError> {
        #[derive(Deserialize)]
        struct Money {
            euros: u64,
        }
        let Money { euros } = fields.take("money")?;
        fields.set("price", &Price { cents: 100 * euros })?;
        Ok(())
    }
}

fn decode<E: Event>(name: &str, version: u32, json: &str) -> Result<Option<E>, CodecError> {
    E::decode(name, version, &bytes(json))
}

fn priced(cents: u64) -> Priced {
    Priced { price: Price { cents }, note: None }
}

#[test]
fn each_version_passes_through_the_upcasters_that_it_needs() {
    let opened = |seats, rows| HallEvent::HallOpened { seats, rows };
    let read = |version, json| decode::<HallEvent>("HallOpened", version, json).unwrap().unwrap();
    assert_eq!(read(1, r#"{"dozens": 2}"#), opened(24, vec![24]));
    assert_eq!(read(2, r#"{"seats": 24}"#), opened(24, vec![24]));
    assert_eq!(read(3, r#"{"seats": 24, "rows": [20, 4]}"#), opened(24, vec![20, 4]));
    let new = opened(1, vec![1]);
    assert_eq!(new.descriptor().version(), 3);
    assert_eq!(HallEvent::HallClosed.descriptor().version(), 1);
}

#[test]
fn an_old_name_is_read_as_the_new_type() {
    let built = decode::<HallEvent>("HallBuilt", 1, r#"{"dozens": 1}"#).unwrap();
    assert_eq!(built, Some(HallEvent::HallOpened { seats: 12, rows: vec![12] }));
    for name in ["HallClosed", "HallLocked", "HallShut"] {
        let closed = decode(name, 1, r#"{"by": "somebody"}"#).unwrap();
        assert_eq!(closed, Some(HallEvent::HallClosed));
    }
    // The name of a variant that includes is nobody's.
    assert!(matches!(decode::<HallEvent>("Included", 1, "{}"), Err(CodecError::UnknownType(_))));
}

#[test]
fn an_included_event_brings_what_it_was_before() {
    let v1 = r#"{"money": {"euros": 3}, "note": "was dear"}"#;
    let event = Priced { note: Some("was dear".into()), ..priced(300) };
    assert_eq!(decode::<Priced>("PriceSet", 1, v1).unwrap(), Some(event.clone()));
    assert_eq!(decode("PriceSet", 1, v1).unwrap(), Some(HallEvent::Priced(event)));
    let v2 = r#"{"price": {"cents": 1}}"#;
    assert_eq!(decode("Priced", 2, v2).unwrap(), Some(HallEvent::Priced(priced(1))));
    assert_eq!(HallEvent::from(priced(1)).descriptor().version(), 2);
}

#[test]
fn a_retired_type_is_no_event_any_more_whatever_it_holds() {
    for name in ["SeatsPainted", "SeatsCounted", "PriceDoubled"] {
        assert_eq!(HallEvent::decode(name, 7, b"\xc1 no bytes of ours").unwrap(), None);
    }
    assert_eq!(decode::<Priced>("PriceDoubled", 1, "{}").unwrap(), None);
    assert!(decode::<Priced>("SeatsPainted", 1, "{}").is_err());
}

#[test]
fn a_version_that_is_not_known_is_refused() {
    for found in [0, 4, u32::MAX] {
        let error = decode::<HallEvent>("HallOpened", found, "{}").unwrap_err();
        let CodecError::UnknownVersion { event_type: "HallOpened", found: said, known: 3 } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(said, found);
    }
    let error = decode::<Priced>("PriceSet", 3, "{}").unwrap_err().to_string();
    assert!(error.starts_with("Priced was recorded in version 3, but"), "{error}");
}

#[test]
fn an_upcaster_that_fails_says_at_which_step_and_why() {
    let read = |version, json| decode::<HallEvent>("HallOpened", version, json).unwrap_err();
    let from = |version| format!("the upcaster of HallOpened from version {version} failed: ");
    let cases = [
        (1, r#"{"rows": 1}"#, r#"there is no field "dozens"; there are ["rows"]"#),
        (1, r#"{"dozens": 400000000}"#, "more seats than can be counted"),
        (1, r#"{"dozens": "two"}"#, r#"the field "dozens" is "two": it cannot be decoded: "#),
        (2, r#"{"dozens": 1}"#, r#"there is no field "seats"; there are ["dozens"]"#),
        (1, "[1]", "a map was expected at byte 0, but is not there"),
    ];
    for (version, json, why) in cases {
        let error = ErrorReport::of(&read(version, json)).to_string();
        assert!(error.starts_with(&(from(version) + why)), "{error}");
    }
    // What comes out has to be the type.
    assert!(matches!(read(3, r#"{"dozens": 1}"#), CodecError::Decode(_)));
}

#[test]
fn the_descriptors_say_what_there_was() {
    let names: Vec<Vec<_>> = HallEvent::TYPES.iter().map(|known| known.names().collect()).collect();
    let expected = [
        &["HallOpened", "HallBuilt"][..],
        &["HallClosed", "HallLocked", "HallShut"],
        &["SeatsPainted"],
        &["SeatsCounted"],
        &["Priced", "PriceSet"],
        &["PriceDoubled"],
    ];
    assert_eq!(names, expected);
    let retired: Vec<_> = HallEvent::TYPES.iter().map(|known| known.retired).collect();
    assert_eq!(retired, [false, false, true, true, false, true]);
    let versions: Vec<_> = HallEvent::TYPES.iter().map(EventDescriptor::version).collect();
    assert_eq!(versions, [3, 1, 1, 1, 2, 1]);
}

#[test]
fn fields_can_be_taken_set_renamed_and_looked_at() {
    let mut fields = Fields::new().with("a", &1).unwrap().with("b", "two").unwrap();
    assert_eq!(format!("{fields:?}"), r#"{"a": 1, "b": "two"}"#);
    fields.rename("a", "c").unwrap();
    assert_eq!(fields.names().collect::<Vec<_>>(), ["c", "b"]);
    let error = fields.rename("c", "b").unwrap_err();
    assert_eq!(error.to_string(), r#"there is a field "b" already"#);
    fields.set("b", &Some(2.5)).unwrap();
    assert_eq!(fields.take::<Option<f64>>("b").unwrap(), Some(2.5));
    assert!(fields.contains("c") && !fields.contains("b"));
    assert!(fields.remove("c") && !fields.remove("c"));
    assert_eq!(fields, Fields::new());
}

/// A field that no upcaster touches stays as it was, whatever it is.
#[test]
fn what_is_not_touched_stays_bit_for_bit() {
    #[derive(Event, Debug, Serialize, Deserialize)]
    #[event(version = 2, upcast = renamed)]
    struct Measured {
        value: f64,
        by: std::collections::BTreeMap<u8, u128>,
    }
    fn renamed(fields: &mut Fields) -> Result<(), BoxError> {
        Ok(fields.rename("float", "value")?)
    }
    let odd = f64::from_bits(0x7ff4_0000_0000_0001);
    let by = std::collections::BTreeMap::from([(3, u128::MAX)]);
    let old = Fields::new().with("float", &odd).unwrap().with("by", &by).unwrap();
    let new = Measured::decode("Measured", 1, &old.encode()).unwrap().unwrap();
    assert_eq!((new.value.to_bits(), new.by), (odd.to_bits(), by));
}
