//! Commands of students and courses, and decisions about both, at random and all at once. The order
//! of the journal, replayed through a [model](super::model), has to explain every answer:
//!
//! 1. What was accepted is at its position, once, and is what the model makes of it there. Nothing
//!    else is in the journal.
//! 2. What was refused, or changed nothing, is what the model says at some place of the journal
//!    between what had been acknowledged about the same student or course before the call, to
//!    anybody, and what was in it at the answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::{Journal, Query, RecordedEvent};
use bailiwick::{Aggregate, Aggregates, AskError, Decide, Receipt, Runtime};
use bailiwick_examples::registration::{
    Cancel, ChangeName, Course, CourseId, Define, Leave, Refused, Register, Student, StudentId,
    Subscribe, Unsubscribe, UpdateCapacity,
};
use bailiwick_tests::journals::place::{Kept, Place, matching};
use bailiwick_tests::sim::Random;
use parking_lot::Mutex;

use super::careless_journal::careless;
use super::model::{Fact, Model, Wish};
use super::{chosen, seed};

const CALLERS: u64 = 16;
/// Of the short version.
const CALLS: u64 = 3_200;

/// Longer than the machine can be busy with something else.
const PATIENT: Duration = Duration::from_secs(600);

/// A wish and what came of it.
#[derive(Debug)]
struct Call {
    wish: Wish,
    answer: Result<u64, Refused>,
    /// Up to here somebody had been told of what it concerns when it began.
    acknowledged: u64,
    /// The end of the journal when it was answered.
    head: u64,
}

struct School {
    journal: Arc<dyn Journal>,
    runtime: Runtime,
    students: Aggregates<Student>,
    courses: Aggregates<Course>,
    acknowledged: Arc<Acknowledged>,
}

/// The last position that somebody was told, by what it concerns.
#[derive(Default)]
struct Acknowledged {
    students: Mutex<BTreeMap<StudentId, u64>>,
    courses: Mutex<BTreeMap<CourseId, u64>>,
}

impl Acknowledged {
    fn about(&self, wish: &Wish) -> u64 {
        let (student, course) = wish.concerns();
        let student = student.and_then(|student| self.students.lock().get(&student).copied());
        let course = course.and_then(|course| self.courses.lock().get(&course).copied());
        student.max(course).unwrap_or(0)
    }

    fn note(&self, wish: &Wish, position: u64) {
        let later = |known: &mut u64| *known = position.max(*known);
        let (student, course) = wish.concerns();
        if let Some(student) = student {
            later(self.students.lock().entry(student).or_default());
        }
        if let Some(course) = course {
            later(self.courses.lock().entry(course).or_default());
        }
    }
}

impl School {
    async fn on(journal: &Arc<dyn Journal>, acknowledged: &Arc<Acknowledged>) -> Arc<School> {
        let builder = Runtime::builder_shared(journal.clone())
            .aggregate::<Student>()
            .aggregate::<Course>()
            .decision::<Subscribe>()
            .decision::<Unsubscribe>()
            .config(|config| config.timeout(PATIENT).attempts(1_000));
        let runtime = builder.start().await.expect("it starts");
        let (students, courses) = (runtime.aggregates(), runtime.aggregates());
        let (journal, acknowledged) = (journal.clone(), acknowledged.clone());
        Arc::new(School { journal, runtime, students, courses, acknowledged })
    }

    async fn call(&self, wish: Wish) -> Call {
        let acknowledged = self.acknowledged.about(&wish);
        let answer = self.grant(wish.clone()).await;
        if let Ok(position) = &answer {
            self.acknowledged.note(&wish, *position);
        }
        let head = self.journal.head().await.expect("it can be read").position.get();
        Call { wish, answer, acknowledged, head }
    }

    async fn grant(&self, wish: Wish) -> Result<u64, Refused> {
        let (students, courses, decisions) =
            (&self.students, &self.courses, self.runtime.decisions());
        match wish {
            Wish::Register(who, name) => ask(students, who, Register(name)).await,
            Wish::ChangeName(who, name) => ask(students, who, ChangeName(name)).await,
            Wish::Leave(who) => ask(students, who, Leave).await,
            Wish::Define(place, seats) => ask(courses, place, Define(seats)).await,
            Wish::UpdateCapacity(place, seats) => ask(courses, place, UpdateCapacity(seats)).await,
            Wish::Cancel(place) => ask(courses, place, Cancel).await,
            Wish::Subscribe(student, course) => {
                position(decisions.decide_with_receipt(Subscribe { student, course }).await)
            }
            Wish::Unsubscribe(student, course) => {
                position(decisions.decide_with_receipt(Unsubscribe { student, course }).await)
            }
        }
    }
}

