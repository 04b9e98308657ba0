//! What a rehearsal has found.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bailiwick_core::Position;

/// How many differences a report has in full. All are counted.
const DIFFERENCES: usize = 100;
/// How many bytes the text of an outcome may have in a report. What is longer is cut.
const OUTCOME_BYTES: usize = 1_024;
/// How many kinds of reasons are told apart for one part; further ones are counted together.
const REASONS: usize = 1_000;

/// What a [rehearsal](crate::Rehearsal) has found: what was looked at, what was left out and why, and what
/// would be different now.
///
/// As text it is a table of the parts, then the differences.
///
/// For an example see [`Rehearsal`](crate::Rehearsal).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// How many events were read.
    pub events: u64,
    /// The first position that was to be read.
    pub from: Position,
    /// The last one.
    pub upto: Position,
    /// How long it took.
    pub elapsed: Duration,
    /// What was looked at, a part for each command, decision, policy and aggregate that was added, then
    /// what belongs to none of them.
    pub parts: Vec<Part>,
    /// The first of what would be different now, in the order in which it was found. How many there are is
    /// [`differing`](Self::differing).
    pub differences: Vec<Difference>,
}

/// A part of a [`Report`].
///
/// For an example see [`Rehearsal`](crate::Rehearsal).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// Of what: `command PlaceBid of listing`, `decision Subscribe`, `deadline of listing`,
    /// `policy corrective`.
    pub of: String,
    /// How many were compared: commands, decisions, deadlines, or news of a policy.
    pub checked: u64,
    /// How many of these would be different now.
    pub differing: u64,
    /// How many were not compared, by why.
    pub left_out: BTreeMap<LeftOut, u64>,
}

/// Something that would be different now.
///
/// For an example see [`Rehearsal`](crate::Rehearsal).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What, and of whom: `command PlaceBid of listing l1`, `policy corrective`.
    pub of: String,
    /// Where that stands in the journal: the first event of a command, the refusal, or the news.
    pub position: Position,
    /// The command itself, as it is recorded, or the news; empty for a deadline.
    pub about: String,
    /// What came of it.
    pub was: String,
    /// What would come of it now.
    pub now: String,
}

/// Whether anything would be different now.
///
/// For an example see [`Rehearsal`](crate::Rehearsal).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing of what was compared. Something was.
    Same,
    /// Something would be.
    Differs,
    /// Nobody knows: nothing was compared.
    NothingChecked,
}

/// Why something was not compared.
///
/// For an example see [`Rehearsal`](crate::Rehearsal).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LeftOut {
    /// It is of a type that was not added. What, and how it is added.
    NotAdded(String),
    /// Events of commands of a type that is not recorded, or was not when it was decided.
    NotRecorded(String),
    /// The command was larger than is recorded, or could not be encoded.
    TooLarge,
    /// The recorded command cannot be read any more: why.
    Unreadable(String),
    /// A view that the decision does not guard may have shown it less than it would now.
    Unguarded,
    /// Its events go on beyond what was read, or may have begun before.
    CutOff,
    /// The policy was never started on this journal.
    NeverStarted,
    /// The policy was started later, and does not want it.
    BeforeStart,
    /// The news has no lane of the policy.
    NoLane,
    /// The policy has not recorded that it is done.
    NotDone,
    /// Its lane is parked.
    Parked,
    /// An operator has dropped it.
    Dropped,
    /// An operator has skipped it, or one of its deliveries.
    Skipped,
    /// The policy was rewound: it was, or will be, done again.
    Rewound,
    /// More news of the policy were not known to be done than a rehearsal holds.
    TooLate,
    /// There were more reasons than are told apart.
    Other,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LeftOut::NotAdded(what) => return write!(f, "not added: {what}"),
            LeftOut::NotRecorded(what) => {
                return write!(f, "events of {what}, which is not recorded");
            }
            LeftOut::TooLarge => "larger than is recorded",
            LeftOut::Unreadable(why) => return write!(f, "not readable any more: {why}"),
            LeftOut::Unguarded => "a view that is not guarded may have been behind",
            LeftOut::CutOff => "read in part",
            LeftOut::NeverStarted => "the policy was never started here",
            LeftOut::BeforeStart => "before the policy was started",
            LeftOut::NoLane => "in no lane",
            LeftOut::NotDone => "not known to be done",
            LeftOut::Parked => "parked",
            LeftOut::Dropped => "dropped",
            LeftOut::Skipped => "skipped",
            LeftOut::Rewound => "rewound",
            LeftOut::TooLate => "not known to be done in time",
            LeftOut::Other => "for other reasons",
        })
    }
}

impl Report {
    /// Whether anything would be different now.
    pub fn verdict(&self) -> Verdict {
        match (self.differing(), self.checked()) {
            (0, 0) => Verdict::NothingChecked,
            (0, _) => Verdict::Same,
            _ => Verdict::Differs,
        }
    }

    /// How much was compared.
    pub fn checked(&self) -> u64 {
        self.parts.iter().map(|part| part.checked).sum()
    }

