//! IDs: their texts, their tags, and what they are made of.

use std::fmt::{self, Display};
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::*;
use crate::id;
use crate::round_trip::{Known, Unknown as _};

id!(pub CourseId: "course", pub RoomId: "room" was "hall" was "saal");

#[test]
fn an_id_knows_the_keys_it_had() {
    let id: RoomId = "r".into();
    assert_eq!(id.tag().unwrap().as_str(), "room:r");
    assert_eq!(
        id.old_tags().unwrap().iter().map(Tag::as_str).collect::<Vec<_>>(),
        ["hall:r", "saal:r"]
    );
    assert!(RoomId::has_key("saal") && !RoomId::has_key("course"));
    assert!(CourseId::from("c").old_tags().unwrap().is_empty());
}

/// Takes ten bytes at most, and does not mind capitals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Loose(String);

impl Id for Loose {
    const KEY: &'static str = "loose";
}

impl Display for Loose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Loose {
    type Err = std::num::TryFromIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u8::try_from(text.len() * 25).map(|_| Loose(text.to_lowercase()))
    }
}

#[test]
fn a_text_is_an_id_if_it_comes_back() {
    let check = IdDescriptor::of::<Loose>().check;
    assert_eq!(check("small"), Ok(()));
    assert_eq!(check("Small"), Err(UnreadableId::Another("small".into())));
    assert!(matches!(check("much too long"), Err(UnreadableId::Refused(_))));
}

#[test]
fn an_id_round_trips_and_owns_its_tag() {
    let id: CourseId = "c1".into();
    assert_eq!(id.to_string().parse(), Ok(id.clone()));
    assert_eq!(id.tag().unwrap().as_str(), "course:c1");
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, r#""c1""#);
    assert_eq!(serde_json::from_str::<CourseId>(&json).unwrap(), id);
}

#[test]
fn a_text_that_cannot_be_an_id_says_so() {
    let error = "a\u{7}b".parse::<CourseId>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"a\\u{7}b\" is not a valid CourseId: it contains the control character '\\u{7}' at \
         byte 1; an ID or tag value has none"
    );
    assert!(serde_json::from_str::<CourseId>(r#""""#).is_err());
}

#[test]
#[should_panic(expected = "\"\" is not a valid CourseId")]
fn a_literal_that_cannot_be_an_id_panics() {
    let _ = CourseId::from("");
}
id!(
    pub OrderNo(u64): "order" was "bestellung",
    pub CartId(Uuid): "cart",
    pub Degree(i16): "degree",
    Big(u128): "big",
    Shelf(NonZeroU32): "shelf",
    /// Beside the others, a text.
    pub(crate) Plain: "plain",
    Isbn(Book): "isbn",
);

/// A type of a user, which cannot be copied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Book(String);

impl Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b{}", self.0)
    }
}

impl FromStr for Book {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Book(text.strip_prefix(['b', 'B']).ok_or("a book begins with b")?.into()))
    }
}

const UUID: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

#[test]
fn an_id_may_be_made_of_a_number_or_a_uuid() {
    let order = OrderNo::from(7);
    assert_eq!((order.tag().unwrap().as_str(), *order.inner()), ("order:7", 7));
    assert_eq!(order.old_tags().unwrap()[0].as_str(), "bestellung:7");
    assert_eq!((format!("{order:?}"), format!("{order:>3}")), ("OrderNo(7)".into(), "  7".into()));
    assert_eq!(("7".parse(), u64::from(order)), (Ok(order), 7));
    let cart: CartId = UUID.parse().unwrap();
    assert_eq!(cart, Uuid::try_parse(UUID).unwrap().into());
    assert_eq!(cart.tag().unwrap().as_str(), format!("cart:{UUID}"));
    assert_eq!("-3".parse(), Ok(Degree(-3)));
    assert_eq!(Big(u128::MAX).to_string().parse(), Ok(Big(u128::MAX)));
    assert_eq!("b1".parse(), Ok(Isbn(Book("1".into()))));
    assert_eq!(Plain::from("p").as_str(), "p");
}

#[test]
fn an_id_has_one_text() {
    for text in ["007", "+7", " 7", "7.0", "0x7", "", "18446744073709551616", "-7", "7\n"] {
        assert!(text.parse::<OrderNo>().is_err(), "{text:?}");
    }
    assert!("-0".parse::<Degree>().is_err() && "0".parse::<Shelf>().is_err());
    let [capitals, simple] = [UUID.to_uppercase(), UUID.replace('-', "")];
    for text in [&capitals, &simple, &format!("{{{UUID}}}"), &format!("urn:uuid:{UUID}")] {
        assert!(text.parse::<CartId>().is_err(), "{text}");
    }
    let says = |text: &str| text.parse::<OrderNo>().unwrap_err().to_string();
    let written =
        "\"007\" is not a valid OrderNo: as an ID it is written \"7\", and in no other way";
    assert_eq!(says("007"), written);
    assert_eq!(says("seven"), "\"seven\" is not a valid OrderNo: invalid digit found in string");
    assert!("B1".parse::<Isbn>().is_err());
}

#[test]
fn what_an_id_is_made_of_is_its_order_and_its_serde_form() {
    assert!(OrderNo(9) < OrderNo(10) && Degree(-2) < Degree(1));
    let json = |order| serde_json::to_string(&order).unwrap();
    assert_eq!((json(OrderNo(7)), serde_json::from_str("7").ok()), ("7".into(), Some(OrderNo(7))));
    let cart = CartId(Uuid::try_parse(UUID).unwrap());
    assert_eq!(serde_json::to_string(&cart).unwrap(), format!("{UUID:?}"));
    // A value has no other form, so serde may read what `parse` does not.
    assert_eq!(
        serde_json::from_str::<CartId>(&format!("{:?}", UUID.to_uppercase())).unwrap(),
        cart
    );
}

#[test]
fn an_id_comes_back_and_is_copied_if_what_it_is_made_of_is() {
    fn copied<T: Copy>(id: T) -> (T, T) {
        (id, id)
    }
    assert_eq!(copied(OrderNo(1)), (OrderNo(1), OrderNo(1)));
    assert_eq!(copied(CartId(Uuid::nil())).0, CartId(Uuid::nil()));
    let known = [Known::<OrderNo>::ROUND_TRIPS, Known::<Plain>::ROUND_TRIPS];
    let foreign = [Known::<Isbn>::ROUND_TRIPS, Known::<CartId>::ROUND_TRIPS];
    assert_eq!((known, foreign), ([true, true], [false, cfg!(feature = "uuid")]));
}

#[test]
fn a_text_that_no_tag_can_carry_is_no_id() {
    let isbn = Isbn::from(Book("1\n".into()));
    assert!(isbn.tag().is_err() && isbn.to_string().parse::<Isbn>().is_err());
    let long = Isbn::from(Book("1".repeat(200)));
    assert_eq!(long.tag().unwrap_err(), crate::tag::InvalidTag::TooLong { bytes: 201 });
}

#[test]
fn an_id_is_given_as_what_it_is_made_from() {
    fn get<K>(id: impl IntoId<K>) -> K {
        id.into_id()
    }
    let order: OrderNo = get(7);
    assert_eq!((get::<OrderNo>(&order), get::<OrderNo>(order)), (order, OrderNo(7)));
    let course: CourseId = get("c1");
    assert_eq!(get::<CourseId>(&course), course);
}
