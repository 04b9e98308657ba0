//! The domains, each in a file with its routes and what these need: one file more is one domain more.

mod accounts;
mod bidders;
mod following;
mod listings;
mod money;
mod notices;
mod orders;
mod parcels;
mod registration;
pub mod slots;
mod streams;

use std::error::Error;

use axum::Router;
use bailiwick::{Builder, Runtime};

use crate::description::Operation;
use crate::options::Options;

/// What the runtime has to know.
///
/// # Errors
/// If the streaming service cannot be called from here.
pub fn add(
    builder: Builder,
    options: &Options,
    rows: &slots::Database,
) -> Result<Builder, Box<dyn Error>> {
    let builder = accounts::add(builder);
    let builder = streams::add(builder, options.streaming_service.as_deref())?;
    let builder = slots::add(builder, rows);
    let builder = bidders::add(listings::add(builder));
    let builder = parcels::add(orders::add(builder));
    Ok(registration::add(builder))
}

/// What is served.
///
/// # Errors
/// If the rows cannot be opened.
pub fn routes(runtime: &Runtime, rows: &slots::Database) -> Result<Router, Box<dyn Error>> {
    Ok(accounts::routes(runtime)
        .merge(slots::routes(runtime, rows)?)
        .merge(following::routes(runtime))
        .merge(listings::routes(runtime))
        .merge(bidders::routes(runtime))
        .merge(orders::routes(runtime))
        .merge(parcels::routes(runtime))
        .merge(registration::routes(runtime)))
}

/// What the routes take and answer.
pub fn described() -> Vec<Operation> {
    [
        slots::described(),
        following::described(),
        listings::described(),
        bidders::described(),
        orders::described(),
        parcels::described(),
        registration::described(),
    ]
    .concat()
}
