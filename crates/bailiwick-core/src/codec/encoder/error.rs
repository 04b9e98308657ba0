//! Why a value is not encoded.

use std::fmt::Display;

use crate::CodecError;
use crate::codec::MAX_DEPTH;

#[derive(Debug, Clone, thiserror::Error)]
pub(in crate::codec) enum EncodeError {
    #[error("it is nested too deep")]
    TooDeep,
    #[error("it holds `Some` of nothing")]
    SomeOfNothing,
    #[error("a text, a list or a map in it has 2^32 bytes or entries, or more")]
    TooLong,
    #[error("the newtype of `rmp-serde` for extension types is not known here")]
    Extension,
    /// What a type itself says.
    #[error("{0}")]
    Refused(String),
}

impl serde::ser::Error for EncodeError {
    fn custom<T: Display>(message: T) -> Self {
        EncodeError::Refused(message.to_string())
    }
}

impl From<EncodeError> for CodecError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::TooDeep => CodecError::TooDeep { most: MAX_DEPTH },
            EncodeError::SomeOfNothing => CodecError::SomeOfNothing,
            error => CodecError::Encode(error.into()),
        }
    }
}
