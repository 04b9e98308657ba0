//! IDs from outside.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use bailiwick::Id;
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer};

use crate::Problem;

/// The longest ID from outside, in characters.
const ID_CHARS: usize = 128;

/// An ID as a client may write it: 1 to 128 characters of `A-Z a-z 0-9 . _ -`. So it stands as it is in a path, in a
/// log and in a header, with no escapes. For the fields of bodies and queries; of a path see [`PathId`].
///
/// ```
/// use bailiwick::id;
/// use bailiwick_axum::UrlId;
///
/// id!(AccountId: "account");
///
/// let id: UrlId<AccountId> = serde_json::from_str(r#""acc-1""#).unwrap();
/// assert_eq!(id.0, "acc-1".into());
/// assert!(serde_json::from_str::<UrlId<AccountId>>(r#""a/b""#).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UrlId<I>(pub I);

/// Why a text is no [`UrlId`].
///
/// For an example see [`UrlId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidUrlId(());

impl fmt::Display for InvalidUrlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an ID has 1 to {ID_CHARS} characters of A-Z a-z 0-9 . _ -")
    }
}

impl std::error::Error for InvalidUrlId {}

impl<I: Id> FromStr for UrlId<I> {
    type Err = InvalidUrlId;

    fn from_str(text: &str) -> Result<Self, InvalidUrlId> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if text.is_empty() || text.len() > ID_CHARS || !text.bytes().all(fits) {
            return Err(InvalidUrlId(()));
        }
        text.parse().map(UrlId).map_err(|_| InvalidUrlId(()))
    }
}

impl<'de, I: Id> Deserialize<'de> for UrlId<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextOf(PhantomData))
    }
}

struct TextOf<I>(PhantomData<I>);

impl<I: Id> Visitor<'_> for TextOf<I> {
    type Value = UrlId<I>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an ID as a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<UrlId<I>, E> {
        text.parse().map_err(E::custom)
    }
}

/// The ID in the path: `PathId(account): PathId<AccountId>`. One that is no [`UrlId`] is answered with 400 `invalid_id`.
///
/// For an example see the [crate](crate).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathId<I>(pub I);

/// The two IDs in the path, in their order: `PathIds(account, session): PathIds<AccountId, SessionId>`. As [`PathId`].
///
/// For an example see the [crate](crate).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathIds<I, J>(pub I, pub J);

impl<I: Id, S: Send + Sync> FromRequestParts<S> for PathId<I> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let UrlId(id) = written(parts).await?;
        Ok(PathId(id))
    }
}

impl<I: Id, J: Id, S: Send + Sync> FromRequestParts<S> for PathIds<I, J> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (UrlId(one), UrlId(other)) = written(parts).await?;
        Ok(PathIds(one, other))
    }
}

async fn written<T: DeserializeOwned + Send>(parts: &mut Parts) -> Result<T, Problem> {
    let Path(written) = Path::from_request_parts(parts, &())
        .await
        .map_err(|_| Problem::new(400, "invalid_id").detail(InvalidUrlId(()).to_string()))?;
    Ok(written)
}