async fn ask<A, C>(of: &Aggregates<A>, id: A::Key, command: C) -> Result<u64, Refused>
where
    A: Aggregate + Decide<C, Reply = (), Rejection = Refused>,
    C: Send + 'static,
{
    position(of.get(id).ask_with_receipt(command).await)
}

fn position<C>(answer: Result<Receipt<()>, AskError<C, Refused>>) -> Result<u64, Refused> {
    match answer {
        Ok(committed) => Ok(committed.position.get()),
        Err(AskError::Rejected(refused)) => Err(refused),
        Err(error) => panic!("no rule said no: {error}"),
    }
}

/// The `nth` wish of a caller: few students; few courses at a time, and now and then a new one.
fn wish(random: &mut Random, nth: u64) -> Wish {
    let who = random.between(1, 6).to_string().parse().expect("an ID");
    let newest = 6 + nth / 50;
    // Seats of courses that nobody wishes for any more are given back, too.
    let oldest = newest - if random.one_in(4) { newest.min(12) } else { 6 } + 1;
    let place = random.between(oldest, newest).to_string().parse().expect("an ID");
    let name = random.pick(&["Ada", "Grace"]).to_owned();
    let seats = u32::try_from(random.between(0, 4)).expect("few");
    match random.between(1, 200) {
        1..=20 => Wish::Register(who, name),
        21..=30 => Wish::ChangeName(who, name),
        31..=38 => Wish::Leave(who),
        39..=58 => Wish::Define(place, seats),
        59..=80 => Wish::UpdateCapacity(place, seats),
        81 => Wish::Cancel(place),
        82..=140 => Wish::Subscribe(who, place),
        _ => Wish::Unsubscribe(who, place),
    }
}

/// What was called, by two runtimes if there are `two`, and the journal in the end.
async fn play(
    journal: &Arc<dyn Journal>,
    two: bool,
    seed: u64,
    calls: u64,
) -> (Vec<Call>, Vec<RecordedEvent>) {
    let acknowledged = Arc::default();
    let one = School::on(journal, &acknowledged).await;
    let schools = [one.clone(), if two { School::on(journal, &acknowledged).await } else { one }];
    let callers: Vec<_> = (0..CALLERS)
        .map(|n| {
            let mut random = Random::of(seed.wrapping_mul(CALLERS).wrapping_add(n));
            let school = schools[usize::from(n % 2 == 1)].clone();
            tokio::spawn(async move {
                let mut called = Vec::new();
                for nth in 0..calls / CALLERS {
                    called.push(school.call(wish(&mut random, nth)).await);
                }
                called
            })
        })
        .collect();
    let mut called = Vec::new();
    for caller in callers {
        called.extend(caller.await.expect("a caller ended well"));
    }
    (called, matching(journal, Query::all()).await)
}

/// What came of the calls.
#[derive(Debug, Default)]
struct Tally {
    changed: usize,
    unchanged: usize,
    refused: usize,
}

