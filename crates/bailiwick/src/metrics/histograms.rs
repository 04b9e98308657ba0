//! What is told as it happens.

use metrics::{Histogram, with_recorder};

use super::Labels;
use super::table::{APPEND, LATE, METADATA, Row, TABLE, TURN, WAIT};

/// Those of an aggregate type, or of all decisions, of durations; of the recorder that was installed when they were made.
pub(crate) struct Histograms {
    pub(crate) wait: Histogram,
    pub(crate) turn: Histogram,
    pub(crate) append: Histogram,
    pub(crate) late: Histogram,
}

impl Histograms {
    pub(crate) fn new(labels: &Labels, kind: &'static str, name: &'static str) -> Self {
        let of = |row: &Row| {
            let key = row.key(labels, &[("kind", kind), ("name", name)]);
            with_recorder(|recorder| recorder.register_histogram(&key, &METADATA))
        };
        Histograms { wait: of(&WAIT), turn: of(&TURN), append: of(&APPEND), late: of(&LATE) }
    }
}

/// Says of all metrics what they are.
pub(crate) fn describe_all() {
    with_recorder(|recorder| TABLE.iter().for_each(|row| row.describe(recorder)));
}
