//! The morning when registration opens: every rule holds, whoever is faster.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::{Journal, Query, QueryItem, Read};
use bailiwick::{Aggregates, Event, MemoryJournal, Runtime};
use bailiwick_examples::registration::{
    Course, CourseId, Define, Leave, MAX_SUBSCRIPTIONS, Refused, Register, Student, StudentId,
    StudentSubscribedToCourse, Subscribe, Unsubscribe, UpdateCapacity,
};
use tokio::task::JoinHandle;

/// Longer than the machine can be busy with something else.
const PATIENT: Duration = Duration::from_secs(60);

struct School {
    runtime: Runtime,
    students: Aggregates<Student>,
    courses: Aggregates<Course>,
}

impl School {
    async fn on(journal: &Arc<dyn Journal>) -> School {
        let builder = Runtime::builder_shared(journal.clone())
            .aggregate::<Student>()
            .aggregate::<Course>()
            .decision::<Subscribe>()
            .decision::<Unsubscribe>()
            .config(|config| config.timeout(PATIENT));
        let runtime = builder.start().await.unwrap();
        School { students: runtime.aggregates(), courses: runtime.aggregates(), runtime }
    }

    async fn with(students: usize, courses: usize, seats: u32) -> School {
        let school = School::on(&journal()).await;
        for n in 0..students {
            school.students.get(student(n)).ask(Register("Ada".into())).await.unwrap();
        }
        for n in 0..courses {
            school.courses.get(course(n)).ask(Define(seats)).await.unwrap();
        }
        school
    }

    fn subscribe(&self, s: usize, c: usize) -> JoinHandle<Result<(), Refused>> {
        let asked = self.runtime.decide(Subscribe { student: student(s), course: course(c) });
        tokio::spawn(async move {
            asked.await.map_err(|error| error.rejection().expect("a rule").clone())
        })
    }

    async fn subscribed(&self, pairs: impl IntoIterator<Item = (usize, usize)>) {
        for (s, c) in pairs {
            self.subscribe(s, c).await.unwrap().unwrap();
        }
    }
}

fn journal() -> Arc<dyn Journal> {
    Arc::new(MemoryJournal::new())
}

fn student(n: usize) -> StudentId {
    format!("s{n}").parse().unwrap()
}

fn course(n: usize) -> CourseId {
    format!("c{n}").parse().unwrap()
}

/// How many succeeded, and with what the others were refused.
async fn outcomes(asked: Vec<JoinHandle<Result<(), Refused>>>) -> (usize, Vec<Refused>) {
    let (mut won, mut refused) = (0, Vec::new());
    for one in asked {
        match one.await.unwrap() {
            Ok(()) => won += 1,
            Err(rejection) => refused.push(rejection),
        }
    }
    (won, refused)
}

