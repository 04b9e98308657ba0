//! A snapshot that is committed beside the code: so a version that nobody has raised fails a test.

use std::fmt::Write as _;

use super::{Declared, survives};
use crate::codec::show;
use crate::id::IntoId;
use crate::report::ErrorReport;
use crate::short_name::short_name;
use crate::time::Timestamp;
use crate::view::{Snapshots, View};

/// Fails if snapshots that were kept by the code of before are not what today's code folds from the same
/// events, and nobody has raised their [version](Snapshots::version).
///
/// `events` are a history that goes through all of the state, each with its time; `committed` is what this
/// says is to be committed: begin with an empty text.
///
/// ```
/// # use bailiwick_core::{Event, Snapshots, Timestamp, View, assert_snapshot, id};
/// # use serde::{Deserialize, Serialize};
/// # id!(MeterId: "meter");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # struct MeterRead { kwh: u64 }
/// # #[derive(Clone, PartialEq, Serialize, Deserialize)]
/// # struct Meter { total: u64 }
/// # impl View for Meter {
/// #     type Key = MeterId;
/// #     type Event = MeterRead;
/// #     const SNAPSHOTS: Option<Snapshots<Self>> = Some(Snapshots::version(1));
/// #     fn new(_: &MeterId) -> Self { Meter { total: 0 } }
/// #     fn apply(&mut self, read: &MeterRead, _: Timestamp) { self.total += read.kwh; }
/// # }
/// // In a test, with `include_str!("meter.snapshot")`:
/// assert_snapshot::<Meter>(
///     "m1",
///     [(10, MeterRead { kwh: 7 }), (20, MeterRead { kwh: 5 })],
///     "version 1 of snapshots, of what is read as 6ccf095dc2a9ebe2\n81a5746f74616c0c\n",
/// );
/// ```
///
/// # Panics
/// If they are not, with what to do and what to commit; and if the view has no snapshots.
#[track_caller]
pub fn assert_snapshot<V: View>(
    key: impl IntoId<V::Key>,
    events: impl IntoIterator<Item = (impl Into<Timestamp>, V::Event)>,
    committed: &str,
) {
    let view = short_name::<V>();
    let (Some(snapshots), Some(declared)) = (V::SNAPSHOTS, Declared::of::<V>()) else {
        panic!("{view} has no snapshots: see `View::SNAPSHOTS`")
    };
    let mut state = V::new(&key.into_id());
    events.into_iter().for_each(|(at, event)| state.apply(&event, at.into()));
    if let Err(error) = survives(&state) {
        panic!("{}", ErrorReport::of(&error));
    }
    let form = snapshots.encode(&state).expect("it was encoded just now");
    let today = text_of(&declared, &form);
    if let Err(why) = compare(&snapshots, &declared, &state, committed) {
        panic!("{view}: {why}. To be committed:\n{today}");
    }
}

fn text_of(declared: &Declared, form: &[u8]) -> String {
    let (version, reads) = (declared.version, declared.reads());
    let mut text = format!("version {version} of snapshots, of what is read as {reads:016x}\n");
    form.iter().for_each(|byte| write!(text, "{byte:02x}").expect("a String takes everything"));
    text.push('\n');
    text
}

fn compare<V: View>(
    snapshots: &Snapshots<V>,
    declared: &Declared,
    state: &V,
    committed: &str,
) -> Result<(), String> {
    let mut lines = committed.lines();
    let (Some(head), Some(form)) = (lines.next(), lines.next().and_then(bytes_of)) else {
        return Err("no snapshot is committed yet".into());
    };
    let today = text_of(declared, &[]);
    if Some(head) != today.lines().next() {
        return Err(format!(
            "the snapshot that is committed says \"{head}\", so it is none any more"
        ));
    }
    let raise = format!(
        "raise `Snapshots::version({})` to {}, or every snapshot that there is would be taken for what it \
         is not",
        declared.version,
        declared.version + 1
    );
    let kept = snapshots.decode(&form).map_err(|error| {
        format!(
            "the snapshot that is committed cannot be read ({}): {raise}",
            ErrorReport::of(&error)
        )
    })?;
    if !snapshots.is_same(&kept, state) {
        let today = snapshots.encode(state).map(|form| show(&form)).unwrap_or_default();
        return Err(format!(
            "the same events were folded to\n  {}\nand are folded to\n  {today}\n{raise}",
            show(&form)
        ));
    }
    Ok(())
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
