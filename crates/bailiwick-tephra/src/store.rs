//! tephra, opened: its writer and its readers.

use bailiwick_core::journal::AppendLimits;
use tephra::log::set::LogError;
use tephra::{
    ReadConfig, ReadHandle, SegmentConfig, SegmentSet, WriteCoordinator, WriteHandle, WriterConfig,
};

use crate::folder::Folder;
use crate::options::SEGMENT_BYTES;
use crate::{OpenError, faults, recovery};

/// What tephra writes at once, in appends and in bytes.
pub(crate) const BATCH_APPENDS: usize = 2_048;
pub(crate) const BATCH_BYTES: usize = 2 << 20;

/// The bytes of a record beside its contents, and those of the end of an append.
pub(crate) const RECORD_OVERHEAD: usize = tephra::log::set::RECORD_OVERHEAD;
const APPEND_OVERHEAD: usize = tephra::log::set::BATCH_OVERHEAD;

/// tephra remembers where it saw a tag last, for up to 2^20 tags; when they are more, it forgets
/// those that it did not see within so many events. If they were still too many then, it would look
/// through all of them with every batch: so this is for four new tags an event.
const TAGS_REMEMBERED_EVENTS: u64 = 1 << 18;

/// Ends the writer when it is dropped, and waits for it.
pub(crate) struct Store {
    writer: WriteHandle,
    _coordinator: WriteCoordinator,
}

impl Store {
    /// Opens what is there, after it was checked and mended.
    pub(crate) fn open(folder: &Folder) -> Result<Store, OpenError> {
        recovery::prepare(folder)?;
        let path = folder.path();
        let mut set = SegmentSet::open(path, segments(folder));
        if let Err(LogError::NonContiguous { .. }) = set
            && recovery::clear_overrun(path)?
        {
            set = SegmentSet::open(path, segments(folder));
        }
        let set = set.map_err(|error| faults::refused(path, error))?;
        let (coordinator, writer) = WriteCoordinator::start(set, config(folder))
            .map_err(|error| faults::index_refused(path, error))?;
        folder.place().learn_files();
        Ok(Store { writer, _coordinator: coordinator })
    }

    pub(crate) fn writer(&self) -> WriteHandle {
        self.writer.clone()
    }

    pub(crate) fn reader(&self) -> ReadHandle {
        self.writer.reader()
    }
}

/// What an append may hold. By the count of the port, which is never less than what is written. What
/// every journal takes, unless the files are smaller, or were made larger for that.
pub(crate) fn limits(folder: &Folder) -> AppendLimits {
    let (standard, file) = (AppendLimits::STANDARD, append_bytes(folder));
    let larger = folder.segment_bytes() > SEGMENT_BYTES;
    standard.with_bytes(if larger { file } else { file.min(standard.bytes) })
}

/// How many bytes a file has for an append, with the overhead of its records.
pub(crate) fn append_bytes(folder: &Folder) -> usize {
    let header = segments(folder).header_size;
    folder.segment_bytes() - header - APPEND_OVERHEAD
}

fn segments(folder: &Folder) -> SegmentConfig {
    let mut config = SegmentConfig::new(folder.segment_bytes());
    config.max_record_len = config.segment_size - config.header_size - APPEND_OVERHEAD;
    config
}

fn config(folder: &Folder) -> WriterConfig {
    let capacity = append_bytes(folder) + APPEND_OVERHEAD;
    WriterConfig {
        // What is submitted at once, and the end: so that nobody is kept waiting.
        queue_capacity: BATCH_APPENDS + 1,
        max_batch_records: BATCH_APPENDS,
        max_batch_bytes: capacity.min(BATCH_BYTES + APPEND_OVERHEAD),
        tips_window: TAGS_REMEMBERED_EVENTS,
        verify_tips: false,
        condition_force_scan: false,
        read: ReadConfig::default(),
    }
}
