//! The routes of the example `streaming_server` that a load asks for, before any store.

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Json, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Account, Granted, LeaseStore, Refused};

/// The bytes of a body at most.
const BODY_BYTES: usize = 16 << 10;
/// The characters of an ID at most.
const ID_CHARACTERS: usize = 128;

/// All routes, before `store`.
pub fn routes<S: LeaseStore>(store: S) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/accounts/{account}", get(look::<S>))
        .route("/accounts/{account}/limit", put(set_limit::<S>))
        .route("/accounts/{account}/sessions", post(acquire::<S>))
        .route("/accounts/{account}/sessions/{session}", delete(release::<S>))
        .route("/accounts/{account}/sessions/{session}/lease", put(keep_alive::<S>))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(store)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    session: String,
    lease_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keep {
    lease_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    limit: usize,
}

#[derive(Serialize)]
struct Begun {
    session: String,
    expires_at: u64,
    in_use: usize,
    limit: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<u64>,
}

#[derive(Serialize)]
struct Kept {
    session: String,
    expires_at: u64,
}

type Body<T> = Result<Json<T>, JsonRejection>;

async fn acquire<S: LeaseStore>(
    State(store): State<S>,
    Path(account): Path<String>,
    body: Body<Begin>,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let Json(Begin { session, lease_ms }) = body?;
    check([&account, &session])?;
    let Granted { expires_at, in_use, limit, token } =
        store.acquire(&account, &session, lease_ms).await?;
    Ok((StatusCode::CREATED, Json(Begun { session, expires_at, in_use, limit, token })))
}

async fn keep_alive<S: LeaseStore>(
    State(store): State<S>,
    Path((account, session)): Path<(String, String)>,
    body: Body<Keep>,
) -> Result<Json<Kept>, Problem> {
    let Json(Keep { lease_ms }) = body?;
    check([&account, &session])?;
    let expires_at = store.keep_alive(&account, &session, lease_ms).await?;
    Ok(Json(Kept { session, expires_at }))
}

async fn release<S: LeaseStore>(
    State(store): State<S>,
    Path((account, session)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    check([&account, &session])?;
    store.release(&account, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_limit<S: LeaseStore>(
    State(store): State<S>,
    Path(account): Path<String>,
    body: Body<Limit>,
) -> Result<Json<Limit>, Problem> {
    let Json(Limit { limit }) = body?;
    check([&account])?;
    store.set_limit(&account, limit).await?;
    Ok(Json(Limit { limit }))
}

async fn look<S: LeaseStore>(
    State(store): State<S>,
    Path(account): Path<String>,
) -> Result<Json<Account>, Problem> {
    check([&account])?;
    Ok(Json(store.look(&account).await?))
}

fn check<const N: usize>(ids: [&String; N]) -> Result<(), Problem> {
    let valid = |id: &String| {
        let allowed =
            |byte| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        (1..=ID_CHARACTERS).contains(&id.len()) && id.bytes().all(allowed)
    };
    let wrong = || Problem::new(StatusCode::BAD_REQUEST, "invalid_id", "not an ID");
    ids.into_iter().all(valid).then_some(()).ok_or_else(wrong)
}

/// An error as it is answered.
struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl ToString) -> Problem {
        Problem { status, code, detail: detail.to_string() }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Problem {
        let status = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Problem::new(status, "invalid_body", rejection.body_text())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let (status, code) = match &refused {
            Refused::InvalidLease => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_lease"),
            Refused::InvalidLimit => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_limit"),
            Refused::AlreadyActive => (StatusCode::CONFLICT, "already_active"),
            Refused::LimitReached(_) => (StatusCode::CONFLICT, "limit_reached"),
            Refused::NoSuchLease => (StatusCode::NOT_FOUND, "no_such_lease"),
            Refused::Contended(_) => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            Refused::Failed(source) => {
                eprintln!("the store failed: {source:?}");
                (StatusCode::INTERNAL_SERVER_ERROR, "store_failed")
            }
        };
        Problem::new(status, code, refused)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Problem { status, code, detail } = self;
        let title = status.canonical_reason();
        let body =
            json!({ "title": title, "status": status.as_u16(), "code": code, "detail": detail });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, body.to_string()).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}
