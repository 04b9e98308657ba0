//! `/students` and `/courses`, and the seats, which belong to neither: decisions over both.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post, put};
use bailiwick::{Aggregates, Builder, Decisions, Runtime};
use bailiwick_axum::{Call, Json, PathId, PathIds, Problem, UrlId};
use bailiwick_examples::registration::{
    Cancel, ChangeName, Course, CourseId, Define, Leave, Refused, Register, Student, StudentId,
    Subscribe, Unsubscribe, UpdateCapacity,
};
use serde::Deserialize;
use serde_json::json;

use crate::answer::{created, done, shown};
use crate::description::schema::*;
use crate::description::{self, Operation};

/// What the runtime has to know.
pub fn add(builder: Builder) -> Builder {
    builder
        .aggregate::<Student>()
        .aggregate::<Course>()
        .decision::<Subscribe>()
        .decision::<Unsubscribe>()
}

pub fn routes(runtime: &Runtime) -> Router {
    let students = Router::new()
        .route("/students", post(register))
        .route("/students/{student}", get(student).delete(leave))
        .route("/students/{student}/name", put(rename))
        .with_state(runtime.aggregates::<Student>());
    let courses = Router::new()
        .route("/courses", post(define))
        .route("/courses/{course}", get(course).delete(cancel))
        .route("/courses/{course}/capacity", put(update_capacity))
        .with_state(runtime.aggregates::<Course>());
    let seats = Router::new()
        .route("/courses/{course}/students/{student}", put(subscribe).delete(unsubscribe))
        .with_state(runtime.decisions());
    students.merge(courses).merge(seats)
}

type Students = State<Aggregates<Student>>;
type Courses = State<Aggregates<Course>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterBody {
    student: UrlId<StudentId>,
    name: String,
}

async fn register(
    State(students): Students,
    call: Call,
    Json(RegisterBody { student: UrlId(student), name }): Json<RegisterBody>,
) -> Result<Response, Problem> {
    let receipt = call.ask(&students.get(student.clone()), Register(name), told).await?;
    Ok(created(receipt.position, json!({ "student": student })))
}

