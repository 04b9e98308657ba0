//! Every route with every answer it has, as a table: in order, on one server, since each step finds what the
//! ones before it left.

mod accounts;
mod listings;
mod orders;
mod registration;
mod shape;

use serde_json::Value;

use crate::http::{Request, Response, request};
use crate::process::{Process, until};

/// A request, and what is answered.
pub struct Step {
    /// As the description has it: `PUT /orders/{order}/refund`.
    pub route: &'static str,
    pub request: Request,
    pub status: u16,
    /// The code of a problem; none where it is done.
    pub code: Option<&'static str>,
    holds: Vec<(&'static str, Value)>,
    eventually: bool,
}

/// A request to this route, with these in the place of what is in braces.
pub fn step(route: &'static str, ids: &[&str], body: Value, status: u16) -> Step {
    let (method, template) = route.split_once(' ').expect("a method and a path");
    let mut ids = ids.iter();
    let pieces = template.split('/').map(|piece| match piece.starts_with('{') {
        true => *ids.next().expect("an ID for each of them"),
        false => piece,
    });
    let path = pieces.collect::<Vec<_>>().join("/");
    let request = request(method, &path);
    let request = if body.is_null() { request } else { request.json(&body) };
    Step { route, request, status, code: None, holds: Vec::new(), eventually: false }
}

/// A request that is refused with this code.
pub fn refused(
    route: &'static str,
    ids: &[&str],
    body: Value,
    (status, code): (u16, &'static str),
) -> Step {
    Step { code: Some(code), ..step(route, ids, body, status) }
}

impl Step {
    /// With another request to that route.
    pub fn by(mut self, change: impl FnOnce(Request) -> Request) -> Step {
        self.request = change(self.request);
        self
    }

    /// With this behind the path.
    pub fn query(self, query: &str) -> Step {
        self.by(|request| Request { path: format!("{}?{query}", request.path), ..request })
    }

    /// The body has this value there; null, if there is nothing.
    pub fn has(mut self, pointer: &'static str, value: impl Into<Value>) -> Step {
        self.holds.push((pointer, value.into()));
        self
    }

    /// Not at once: a policy, a projection or a deadline has to do something first.
    pub fn eventually(mut self) -> Step {
        self.eventually = true;
        self
    }

    fn is_met_by(&self, response: &Response) -> bool {
        let body = response.json();
        let holds = |(pointer, value): &(&str, Value)| {
            body.pointer(pointer).unwrap_or(&Value::Null) == value
        };
        response.status == self.status
            && response.code().as_deref() == self.code
            && self.holds.iter().all(holds)
    }

    /// Takes it, and gives what was answered.
    pub fn take(&self, server: &Process) -> Response {
        let response = match self.eventually {
            false => server.send(&self.request),
            true => until(&format!("{} {:?}", self.route, self.request), || {
                Some(server.send(&self.request)).filter(|response| self.is_met_by(response))
            }),
        };
        assert!(
            self.is_met_by(&response),
            "{}\n{} {}\n{}\nanswered {}: {}\nnot {} {:?} {:?}",
            self.route,
            self.request.method,
            self.request.path,
            String::from_utf8_lossy(self.request.body.as_deref().unwrap_or_default()),
            response.status,
            response.text(),
            self.status,
            self.code,
            self.holds,
        );
        response
    }
}

/// All of them.
pub fn steps() -> Vec<Step> {
    let groups = [
        accounts::steps(),
        listings::steps(),
        orders::steps(),
        registration::steps(),
        shape::steps(),
    ];
    groups.into_iter().flatten().collect()
}
