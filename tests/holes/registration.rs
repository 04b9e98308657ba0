//! Decisions on holes: two runtimes share a journal, and no course is overbooked.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::Runtime;
use bailiwick::journal::Journal;
use bailiwick_examples::registration::{
    Course, CourseId, Define, Refused, Register, Student, StudentId, Subscribe,
};
use bailiwick_tests::journals::sparse::Sparse;

async fn school(journal: &Arc<dyn Journal>) -> Runtime {
    Runtime::builder_shared(journal.clone())
        .aggregate::<Student>()
        .aggregate::<Course>()
        .decision::<Subscribe>()
        .config(|config| config.timeout(Duration::from_secs(60)))
        .start()
        .await
        .unwrap()
}

fn student(n: usize) -> StudentId {
    format!("s{n}").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_24_students_after_5_seats_5_win_in_two_runtimes() {
    let journal: Arc<dyn Journal> = Arc::new(Sparse::default());
    let schools = [school(&journal).await, school(&journal).await];
    let course: CourseId = "c".parse().unwrap();
    schools[0].aggregates::<Course>().get(course.clone()).ask(Define(5)).await.unwrap();
    for n in 0..24 {
        let students = schools[n % 2].aggregates::<Student>();
        students.get(student(n)).ask(Register("Ada".into())).await.unwrap();
    }
    let asked: Vec<_> = (0..24)
        .map(|n| {
            let course = course.clone();
            tokio::spawn(schools[n % 2].decide(Subscribe { student: student(n), course }))
        })
        .collect();
    let mut won = 0;
    for one in asked {
        match one.await.unwrap() {
            Ok(()) => won += 1,
            Err(error) => assert_eq!(error.rejection(), Some(&Refused::CourseFull), "{error:?}"),
        }
    }
    assert_eq!(won, 5);
    // Who begins later finds the same.
    let late = school(&journal).await;
    let again = late.decide(Subscribe { student: student(0), course }).await.unwrap_err();
    assert!(again.rejection().is_some(), "{again:?}");
}
