//! Students, courses, and the decisions that belong to neither.

use serde_json::{Value, json};

use super::{Step, refused, step};

const REGISTER: &str = "POST /students";
const STUDENT: &str = "GET /students/{student}";
const RENAME: &str = "PUT /students/{student}/name";
const LEAVE: &str = "DELETE /students/{student}";
const DEFINE: &str = "POST /courses";
const COURSE: &str = "GET /courses/{course}";
const CAPACITY: &str = "PUT /courses/{course}/capacity";
const CANCEL: &str = "DELETE /courses/{course}";
const SUBSCRIBE: &str = "PUT /courses/{course}/students/{student}";
const UNSUBSCRIBE: &str = "DELETE /courses/{course}/students/{student}";

fn none() -> Value {
    Value::Null
}

fn define(course: &str, capacity: u32) -> Step {
    step(DEFINE, &[], json!({ "course": course, "capacity": capacity }), 201)
}

fn register(student: &str) -> Step {
    step(REGISTER, &[], json!({ "student": student, "name": "Ada" }), 201)
}

pub fn steps() -> Vec<Step> {
    let name = |name: &str| json!({ "name": name });
    let capacity = |capacity: u32| json!({ "capacity": capacity });
    let mut steps = vec![
        refused(STUDENT, &["s1"], none(), (404, "not_active")),
        refused(RENAME, &["s1"], name("Ada"), (404, "not_active")),
        refused(LEAVE, &["s1"], none(), (404, "not_active")),
        register("s1").has("/student", "s1"),
        refused(
            REGISTER,
            &[],
            json!({ "student": "s1", "name": "Ada" }),
            (409, "already_registered"),
        ),
        step(RENAME, &["s1"], name("Ada King"), 204),
        step(STUDENT, &["s1"], none(), 200).has("/name", "Ada King").has("/courses", json!([])),
        refused(COURSE, &["c1"], none(), (404, "not_defined")),
        refused(CAPACITY, &["c1"], capacity(1), (404, "not_defined")),
        refused(CANCEL, &["c1"], none(), (404, "not_defined")),
        refused(SUBSCRIBE, &["c1", "s1"], none(), (404, "not_defined")),
        define("c1", 2).has("/course", "c1"),
        refused(DEFINE, &[], json!({ "course": "c1", "capacity": 2 }), (409, "already_defined")),
        refused(SUBSCRIBE, &["c1", "s0"], none(), (404, "not_active")),
        step(SUBSCRIBE, &["c1", "s1"], none(), 204),
        refused(SUBSCRIBE, &["c1", "s1"], none(), (409, "already_subscribed")),
        refused(CAPACITY, &["c1"], capacity(0), (409, "below_subscriptions"))
            .has("/subscriptions", 1),
        refused(LEAVE, &["s1"], none(), (409, "has_subscriptions")).has("/subscriptions", 1),
        step(CAPACITY, &["c1"], capacity(1), 204),
        step(COURSE, &["c1"], none(), 200)
            .has("/capacity", 1)
            .has("/subscriptions", 1)
            .has("/cancelled", false),
        register("s2"),
        refused(SUBSCRIBE, &["c1", "s2"], none(), (409, "course_full")),
        step(UNSUBSCRIBE, &["c1", "s1"], none(), 204),
        refused(UNSUBSCRIBE, &["c1", "s1"], none(), (404, "not_subscribed")),
        step(SUBSCRIBE, &["c1", "s2"], none(), 204).by(|request| request.key("seat")),
        step(SUBSCRIBE, &["c1", "s2"], none(), 204).by(|request| request.key("seat")),
        refused(SUBSCRIBE, &["c1", "s1"], none(), (422, "idempotency_key_reused"))
            .by(|request| request.key("seat")),
        step(STUDENT, &["s2"], none(), 200).has("/courses", json!(["c1"])),
        step(LEAVE, &["s1"], none(), 204).by(|request| request.key("leave")),
        step(LEAVE, &["s1"], none(), 204).by(|request| request.key("leave")),
        step(CANCEL, &["c1"], none(), 204),
        refused(CANCEL, &["c1"], none(), (409, "cancelled")),
        refused(CAPACITY, &["c1"], capacity(5), (409, "cancelled")),
        register("s3"),
        refused(SUBSCRIBE, &["c1", "s3"], none(), (409, "cancelled")),
    ];
    for course in ["d1", "d2", "d3", "d4", "d5", "d6"] {
        steps.push(define(course, 1));
        steps.push(match course {
            "d6" => refused(SUBSCRIBE, &[course, "s3"], none(), (409, "too_many_subscriptions")),
            _ => step(SUBSCRIBE, &[course, "s3"], none(), 204),
        });
    }
    steps
}
