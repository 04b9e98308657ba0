//! Requests that are made up from the description: valid ones, and such that are wrong in one way or another.
//! Whatever comes, the answer is one that the description has, and never a 500.

use std::io::{BufReader, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bailiwick_tests::sim::random::Random;
use serde_json::{Value, json};

use crate::http::{Request, Response, connect, request};
use crate::process::Process;
use crate::schema::{Description, Operation};

/// So few that requests meet on them.
const IDS: &[&str] = &["a", "b", "c1", "x.y-z_1", "1", "2", "3"];
const NO_IDS: &[&str] = &["a%20b", "%2F", "%ff", "%00", "%", "..", "a%0d%0ab", "%E2%82%AC"];
const KEYS: &[&str] = &["k1", "k2", "k3", "", " ", "\u{e9}", "k,k"];
const METHODS: &[&str] =
    &["PATCH", "OPTIONS", "HEAD", "TRACE", "PUT", "POST", "DELETE", "GET", "X"];
const HEADERS: &[(&str, &str)] = &[
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("traceparent", "ff-nothing"),
    ("X-Correlation-Id", "\u{1F600}"),
    ("Accept", "text/html"),
    ("Content-Encoding", "gzip"),
    ("Expect", "what"),
    ("Authorization", "Bearer of"),
    ("Last-Event-ID", "-1"),
    ("If-Match", "*"),
];

/// A request, and whether the description allows it.
struct Made {
    request: Request,
    valid: bool,
}

struct Maker<'a> {
    description: &'a Description,
    operations: Vec<Operation<'a>>,
    random: Random,
}

impl Maker<'_> {
    fn make(&mut self) -> (usize, Made) {
        let nth = self.random.index(self.operations.len());
        let (method, path) = (self.operations[nth].method.clone(), self.operations[nth].path);
        let said = self.operations[nth].said;
        let mut made = Made { request: request(&method, ""), valid: true };
        let pieces: Vec<_> = path.split('/').map(|piece| self.piece(piece, &mut made)).collect();
        made.request.path = pieces.join("/");
        self.query(said, &mut made);
        if said["requestBody"].is_object() {
            self.body(&said["requestBody"]["content"]["application/json"]["schema"], &mut made);
        }
        self.headers(said, &mut made);
        if self.random.one_in(60) {
            made.request.method = self.random.pick(METHODS).into();
            made.valid = false;
        }
        (nth, made)
    }

    fn piece(&mut self, piece: &str, made: &mut Made) -> String {
        if !piece.starts_with('{') {
            return piece.into();
        }
        if self.random.one_in(25) {
            made.valid = false;
            let long = "x".repeat(self.random.count(129, 3_000));
            return if self.random.one_in(4) { long } else { self.random.pick(NO_IDS).into() };
        }
        if piece == "{number}" {
            return self.random.pick(&["1", "2", "3", "4294967295"]).into();
        }
        self.random.pick(IDS).into()
    }

    fn query(&mut self, said: &Value, made: &mut Made) {
        let parameters = said["parameters"].as_array().expect("parameters");
        let mut pairs = Vec::new();
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().expect("a name");
            match self.random.index(6) {
                0 => {
                    made.valid = false; // Also where it happens to be right.
                    pairs.push(format!(
                        "{name}={}",
                        self.random.pick(&["", "-1", "%00", "x", "1e9"])
                    ));
                }
                // Small, so that nobody waits for what never comes.
                1 if parameter["schema"]["type"] == "integer" => {
                    pairs.push(format!("{name}={}", self.random.between(0, 3)));
                    made.valid = false; // A position may be beyond the head.
                }
                2 if parameter["schema"]["type"] != "integer" => {
                    pairs.push(format!("{name}={}", self.random.pick(IDS)));
                }
                _ => {}
            }
        }
        if !pairs.is_empty() {
            made.request.path += &format!("?{}", pairs.join("&"));
        }
    }

    fn body(&mut self, schema: &Value, made: &mut Made) {
        let mut body = self.description.value(schema, IDS, &mut self.random);
        if !self.random.one_in(4) {
            made.request = made.request.clone().json(&body);
            return;
        }
        made.valid = false;
        let names: Vec<String> = body.as_object().expect("an object").keys().cloned().collect();
        let name = names[self.random.index(names.len())].clone();
        match self.random.index(9) {
            0 => body[name] = Value::Null,
            1 => body[name] = json!("\u{0}\u{202e} "),
            2 => body[name] = json!(-1.5e300),
            3 => body[name] = json!([[{}]]),
            4 => drop(body.as_object_mut().expect("an object").remove(&name)),
            5 => body["unknown"] = json!(1),
            6 => {
                let whole = body.to_string();
                let bytes = &whole.as_bytes()[..self.random.index(whole.len())];
                made.request = made.request.clone().bytes(bytes);
                return;
            }
            7 => {
                let nested = "[".repeat(self.random.count(1, 15_000));
                made.request = made.request.clone().bytes(nested.as_bytes());
                return;
            }
            _ => {
                let bytes: Vec<u8> = (0..self.random.index(20_000))
                    .map(|_| u8::try_from(self.random.between(0, 255)).expect("a byte"))
                    .collect();
                made.request = made.request.clone().bytes(&bytes);
                return;
            }
        }
        made.request = made.request.clone().json(&body);
    }

    fn headers(&mut self, said: &Value, made: &mut Made) {
        let parameters = said["parameters"].as_array().expect("parameters");
        let keyed = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        if keyed && self.random.one_in(4) {
            let key = self.random.pick(KEYS);
            made.valid &= key.starts_with('k') && !key.contains(',');
            made.request = made.request.clone().key(key);
        }
        if self.random.one_in(20) {
            let (name, value) = self.random.pick(HEADERS);
            made.valid = false;
            made.request = made.request.clone().header(name, value);
        }
    }
}