/// The error says what nothing explains.
fn explain(calls: Vec<Call>, events: &[RecordedEvent], two: bool) -> Result<Tally, String> {
    let facts: Vec<_> = events.iter().map(Fact::of).collect();
    let (mut written, mut waiting) = apart(calls, &facts);
    if two {
        // What another runtime wrote, a live aggregate learns at its next append.
        let aggregates = waiting.iter_mut().filter(|call| !is_decision(&call.wish));
        aggregates.for_each(|call| call.acknowledged = 0);
    }
    waiting.sort_by_key(|call| call.acknowledged);
    let mut waiting = waiting.into_iter().peekable();
    let (mut model, mut open, mut tally) = (Model::default(), Vec::new(), Tally::default());
    let mut at = 0;
    loop {
        open.extend(std::iter::from_fn(|| waiting.next_if(|call| call.acknowledged <= at)));
        open.retain(|call: &Call| {
            let explained = explains(&model, call);
            let count = if call.answer.is_ok() { &mut tally.unchanged } else { &mut tally.refused };
            *count += usize::from(explained);
            !explained
        });
        if let Some(call) = open.iter().find(|call| call.head <= at) {
            return Err(format!("nothing up to {at} explains {call:?}"));
        }
        let Some(fact) = facts.get(usize::try_from(at).expect("few")) else { break };
        at += 1;
        let call = written.remove(&at).ok_or(format!("{at}: nobody was told of {fact:?}"))?;
        let judged = model.judge(&call.wish);
        if judged.as_ref() != Ok(&Some(fact.clone())) {
            return Err(format!("{at}: {fact:?} of {call:?}, but by then {judged:?}"));
        }
        model.add(fact);
        tally.changed += 1;
    }
    match (written.into_values().next(), waiting.next()) {
        (None, None) => Ok(tally),
        (Some(call), _) | (_, Some(call)) => Err(format!("the journal does not have {call:?}")),
    }
}

/// Those that wrote, by position, and the others. One that changed nothing is told a position, too:
/// that of an event of somebody else.
fn apart(calls: Vec<Call>, facts: &[Fact]) -> (BTreeMap<u64, Call>, Vec<Call>) {
    let (mut written, mut others) = (BTreeMap::new(), Vec::new());
    for call in calls {
        let position = call.answer.as_ref().ok().copied().unwrap_or(0);
        let new = position > call.acknowledged && !written.contains_key(&position);
        let fact = facts.get(usize::try_from(position).expect("few").wrapping_sub(1));
        if new && fact.is_some_and(|fact| is_of(&call.wish, fact)) {
            written.insert(position, call);
        } else {
            others.push(call);
        }
    }
    (written, others)
}

fn explains(model: &Model, call: &Call) -> bool {
    match (&call.answer, model.judge(&call.wish)) {
        (Ok(_), Ok(None)) => true,
        (Err(refused), Err(judged)) => *refused == judged,
        _ => false,
    }
}

fn is_decision(wish: &Wish) -> bool {
    matches!(wish, Wish::Subscribe(..) | Wish::Unsubscribe(..))
}

/// Whether the fact is what was wished for.
fn is_of(wish: &Wish, fact: &Fact) -> bool {
    let made = match wish.clone() {
        Wish::Register(who, name) => Fact::Registered(who, name),
        Wish::ChangeName(who, name) => Fact::Renamed(who, name),
        Wish::Leave(who) => Fact::Left(who),
        Wish::Define(place, seats) => Fact::Defined(place, seats),
        Wish::UpdateCapacity(place, seats) => Fact::Resized(place, seats),
        Wish::Cancel(place) => Fact::Cancelled(place),
        Wish::Subscribe(who, place) => Fact::Subscribed(who, place),
        Wish::Unsubscribe(who, place) => Fact::Unsubscribed(who, place),
    };
    made == *fact
}

async fn judged(kept: Kept, two: bool) {
    let (seed, calls) = (seed(), chosen("ORACLE_CALLS", CALLS));
    let place = Place::fresh(kept);
    let (called, events) = play(&place.open(), two, seed, calls).await;
    let tally = explain(called, &events, two).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    println!("seed {seed}: {tally:?}");
    assert!(tally.changed > 200 && tally.refused > 200, "the oracle is blind: {tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_journal_explains_every_answer_in_memory() {
    judged(Kept::InMemory, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_journal_explains_every_answer_durably() {
    judged(Kept::Durably, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_journal_explains_every_answer_of_two_runtimes_in_memory() {
    judged(Kept::InMemory, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_journal_explains_every_answer_of_two_runtimes_durably() {
    judged(Kept::Durably, true).await;
}

/// Whether two runtimes get into each other's way is left to chance, so there are many chances.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_condition_that_was_not_kept_would_be_seen() {
    for seed in 0..100 {
        let journal: Arc<dyn Journal> = Arc::new(careless(Place::fresh(Kept::InMemory).open()));
        let (called, events) = play(&journal, true, seed, CALLS).await;
        // For its reason: an event that no rule allows any more when it is there.
        if let Err(why) = explain(called, &events, true)
            && why.contains("but by then")
        {
            println!("seed {seed}: {why}");
            return;
        }
    }
    panic!("nobody saw it");
}