    /// How much of that would be different now.
    pub fn differing(&self) -> u64 {
        self.parts.iter().map(|part| part.differing).sum()
    }

    /// How much was not compared, by why.
    pub fn left_out(&self) -> BTreeMap<LeftOut, u64> {
        let mut all = BTreeMap::new();
        for (why, count) in self.parts.iter().flat_map(|part| &part.left_out) {
            *all.entry(why.clone()).or_default() += count;
        }
        all
    }

    /// For a gate: that nothing would be different now.
    ///
    /// # Panics
    /// If something would be, or if nothing was compared. The message is the report.
    #[track_caller]
    pub fn assert_same(&self) -> &Self {
        assert!(self.verdict() == Verdict::Same, "{self}");
        self
    }

    /// For a gate that is to notice when it looks at nothing any more: that of each part which was added
    /// something was compared.
    ///
    /// # Panics
    /// If of one nothing was. The message is the report.
    #[track_caller]
    pub fn assert_covered(&self) -> &Self {
        let of_none = self.parts.iter().filter(|part| part.checked == 0 && !part.is_rest());
        let of_none: Vec<_> = of_none.map(|part| part.of.as_str()).collect();
        assert!(of_none.is_empty(), "nothing was compared of: {}\n{self}", of_none.join(", "));
        self
    }
}

/// What belongs to nothing that was added.
const REST: &str = "everything else";

impl Part {
    pub(super) fn of(of: String) -> Part {
        Part { of, checked: 0, differing: 0, left_out: BTreeMap::new() }
    }

    pub(super) fn rest() -> Part {
        Part::of(REST.to_owned())
    }

    fn is_rest(&self) -> bool {
        self.of == REST
    }
}

/// What was found so far.
pub(super) struct Findings {
    pub(super) parts: Vec<Part>,
    pub(super) differences: Vec<Difference>,
}

impl Findings {
    /// The part of what belongs to none of the others.
    pub(super) fn rest(&self) -> usize {
        self.parts.len() - 1
    }

    pub(super) fn same(&mut self, part: usize) {
        self.parts[part].checked += 1;
    }

    pub(super) fn leave_out(&mut self, part: usize, why: LeftOut) {
        let left_out = &mut self.parts[part].left_out;
        let is_known = left_out.len() < REASONS || left_out.contains_key(&why);
        *left_out.entry(if is_known { why } else { LeftOut::Other }).or_default() += 1;
    }

    pub(super) fn differs(&mut self, part: usize, difference: impl FnOnce() -> Difference) {
        let part = &mut self.parts[part];
        (part.checked, part.differing) = (part.checked + 1, part.differing + 1);
        if self.differences.len() < DIFFERENCES {
            let mut difference = difference();
            cut(&mut difference.about);
            cut(&mut difference.was);
            cut(&mut difference.now);
            self.differences.push(difference);
        }
    }
}

fn cut(text: &mut String) {
    if text.len() > OUTCOME_BYTES {
        text.truncate(text.floor_char_boundary(OUTCOME_BYTES));
        text.push_str("..");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { events, from, upto, elapsed, .. } = self;
        let seconds = elapsed.as_secs_f64();
        write!(f, "{} events from {from} up to {upto}, in {seconds:.1} s: ", grouped(*events))?;
        let (checked, differing) = (grouped(self.checked()), grouped(self.differing()));
        let found = match self.verdict() {
            Verdict::Same => format!("{checked} compared, all the same"),
            Verdict::Differs => format!("{checked} compared, {differing} would be different now"),
            Verdict::NothingChecked => "nothing was compared, so nobody knows".to_owned(),
        };
        f.write_str(&found)?;
        let is_shown = |part: &&Part| !part.is_rest() || !part.left_out.is_empty();
        let mut parts = self.parts.iter().filter(is_shown);
        parts.try_for_each(|part| write!(f, "\n  {part}"))?;
        for (nth, difference) in self.differences.iter().enumerate() {
            write!(f, "\n{}. {difference}", nth + 1)?;
        }
        match self.differing().saturating_sub(self.differences.len() as u64) {
            0 => Ok(()),
            more => write!(f, "\n.. and {} more", grouped(more)),
        }
    }
}

/// `command PlaceBid of listing: 1 200 compared, 3 would be different now; left out: 4 parked`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Part { of, checked, differing, left_out } = self;
        write!(f, "{of}: ")?;
        if !self.is_rest() {
            write!(f, "{} compared", grouped(*checked))?;
            match differing {
                0 => {}
                differing => write!(f, ", {} would be different now", grouped(*differing))?,
            }
        }
        for (nth, (why, count)) in left_out.iter().enumerate() {
            let before = match (nth, self.is_rest()) {
                (0, false) => "; left out: ",
                (0, true) => "left out: ",
                _ => ", ",
            };
            write!(f, "{before}{} {why}", grouped(*count))?;
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { of, position, about, was, now } = self;
        write!(f, "{of} at position {position}")?;
        if !about.is_empty() {
            write!(f, "\n   {about}")?;
        }
        write!(f, "\n   was: {was}\n   now: {now}")
    }
}

/// `1 234 567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
