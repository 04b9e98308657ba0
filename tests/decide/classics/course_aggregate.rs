//! A course, live and rebuilt at the same time: nobody takes a seat twice, whoever decides.

use bailiwick::{Decide, Runtime};
use bailiwick_examples::classics::course_aggregate::{
    ChangeCapacity, CourseAggregate, CourseAggregateEvent, CourseRefused, Create, Rebuilt,
    SubscribeStudent,
};

use super::races;
use super::setup::{Call, Setting, Setup, ruled};

races!(
    a_course_is_created_once,
    seats_go_to_as_many_as_there_are,
    live_and_rebuilt_share_the_seats,
    a_capacity_is_never_below_the_subscriptions,
    courses_do_not_disturb_each_other,
);

const SEATS: u32 = 7;

fn rebuilt<C: Send + Sync + 'static>(
    runtime: &Runtime,
    course: impl AsRef<str>,
    command: C,
) -> Call<(), CourseRefused>
where
    CourseAggregate: Decide<C, Reply = (), Rejection = CourseRefused>,
{
    let course = course.as_ref().parse().unwrap();
    Box::pin(ruled(runtime.decide(Rebuilt { course, command })))
}

fn live<C: Send + 'static>(runtime: &Runtime, command: C) -> Call<(), CourseRefused>
where
    CourseAggregate: Decide<C, Reply = (), Rejection = CourseRefused>,
{
    Box::pin(ruled(runtime.aggregates::<CourseAggregate>().get("c").ask(command)))
}

fn create(title: impl ToString) -> Create {
    Create { title: title.to_string(), capacity: SEATS }
}

fn subscribe(n: usize) -> SubscribeStudent {
    SubscribeStudent(format!("s{n}").parse().unwrap())
}

/// A course, which every runtime has in memory.
async fn created(setting: Setting) -> Setup {
    let setup = Setup::open(setting).await;
    live(setup.runtime(), create("Algebra")).await.unwrap();
    // Each runtime's own has read the journal by now.
    let known = setup.at_once(|_, runtime| live(runtime, create("Algebra"))).await;
    known.won_by(0, &CourseRefused::Exists);
    setup
}

/// How many seats are taken in the end. At no event more than there are.
async fn taken(setup: &Setup) -> u32 {
    let (mut capacity, mut taken) = (0, 0);
    for event in setup.events().await {
        match event {
            CourseAggregateEvent::CourseCreated { capacity: seats, .. }
            | CourseAggregateEvent::CourseResized { capacity: seats, .. } => capacity = seats,
            CourseAggregateEvent::StudentEnrolled { .. } => taken += 1,
        }
        assert!(taken <= capacity, "{taken} of {capacity} seats are taken");
    }
    taken
}

async fn a_course_is_created_once(setting: Setting) {
    let setup = Setup::open(setting).await;
    let outcome = setup.race(|n, runtime| rebuilt(runtime, "c", create(n))).await;
    outcome.won_by(1, &CourseRefused::Exists);
    assert_eq!(setup.events::<CourseAggregateEvent>().await.len(), 1);
}

async fn seats_go_to_as_many_as_there_are(setting: Setting) {
    let setup = created(setting).await;
    let outcome = setup.race(|n, runtime| rebuilt(runtime, "c", subscribe(n))).await;
    outcome.won_by(SEATS as usize, &CourseRefused::FullyBooked);
    assert_eq!(taken(&setup).await, SEATS);
}

/// Half of the callers ask the live course, the others decide on the rebuilt one. In one runtime
/// they take turns: one append of each runtime stands at the gate, and nobody conflicts.
async fn live_and_rebuilt_share_the_seats(setting: Setting) {
    let setup = created(setting).await;
    let outcome = setup
        .race_of(setting.runtimes, async {}, |n, runtime| {
            match (n / setting.runtimes).is_multiple_of(2) {
                true => live(runtime, subscribe(n)),
                false => rebuilt(runtime, "c", subscribe(n)),
            }
        })
        .await;
    assert_eq!(outcome.conflicts > 0, setting.runtimes > 1, "{} conflicts", outcome.conflicts);
    outcome.won_by(SEATS as usize, &CourseRefused::FullyBooked);
    assert_eq!(taken(&setup).await, SEATS);
    // Both know of all of them; a live one of two runtimes perhaps not before it conflicts.
    let full = setup.race_of(0, async {}, |n, runtime| live(runtime, subscribe(n))).await;
    full.won_by(0, &CourseRefused::FullyBooked);
    let full = setup.at_once(|n, runtime| rebuilt(runtime, "c", subscribe(n))).await;
    full.won_by(0, &CourseRefused::FullyBooked);
}

/// Some take seats while others take the free ones away, until there is none of either.
async fn a_capacity_is_never_below_the_subscriptions(setting: Setting) {
    let setup = created(setting).await;
    let outcome = setup
        .race_of(setting.runtimes, async {}, |n, runtime| {
            let seats = SEATS - 1 - u32::try_from(n).unwrap() % 4;
            match n / setting.runtimes % 4 {
                0 => live(runtime, ChangeCapacity(seats)),
                1 => rebuilt(runtime, "c", ChangeCapacity(seats)),
                2 => live(runtime, subscribe(n)),
                _ => rebuilt(runtime, "c", subscribe(n)),
            }
        })
        .await;
    assert!(!outcome.won.is_empty() && !outcome.refused.is_empty());
    assert!(outcome.conflicts == 0 || setting.runtimes > 1, "{} conflicts", outcome.conflicts);
    taken(&setup).await;
}

async fn courses_do_not_disturb_each_other(setting: Setting) {
    let setup = Setup::open(setting).await;
    let course = |n: usize| format!("c{n}");
    setup.at_once(|n, runtime| rebuilt(runtime, course(n), create(n))).await.won_by_all();
    setup.at_once(|n, runtime| rebuilt(runtime, course(n), subscribe(n))).await.won_by_all();
}