/// Sends it; of a stream, the head only.
fn answer(server: &Process, request: &Request) -> std::io::Result<Response> {
    let mut stream = connect(server.at)?;
    // A refusal may come before all was sent.
    let _ = stream.write_all(&request.encoded());
    let mut from = BufReader::new(stream);
    let head = Response::read_head(&mut from)?;
    if head.header("content-type") == Some("text/event-stream") || request.method == "HEAD" {
        return Ok(head);
    }
    head.and_body(&mut from)
}

/// Whether the answer is one that the description has.
fn judge(
    description: &Description,
    operation: &Operation<'_>,
    made: &Made,
    response: &Response,
) -> Result<(), String> {
    let status = response.status;
    if status >= 500 && !matches!(status, 503 | 504) {
        return Err("an error of the server".into());
    }
    if made.request.method != operation.method {
        return Ok(());
    }
    if made.valid && status == 400 {
        return Err("what the description allows is refused".into());
    }
    let said = &operation.said["responses"][status.to_string()];
    if said.is_null() {
        // A path that is none, or HTTP that is none, is nobody's operation.
        let nobodys = !made.valid && matches!(status, 400 | 404 | 405 | 414 | 417 | 431);
        return if nobodys { Ok(()) } else { Err("a status that is not described".into()) };
    }
    let kind = response.header("content-type").unwrap_or_default();
    match said["content"].as_object().and_then(|content| content.iter().next()) {
        None if response.body.is_empty() => Ok(()),
        None => Err("a body that is not described".into()),
        Some((described, content)) if kind.starts_with(described.as_str()) => {
            match described.ends_with("json") {
                true => description.check(&content["schema"], &response.json()),
                false => Ok(()),
            }
        }
        Some((described, _)) => Err(format!("{kind} and not {described}")),
    }
}

fn seed() -> u64 {
    let given = std::env::var("REQUESTS_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        u64::from(now.subsec_nanos())
    })
}

/// Sends requests until it is enough.
fn requests(enough: impl Fn(usize) -> bool) {
    let seed = seed();
    println!("REQUESTS_SEED={seed}");
    let mut server = Process::server(["--memory"]);
    let description = Description(server.get("/openapi.json").json());
    let operations = description.operations();
    let mut maker = Maker { description: &description, operations, random: Random::of(seed) };
    let (mut sent, mut done) = (0, std::collections::BTreeMap::<u16, usize>::new());
    while !enough(sent) {
        let (nth, made) = maker.make();
        let of = &maker.operations[nth];
        let response = answer(&server, &made.request).unwrap_or_else(|error| {
            panic!("seed {seed}, request {sent}: {:?}: {error}", made.request)
        });
        if let Err(wrong) = judge(&description, of, &made, &response) {
            panic!(
                "seed {seed}, request {sent} ({}): {wrong}\n{}\nanswered {} {:?}\n{}",
                if made.valid { "valid" } else { "invalid" },
                String::from_utf8_lossy(&made.request.encoded()),
                response.status,
                response.headers,
                response.text(),
            );
        }
        sent += 1;
        *done.entry(response.status).or_default() += 1;
    }
    println!("{sent} requests, by status: {done:?}");
    for status in [200, 201, 204, 400, 404, 409, 413, 422] {
        assert!(done.contains_key(&status), "none was answered {status}: {done:?}");
    }
    assert_eq!(server.get("/healthz").status, 200);
    server.ask_to_end();
    assert!(server.ended().success());
}

#[test]
fn whatever_is_sent_is_answered_as_it_is_described() {
    requests(|sent| sent >= 3_000);
}

/// `cargo test -p bailiwick-tests --test server random -- --ignored --nocapture`
#[test]
#[ignore = "takes a minute"]
fn whatever_is_sent_for_a_minute_is_answered_as_it_is_described() {
    let begun = Instant::now();
    requests(|_| begun.elapsed() > Duration::from_secs(60));
}
