//! `id!`: declares IDs.

/// Declares IDs: a text, or whatever type has a text that stands for it.
///
/// ```
/// # use bailiwick_core::{Id, id};
/// id!(
///     /// A text.
///     pub AccountId: "account",
///     /// A number.
///     pub OrderNo(u64): "order",
/// );
/// # let (account, order) = (AccountId::from("acc-1"), OrderNo::from(7));
/// assert_eq!(account.tag()?.as_str(), "account:acc-1");
/// assert_eq!(order.tag()?.as_str(), "order:7");
/// # Ok::<(), bailiwick_core::InvalidTag>(())
/// ```
///
/// The string is the key of the tag that the events of the thing carry. It is checked when compiling,
/// and stored with all events. If it has to change, say what it was: what was recorded before is found
/// under the [old key](crate::Id::WAS), what is written from now on has the new one.
///
/// ```
/// # use bailiwick_core::{Id, id};
/// id!(pub CourseId: "course" was "kurs", pub RoomId(u32): "room" was "hall" was "saal");
/// # assert_eq!(RoomId::WAS, ["hall", "saal"]);
/// ```
///
/// Each is cheap to clone, is `Debug`, `Display`, `FromStr`, serde, ordered and hashed, and keeps the
/// promise of [`RoundTrip`](trait@crate::RoundTrip) if what it is made of does.
///
/// # A text
///
/// `AccountId: "account"` is 1 to 200 bytes without control characters. A text from outside is checked by
/// `parse` (or when it is deserialised); a literal is converted with `From<&'static str>`, which panics
/// when it cannot be an ID.
///
/// # A number, a UUID, a type of your own
///
/// `OrderNo(u64): "order"`, `CartId(Uuid): "cart"` are made of a type that is `Display + FromStr + Clone +
/// Ord + Hash + Debug + Send + Sync` and serde. The ID is converted from one and to one, and shows it with
/// `inner`; it is `Copy` if that is. It is ordered as that is (9 before 10) and has the serde form of it.
///
/// Its text is the one that `Display` writes, and no other is parsed: `007` is not the ID `7`, nor is a UUID
/// in capitals the one in small letters, or one thing would have several texts in addresses and logs.
/// It must be what a [`Tag`](crate::Tag) can carry; an ID whose text is not is refused when it is used.
///
/// That a type of another crate comes back from its serde form is not known, so events that hold such an
/// ID are [read back](crate::Event#what-is-read-back). Of `uuid::Uuid` it is known with the feature `uuid`.
#[macro_export]
macro_rules! id {
    ($(
        $(#[$meta:meta])* $vis:vis $name:ident $(($inner:ty))? : $key:literal $(was $was:literal)*
    ),+ $(,)?) => {$(
        const _: () = assert!(
            $crate::__private::valid_tag_key($key),
            concat!("the key of ", stringify!($name), " must be 1 to 50 of a-z 0-9 _ - ."),
        );
        $(const _: () = assert!(
            $crate::__private::valid_tag_key($was),
            concat!("an old key of ", stringify!($name), " must be 1 to 50 of a-z 0-9 _ - ."),
        );)*

        impl $crate::Id for $name {
            const KEY: &'static str = $key;
            const WAS: &'static [&'static str] = &[$($was),*];
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&self.0, f)
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::__private::serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl ::core::convert::From<&$name> for $name {
            fn from(id: &$name) -> Self {
                ::core::clone::Clone::clone(id)
            }
        }

        $crate::__id_type!($(#[$meta])* $vis $name [$($inner)?]);
    )+};
}

/// The type of an ID: made of a text, or of another type. Not for use by hand.
#[doc(hidden)]
#[macro_export]
macro_rules! __id_type {
    ($(#[$meta:meta])* $vis:vis $name:ident []) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name($crate::__private::IdText);

        impl $crate::RoundTrip for $name {}

        #[allow(dead_code)]
        impl $name {
            /// The text of this ID.
            $vis fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::InvalidId;
            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                $crate::__private::IdText::parse(stringify!($name), text).map(Self)
            }
        }

        impl ::core::convert::TryFrom<::std::string::String> for $name {
            type Error = $crate::InvalidId;
            fn try_from(text: ::std::string::String) -> ::core::result::Result<Self, Self::Error> {
                text.parse()
            }
        }

        /// # Panics
        /// If the literal cannot be an ID. Use `parse` for a text from outside.
        impl ::core::convert::From<&'static str> for $name {
            #[track_caller]
            fn from(text: &'static str) -> Self {
                match text.parse() {
                    Ok(id) => id,
                    Err(error) => ::core::panic!("{error}"),
                }
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::__private::IdText::deserialize_as(stringify!($name), deserializer).map(Self)
            }
        }
    };
    ($(#[$meta:meta])* $vis:vis $name:ident [$inner:ty]) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name($inner);

        // Both if what it is made of is: a condition about no parameter is not refused where it does
        // not hold, if it is one for every lifetime.
        impl ::core::marker::Copy for $name where for<'a> $inner: ::core::marker::Copy {}
        impl $crate::RoundTrip for $name where for<'a> $inner: $crate::RoundTrip {}

        #[allow(dead_code)]
        impl $name {
            /// What this ID is made of.
            $vis fn inner(&self) -> &$inner {
                &self.0
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::InvalidId;
            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                $crate::__private::parse_inner::<$inner>(stringify!($name), text).map(Self)
            }
        }

        impl ::core::convert::From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                Self(inner)
            }
        }

        impl ::core::convert::From<$name> for $inner {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                <$inner as $crate::__private::serde::Deserialize>::deserialize(deserializer)
                    .map(Self)
            }
        }
    };
}