async fn student(
    State(students): Students,
    PathId(id): PathId<StudentId>,
) -> Result<Response, Problem> {
    let seen = students.get(id.clone()).read(move |student, _| {
        let name = student.name.as_ref()?;
        Some(json!({ "student": id, "name": name, "courses": student.courses }))
    });
    shown(seen.await?, || told(Refused::NotActive))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameBody {
    name: String,
}

async fn rename(
    State(students): Students,
    PathId(student): PathId<StudentId>,
    call: Call,
    Json(NameBody { name }): Json<NameBody>,
) -> Result<Response, Problem> {
    Ok(done(call.ask(&students.get(student), ChangeName(name), told).await?.position))
}

async fn leave(
    State(students): Students,
    PathId(student): PathId<StudentId>,
    call: Call,
) -> Result<Response, Problem> {
    Ok(done(call.ask(&students.get(student), Leave, told).await?.position))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefineBody {
    course: UrlId<CourseId>,
    capacity: u32,
}

async fn define(
    State(courses): Courses,
    call: Call,
    Json(DefineBody { course: UrlId(course), capacity }): Json<DefineBody>,
) -> Result<Response, Problem> {
    let receipt = call.ask(&courses.get(course.clone()), Define(capacity), told).await?;
    Ok(created(receipt.position, json!({ "course": course })))
}

async fn course(
    State(courses): Courses,
    PathId(id): PathId<CourseId>,
) -> Result<Response, Problem> {
    let seen = courses.get(id.clone()).read(move |course, _| {
        let (capacity, subscriptions) = (course.capacity?, course.subscriptions);
        let cancelled = course.cancelled;
        Some(json!({
            "course": id, "capacity": capacity, "subscriptions": subscriptions, "cancelled": cancelled
        }))
    });
    shown(seen.await?, || told(Refused::NotDefined))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityBody {
    capacity: u32,
}

async fn update_capacity(
    State(courses): Courses,
    PathId(course): PathId<CourseId>,
    call: Call,
    Json(CapacityBody { capacity }): Json<CapacityBody>,
) -> Result<Response, Problem> {
    Ok(done(call.ask(&courses.get(course), UpdateCapacity(capacity), told).await?.position))
}

async fn cancel(
    State(courses): Courses,
    PathId(course): PathId<CourseId>,
    call: Call,
) -> Result<Response, Problem> {
    Ok(done(call.ask(&courses.get(course), Cancel, told).await?.position))
}

async fn subscribe(
    State(decisions): State<Decisions>,
    PathIds(course, student): PathIds<CourseId, StudentId>,
    call: Call,
) -> Result<Response, Problem> {
    let decision = Subscribe { student, course };
    Ok(done(call.decide(&decisions, decision, told).await?.position))
}

async fn unsubscribe(
    State(decisions): State<Decisions>,
    PathIds(course, student): PathIds<CourseId, StudentId>,
    call: Call,
) -> Result<Response, Problem> {
    let decision = Unsubscribe { student, course };
    Ok(done(call.decide(&decisions, decision, told).await?.position))
}

fn told(refused: Refused) -> Problem {
    let (status, code) = match refused {
        Refused::AlreadyRegistered => (409, "already_registered"),
        Refused::NotActive => (404, "not_active"),
        Refused::HasSubscriptions(_) => (409, "has_subscriptions"),
        Refused::AlreadyDefined => (409, "already_defined"),
        Refused::NotDefined => (404, "not_defined"),
        Refused::Cancelled => (409, "cancelled"),
        Refused::BelowSubscriptions(_) => (409, "below_subscriptions"),
        Refused::AlreadySubscribed => (409, "already_subscribed"),
        Refused::TooManySubscriptions => (409, "too_many_subscriptions"),
        Refused::CourseFull => (409, "course_full"),
        Refused::NotSubscribed => (404, "not_subscribed"),
    };
    let problem = Problem::new(status, code);
    match refused {
        Refused::HasSubscriptions(subscriptions) => problem.with("subscriptions", subscriptions),
        Refused::BelowSubscriptions(subscriptions) => problem.with("subscriptions", subscriptions),
        _ => problem,
    }
}

pub fn described() -> Vec<Operation> {
    let seats = || count_upto(u32::MAX.into());
    vec![
        description::post("/students", "Registers a student")
            .takes(object([("student", id()), ("name", text())]))
            .answers(201, object([("student", id())]))
            .refuses(409, &["already_registered"]),
        description::get("/students/{student}", "A student, with the courses subscribed to")
            .answers(200, object([("student", id()), ("name", text()), ("courses", list(id()))]))
            .refuses(404, &["not_active"]),
        description::put("/students/{student}/name", "Gives a student another name")
            .takes(object([("name", text())]))
            .answers_nothing(204)
            .refuses(404, &["not_active"]),
        description::delete("/students/{student}", "A student leaves")
            .answers_nothing(204)
            .refuses(404, &["not_active"])
            .refuses(409, &["has_subscriptions"]),
        description::post("/courses", "Offers a course")
            .takes(object([("course", id()), ("capacity", seats())]))
            .answers(201, object([("course", id())]))
            .refuses(409, &["already_defined"]),
        description::get("/courses/{course}", "A course, and how many of its seats are taken")
            .answers(
                200,
                object([
                    ("course", id()),
                    ("capacity", count()),
                    ("subscriptions", count()),
                    ("cancelled", yes_or_no()),
                ]),
            )
            .refuses(404, &["not_defined"]),
        description::put("/courses/{course}/capacity", "Gives a course so many seats")
            .takes(object([("capacity", seats())]))
            .answers_nothing(204)
            .refuses(404, &["not_defined"])
            .refuses(409, &["cancelled", "below_subscriptions"]),
        description::delete("/courses/{course}", "A course does not take place")
            .answers_nothing(204)
            .refuses(404, &["not_defined"])
            .refuses(409, &["cancelled"]),
        description::put("/courses/{course}/students/{student}", "A student takes a seat")
            .answers_nothing(204)
            .refuses(404, &["not_active", "not_defined"])
            .refuses(
                409,
                &["cancelled", "already_subscribed", "too_many_subscriptions", "course_full"],
            ),
        description::delete("/courses/{course}/students/{student}", "A student gives a seat back")
            .answers_nothing(204)
            .refuses(404, &["not_subscribed"]),
    ]
}
