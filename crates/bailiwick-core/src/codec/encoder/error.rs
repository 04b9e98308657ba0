//! Why a value is not encoded.

use std::fmt::Display;

use crate::codec::{CodecError, MAX_DEPTH};

/// What the encoder itself says.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(in crate::codec) enum Refusal {
    #[error("it is nested too deep")]
    TooDeep,
    #[error("it holds `Some` of nothing")]
    SomeOfNothing,
    #[error("a text, a list or a map in it has 2^32 bytes or entries, or more")]
    TooLong,
    #[error("the newtype of `rmp-serde` for extension types is not known here")]
    Extension,
}

#[derive(Debug, thiserror::Error)]
pub(in crate::codec) enum EncodeError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What a type itself says.
    #[error("{0}")]
    Said(Box<str>),
}

impl serde::ser::Error for EncodeError {
    fn custom<T: Display>(message: T) -> Self {
        EncodeError::Said(message.to_string().into())
    }
}

impl From<EncodeError> for CodecError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Refused(Refusal::TooDeep) => CodecError::TooDeep { most: MAX_DEPTH },
            EncodeError::Refused(Refusal::SomeOfNothing) => CodecError::SomeOfNothing,
            error => CodecError::Encode(error.into()),
        }
    }
}
