//! Seats of courses: each caller after another course each time, and all after one.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::EncodedEvent;
use bailiwick::{Id, Runtime, Tags};
use bailiwick_examples::registration::{
    Course, CourseEvent, CourseId, Student, StudentEvent, StudentId, StudentSubscribedToCourse,
    Subscribe,
};
use tephra::{Position, Query, QueryItem};

use super::alone::{Alone, item};
use super::places::{Place, encoded, fill, start};
use crate::report::Row;
use crate::rounds::{Round, System, interleaved, storm};

const CALLERS: usize = 64;

/// Whose seats they are after.
#[derive(Clone, Copy, PartialEq)]
enum After {
    /// Nobody is in anybody's way.
    TheirOwn,
    /// Each waits for all.
    One,
}

/// Every call is of another student, after another course.
pub async fn disjoint(quick: bool) -> Vec<Row> {
    run("decide-disjoint", After::TheirOwn, if quick { 20 } else { 200 }, quick).await
}

/// Every call is of another student, after the same course.
pub async fn contended(quick: bool) -> Vec<Row> {
    run("decide-contended", After::One, if quick { 20 } else { 200 }, quick).await
}

async fn run(workload: &str, after: After, each: usize, quick: bool) -> Vec<Row> {
    let plain = |name, place: fn() -> Place| {
        System::new(name, move || bailiwick(place(), after, each, false))
    };
    // Its callers lose dozens of times before each of them wins once.
    let fewer = if after == After::One { each / 10 } else { each };
    let systems = vec![
        plain("bailiwick-memory", Place::memory),
        plain("bailiwick-durable", Place::durable),
        System::new("bailiwick-durable, aggregates", move || {
            bailiwick(Place::durable(), after, each, true)
        }),
        System::new("tephra", move || tephra_alone(after, fewer)),
    ];
    interleaved(workload, CALLERS, if quick { 1 } else { 5 }, systems).await
}

fn student(n: usize) -> StudentId {
    format!("s{n}").parse().expect("an ID")
}

fn course(n: usize) -> CourseId {
    format!("c{n}").parse().expect("an ID")
}

/// Student and course of a call.
fn wish(after: After, caller: usize, k: usize, each: usize) -> (StudentId, CourseId) {
    let n = caller * each + k;
    (student(n), course(if after == After::One { 0 } else { n }))
}

/// Everybody is there before it begins, and there are seats for all.
fn before(after: After, each: usize) -> impl Iterator<Item = EncodedEvent> {
    let calls = CALLERS * each;
    let courses = if after == After::One { 1 } else { calls };
    let registered = move |n| {
        let own = Tags::from(student(n).tag().expect("a tag"));
        encoded(own, &StudentEvent::StudentRegistered { name: "Ada".into() })
    };
    let defined = move |n| {
        let own = Tags::from(course(n).tag().expect("a tag"));
        encoded(own, &CourseEvent::CourseDefined { capacity: u32::MAX })
    };
    (0..calls).map(registered).chain((0..courses).map(defined))
}

/// `aggregates`: students and courses are registered and in memory, so each is told of each seat, and
/// takes turns with who is after it.
async fn bailiwick(place: Place, after: After, each: usize, aggregates: bool) -> Round {
    let journal = place.open();
    fill(&journal, before(after, each)).await;
    let runtime = match aggregates {
        true => {
            let builder = Runtime::builder_shared(journal.clone());
            let builder = builder.aggregate::<Student>().aggregate::<Course>();
            let builder = builder.decision::<Subscribe>();
            let runtime = builder.start().await.expect("it starts");
            all_loaded(&runtime).await;
            runtime
        }
        false => start(journal.clone(), |config| config).await,
    };
    let mut round = storm(CALLERS, each, |caller| {
        let decisions = runtime.decisions();
        move |k| {
            let (student, course) = wish(after, caller, k, each);
            let decided = decisions.decide(Subscribe { student, course });
            async move {
                decided.await.expect("there is a seat");
                0
            }
        }
    })
    .await;
    round.asides.push((runtime.counts().conflicts as f64, "conflicts"));
    drop((runtime, journal));
    round
}

/// What was written without them is loaded at the start, because it may have a deadline.
async fn all_loaded(runtime: &Runtime) {
    let (students, courses) = (runtime.aggregates::<Student>(), runtime.aggregates::<Course>());
    while students.deadlines_armed() + courses.deadlines_armed() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn tephra_alone(after: After, each: usize) -> Round {
    let folder = tempfile::tempdir().expect("a folder");
    let alone = Arc::new(Alone::open(folder.path()));
    alone.fill(before(after, each)).await;
    let mut round = storm(CALLERS, each, |caller| {
        let alone = alone.clone();
        // What the client keeps of the one course, so that it need not count all seats each time.
        let kept = Arc::new(parking_lot::Mutex::new(Seats::default()));
        move |k| {
            let (alone, kept) = (alone.clone(), kept.clone());
            let (student, course) = wish(after, caller, k, each);
            async move {
                let seats = match after {
                    After::TheirOwn => Seats::default(),
                    After::One => *kept.lock(),
                };
                *kept.lock() = subscribe(&alone, student, course, seats).await;
                0
            }
        }
    })
    .await;
    round.asides.push((alone.conflicts() as f64, "conflicts"));
    round
}

/// A course, as far as a client has read it.
#[derive(Debug, Default, Clone, Copy)]
struct Seats {
    defined: bool,
    taken: u64,
    upto: Option<Position>,
}

/// The same decision as [`Subscribe`], by hand.
async fn subscribe(alone: &Alone, student: StudentId, course: CourseId, mut seats: Seats) -> Seats {
    let of_student = of_student(&student);
    let of_course = of_course(&course);
    let both = Query::items(vec![of_student.clone(), of_course.clone()]);
    let (of_student, of_course) = (Query::item(of_student), Query::item(of_course));
    let event = encoded(Tags::none(), &StudentSubscribedToCourse { student, course });
    loop {
        // The course first: what is new of it afterwards is a conflict.
        let mut fold = |event_type: &str| match event_type {
            "CourseDefined" => seats.defined = true,
            "StudentSubscribedToCourse" => seats.taken += 1,
            _ => {}
        };
        let upto = alone.read(&of_course, seats.upto.unwrap_or(Position::ZERO), &mut fold);
        seats.upto = Some(upto);
        let (mut registered, mut subscriptions) = (false, 0);
        alone.read(&of_student, Position::ZERO, |event_type| match event_type {
            "StudentRegistered" => registered = true,
            "StudentSubscribedToCourse" => subscriptions += 1,
            _ => {}
        });
        assert!(registered && subscriptions < 5 && seats.defined);
        assert!(seats.taken < u64::from(u32::MAX));
        if alone.append(&event, &both, upto).await {
            return seats;
        }
    }
}

fn of_student(student: &StudentId) -> QueryItem {
    const TYPES: [&str; 5] = [
        "StudentRegistered",
        "StudentRenamed",
        "StudentLeft",
        "StudentSubscribedToCourse",
        "StudentUnsubscribedFromCourse",
    ];
    item(&TYPES, student.tag().expect("a tag").as_str())
}

fn of_course(course: &CourseId) -> QueryItem {
    const TYPES: [&str; 5] = [
        "CourseDefined",
        "CourseCapacityChanged",
        "CourseCancelled",
        "StudentSubscribedToCourse",
        "StudentUnsubscribedFromCourse",
    ];
    item(&TYPES, course.tag().expect("a tag").as_str())
}