async fn subscriptions(journal: &Arc<dyn Journal>) -> Vec<StudentSubscribedToCourse> {
    let read = Read::new(Query::from(QueryItem::of_type("StudentSubscribedToCourse")));
    let page = journal.read(read).await.unwrap();
    page.events
        .iter()
        .map(|recorded| {
            let event = &recorded.event;
            Event::decode(event.event_type.as_str(), event.version, &event.payload)
                .unwrap()
                .unwrap()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_students_after_7_seats_7_win() {
    let school = School::with(64, 1, 7).await;
    let before = school.runtime.counts();
    let (won, refused) = outcomes((0..64).map(|n| school.subscribe(n, 0)).collect()).await;
    assert_eq!((won, refused), (7, vec![Refused::CourseFull; 57]));
    let counts = school.runtime.counts();
    assert_eq!(counts.conflicts, 0, "they queue");
    assert_eq!((counts.replied - before.replied, counts.rejected - before.rejected), (7, 57));
    assert_eq!(counts.open(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_student_after_16_courses_gets_5() {
    let school = School::with(1, 16, 10).await;
    let (won, refused) = outcomes((0..16).map(|n| school.subscribe(0, n)).collect()).await;
    assert_eq!((won, refused), (MAX_SUBSCRIPTIONS, vec![Refused::TooManySubscriptions; 11]));
    assert_eq!(school.runtime.counts().conflicts, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_has_nothing_in_common_never_conflicts() {
    let school = School::with(64, 64, 1).await;
    let (won, _) = outcomes((0..64).map(|n| school.subscribe(n, n)).collect()).await;
    assert_eq!((won, school.runtime.counts().conflicts), (64, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_after_everything_keeps_every_rule() {
    let school = School::with(16, 8, 6).await;
    let pairs = (0..16).flat_map(|s| (0..8).map(move |c| (s, (s + c) % 8)));
    let (won, _) = outcomes(pairs.map(|(s, c)| school.subscribe(s, c)).collect()).await;
    assert_eq!(school.runtime.counts().conflicts, 0);
    let (mut by_student, mut by_course) = (0, 0);
    for n in 0..16 {
        let courses = school.students.get(student(n)).read(|student, _| student.courses.len());
        let courses = courses.await.unwrap().value;
        assert!(courses <= MAX_SUBSCRIPTIONS);
        by_student += courses;
    }
    for n in 0..8 {
        let taken = school.courses.get(course(n)).read(|course, _| course.subscriptions);
        let taken = taken.await.unwrap().value;
        assert!(taken <= 6);
        by_course += taken as usize;
    }
    assert_eq!((by_student, by_course), (won, won), "the aggregates know of all of them");
}

#[tokio::test]
async fn a_live_course_knows_at_once_how_many_are_subscribed() {
    let school = School::with(5, 1, 10).await;
    school.subscribed((0..5).map(|n| (n, 0))).await;
    let course = school.courses.get("c0");
    let error = course.ask(UpdateCapacity(4)).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&Refused::BelowSubscriptions(5)));
    course.ask(UpdateCapacity(5)).await.unwrap();
    assert_eq!(school.runtime.counts().conflicts, 0, "it did not have to run into one");
    let full = school.subscribe(5, 0).await.unwrap();
    assert_eq!(full, Err(Refused::NotActive));
    school.students.get("s5").ask(Register("Ada".into())).await.unwrap();
    let full = school.subscribe(5, 0).await.unwrap();
    assert_eq!(full, Err(Refused::CourseFull), "a decision sees what the course wrote");
}

#[tokio::test]
async fn a_live_student_with_subscriptions_cannot_leave() {
    let school = School::with(1, 1, 10).await;
    let ada = school.students.get("s0");
    school.subscribed([(0, 0)]).await;
    let error = ada.ask(Leave).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&Refused::HasSubscriptions(1)));
    let unsubscribe = Unsubscribe { student: student(0), course: course(0) };
    school.runtime.decide(unsubscribe).await.unwrap();
    ada.ask(Leave).await.unwrap();
    assert_eq!(school.subscribe(0, 0).await.unwrap(), Err(Refused::NotActive));
    assert_eq!(school.runtime.counts().conflicts, 0);
}

#[tokio::test]
async fn what_rests_knows_of_it_when_it_wakes() {
    let journal = journal();
    let school = School::with_journal(&journal).await;
    school.subscribed([(0, 0)]).await;
    drop(school);
    let school = School::on(&journal).await;
    let error = school.students.get("s0").ask(Leave).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&Refused::HasSubscriptions(1)));
}

impl School {
    /// One student and one course.
    async fn with_journal(journal: &Arc<dyn Journal>) -> School {
        let school = School::on(journal).await;
        school.students.get("s0").ask(Register("Ada".into())).await.unwrap();
        school.courses.get("c0").ask(Define(3)).await.unwrap();
        school
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_runtimes_on_one_journal_keep_every_rule_and_both_go_on() {
    let journal = journal();
    let one = School::with_journal(&journal).await;
    for n in 1..64 {
        one.students.get(student(n)).ask(Register("Ada".into())).await.unwrap();
    }
    one.courses.get("c0").ask(UpdateCapacity(7)).await.unwrap();
    let two = School::on(&journal).await;
    let asked = (0..64).map(|n| if n % 2 == 0 { &one } else { &two }.subscribe(n, 0)).collect();
    let (won, refused) = outcomes(asked).await;
    assert_eq!((won, refused), (7, vec![Refused::CourseFull; 57]));
    let taken = subscriptions(&journal).await;
    assert_eq!(taken.len(), 7);
    for (n, school) in [&two, &one].into_iter().enumerate() {
        let StudentSubscribedToCourse { student, course } = taken[n].clone();
        let unsubscribe = Unsubscribe { student: student.clone(), course: course.clone() };
        school.runtime.decide(unsubscribe).await.unwrap();
        school.runtime.decide(Subscribe { student, course }).await.unwrap();
    }
}
