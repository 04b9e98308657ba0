//! Pieces of a file, each with a checksum behind it.

use std::io;
use std::sync::Arc;

use super::number;
use super::run::Identity;
use super::term::IndexError;
use crate::files::{File, read_up_to, write_all};

/// How many bytes are written with one call, at least.
const BUFFER: usize = 256 * 1_024;
pub(super) const SUM: usize = 4;

/// Where a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) at: u64,
    /// Without its checksum.
    pub(super) bytes: u64,
}

impl Place {
    pub(super) fn write(self, out: &mut Vec<u8>) {
        number::write(self.at, out);
        number::write(self.bytes, out);
    }

    pub(super) fn read(bytes: &mut &[u8]) -> Option<Place> {
        Some(Place { at: number::read(bytes)?, bytes: number::read(bytes)? })
    }
}

/// A file that is read.
pub(super) struct Source {
    pub(super) file: Arc<dyn File>,
    pub(super) identity: Identity,
    pub(super) size: u64,
}

impl Source {
    /// A piece, if it is what was written.
    pub(super) fn piece(&self, place: Place) -> Result<Vec<u8>, IndexError> {
        let end = place.at.checked_add(place.bytes).and_then(|end| end.checked_add(SUM as u64));
        if end.is_none_or(|end| end > self.size) {
            return Err(IndexError::Damaged);
        }
        let bytes = usize::try_from(place.bytes).map_err(|_| IndexError::Damaged)?;
        let mut piece = vec![0; bytes + SUM];
        read(&*self.file, &mut piece, place.at)?;
        let sum = piece.split_off(bytes);
        if self.identity.checksum(place.at, &piece) == *sum {
            Ok(piece)
        } else {
            Err(IndexError::Damaged)
        }
    }
}

/// Reads as many bytes as there is room for.
pub(super) fn read(file: &dyn File, to: &mut [u8], at: u64) -> Result<(), IndexError> {
    if read_up_to(file, to, at)? == to.len() { Ok(()) } else { Err(IndexError::Damaged) }
}

/// A file that is written, from its begin to its end.
pub(super) struct Sink<'a> {
    file: &'a dyn File,
    identity: Identity,
    buffer: Vec<u8>,
    written: u64,
}

impl<'a> Sink<'a> {
    pub(super) fn to(file: &'a dyn File, identity: Identity) -> Sink<'a> {
        Sink { file, identity, buffer: Vec::with_capacity(BUFFER), written: 0 }
    }

    /// Where it is.
    pub(super) fn at(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Writes a piece.
    pub(super) fn piece(&mut self, bytes: &[u8]) -> io::Result<Place> {
        let at = self.at();
        self.buffer.extend_from_slice(bytes);
        self.buffer.extend_from_slice(&self.identity.checksum(at, bytes));
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(Place { at, bytes: bytes.len() as u64 })
    }

    /// Writes zeros, up to a multiple of `bytes`.
    pub(super) fn align(&mut self, bytes: usize) {
        let behind = usize::try_from(self.at() % bytes as u64).unwrap_or(0);
        if behind > 0 {
            self.buffer.resize(self.buffer.len() + bytes - behind, 0);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        write_all(self.file, &self.buffer, self.written)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.flush()
    }
}
