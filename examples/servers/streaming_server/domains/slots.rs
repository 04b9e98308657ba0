//! `GET /accounts`: the accounts with slots in use, from rows that a projection keeps up. No account is touched.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bailiwick::{Builder, Position, Projection, ProjectionHandle, Runtime};
use bailiwick_axum::{Json, Problem, Query, UrlId};
use bailiwick_examples::sqlite::{SlotsPage, SqliteStore, slots_page};
use bailiwick_examples::streaming::{AccountId, SlotsInUse};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::answer::{at, page_of};
use crate::description::schema::*;
use crate::description::{self, Operation};
use crate::options::Options;

/// How long a reader waits for the rows to be as of its position.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Where the rows are.
pub struct Database {
    path: PathBuf,
    /// Of rows that end with the program.
    _folder: Option<TempDir>,
}

impl Database {
    /// Beside the journal, or in a temporary folder if that is in memory.
    ///
    /// # Errors
    /// If there can be no folder.
    pub fn of(options: &Options) -> io::Result<Database> {
        let folder = options.memory.then(tempfile::tempdir).transpose()?;
        let place = folder.as_ref().map_or(options.data.as_path(), TempDir::path);
        std::fs::create_dir_all(place)?;
        Ok(Database { path: place.join("slots.sqlite"), _folder: folder })
    }
}

/// What the runtime has to know.
pub fn add(builder: Builder, rows: &Database) -> Builder {
    builder.projection(SlotsInUse, SqliteStore::at(&rows.path))
}

/// # Errors
/// If the rows cannot be opened.
pub fn routes(runtime: &Runtime, rows: &Database) -> rusqlite::Result<Router> {
    let projection = runtime.projection(SlotsInUse::NAME);
    let db = Arc::new(Mutex::new(Connection::open(&rows.path)?));
    Ok(Router::new().route("/accounts", get(page)).with_state(Rows { projection, db }))
}

#[derive(Clone)]
struct Rows {
    projection: ProjectionHandle,
    /// A reader of its own: it does not wait for the projection, nor that for it.
    db: Arc<Mutex<Connection>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// The last account of the page before.
    cursor: Option<UrlId<AccountId>>,
    limit: Option<usize>,
    /// The rows are to be as of this position at least: that of a command's answer.
    min_position: Option<u64>,
}

async fn page(State(rows): State<Rows>, Query(page): Query<Page>) -> Result<Response, Problem> {
    if let Some(position) = page.min_position {
        let reached = rows.projection.timeout(TIME_LIMIT).reached(Position::new(position));
        reached.await?;
    }
    let limit = page_of(page.limit);
    let after = page.cursor.map(|cursor| cursor.0);
    // Readers wait for each other here, and not on threads.
    let mut db = rows.db.lock_owned().await;
    // SQLite blocks.
    let read =
        tokio::task::spawn_blocking(move || slots_page(&mut db, after.as_ref(), limit)).await;
    let page = read.map_err(|error| unread(&error))?;
    let SlotsPage { accounts, more, mark } = page.map_err(|error| unread(&error))?;
    let mark = mark.ok_or_else(|| not_ready("the accounts are not listed yet; try again later"))?;
    let cursor = accounts.last().map(|(account, _)| account.clone()).filter(|_| more);
    let accounts: Vec<_> = accounts
        .into_iter()
        .map(|(account, slots)| json!({ "account": account, "in_use": slots.in_use, "limit": slots.limit }))
        .collect();
    Ok(at(mark.position, Json(json!({ "accounts": accounts, "cursor": cursor }))))
}

fn not_ready(detail: &'static str) -> Problem {
    Problem::new(503, "not_reached").detail(detail).retry_after(Duration::from_secs(1))
}

fn unread(error: &(dyn std::error::Error + 'static)) -> Problem {
    tracing::error!(error, "the rows cannot be read");
    Problem::new(503, "unavailable")
        .detail("the accounts cannot be listed just now; try again later")
}

pub fn described() -> Vec<Operation> {
    let account = object([("account", id()), ("in_use", count()), ("limit", count())]);
    vec![
        description::get("/accounts", "The accounts with slots in use, a page of them")
            .query("cursor", id())
            .query("limit", count())
            .query("min_position", count())
            .answers(200, object([("accounts", list(account)), ("cursor", maybe(id()))]))
            .refuses(400, &["invalid_query", "unknown_position"])
            .refuses(503, &["not_reached"]),
    ]
}
