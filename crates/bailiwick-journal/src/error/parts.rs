//! What the parts of a journal report, with the path of the file.

use std::path::Path;

use bailiwick_core::Position;

use super::OpenError;
use crate::index::IndexError;
use crate::log::{self, ReadError};
use crate::store::StoreError;

impl OpenError {
    /// What went wrong with the log in `folder`.
    pub fn of_log(folder: &Path, error: log::OpenError) -> OpenError {
        match error {
            log::OpenError::Io(source) => OpenError::io(folder, source),
            log::OpenError::Damaged { file, offset: 0 } => {
                let what =
                    "its header is not that of this segment, or it is not as long as that says";
                corrupt(folder, &file, 0, what)
            }
            log::OpenError::Damaged { file, offset } => {
                let what = "what stands there was acknowledged, or may have been, and is broken";
                corrupt(folder, &file, offset, what)
            }
            log::OpenError::Missing { file } => OpenError::Missing { path: folder.join(file) },
            log::OpenError::Foreign { file } => OpenError::Foreign { path: folder.join(file) },
            log::OpenError::NewerFormat { file, found, known } => {
                OpenError::NewerFormat { path: folder.join(file), found, known }
            }
        }
    }

    /// What went wrong with the store in `folder`.
    pub fn of_store(folder: &Path, error: StoreError) -> OpenError {
        match error {
            StoreError::Lost { acknowledged } => {
                OpenError::Lost { path: folder.into(), acknowledged, there: Position::START }
            }
            StoreError::Open(error) => OpenError::of_log(folder, error),
            StoreError::Read(ReadError::Io(source)) | StoreError::Index(IndexError::Io(source)) => {
                OpenError::io(folder, source)
            }
            StoreError::Read(ReadError::Damaged { file, offset }) => {
                corrupt(folder, &file, offset, "what stands there is not what was written")
            }
            StoreError::Event { position, source } => {
                OpenError::Event { path: folder.into(), position, source }
            }
            StoreError::Index(error @ IndexError::Damaged) => {
                OpenError::Storage { path: folder.into(), source: error.into() }
            }
        }
    }
}

fn corrupt(folder: &Path, file: &str, offset: u64, what: &str) -> OpenError {
    OpenError::Corrupt { path: folder.join(file), offset, what: what.to_owned() }
}
