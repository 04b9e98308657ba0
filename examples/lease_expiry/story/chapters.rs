//! The story itself.
//!
//! The times leave at least a second between a step and the end of a lease it depends on, so that
//! a busy machine does not tell another story.

use std::io::Write;

use super::cast::{PHONE, TABLET, TV};
use super::stage::Stage;
use crate::failure::Failure;

/// Everything, from the first line to the last.
pub async fn all<W: Write>(stage: &mut Stage<W>) -> Result<(), Failure> {
    stage.narrator.opening(
        "lease_expiry: what happens when nobody says goodbye",
        &[
            "A household may run two streams at once. A slot is taken on a lease of three",
            "seconds, and the streaming side renews it while the stream plays.",
        ],
    )?;
    three_screens_for_two_slots(stage).await?;
    silence(stage).await?;
    the_slots_come_back(stage).await?;
    the_streaming_side_comes_back(stage).await
}

async fn three_screens_for_two_slots<W: Write>(stage: &mut Stage<W>) -> Result<(), Failure> {
    stage.narrator.chapter("Three screens, two slots")?;
    stage.limits().await?;
    stage.until(300).await?;
    stage.grants(TV).await?;
    stage.until(800).await?;
    stage.grants(PHONE).await?;
    stage.until(1_300).await?;
    stage.refuses(TABLET, "both slots are taken").await?;
    stage.until(2_000).await?;
    stage.heartbeat(&[TV, PHONE]).await?;
    stage.until(3_000).await?;
    stage.heartbeat(&[TV, PHONE]).await
}

async fn silence<W: Write>(stage: &mut Stage<W>) -> Result<(), Failure> {
    stage.until(3_400).await?;
    stage.narrator.chapter("The streaming side falls silent")?;
    stage.streaming_side("silent", "no heartbeat, no release, no word")?;
    stage.until(3_900).await?;
    stage.refuses(TABLET, "leases still count").await
}

async fn the_slots_come_back<W: Write>(stage: &mut Stage<W>) -> Result<(), Failure> {
    stage.narrator.chapter("The leases run out by themselves")?;
    stage.runs_out(TV).await?;
    stage.until(5_400).await?;
    stage.grants(TABLET).await?;
    stage.runs_out(PHONE).await
}

async fn the_streaming_side_comes_back<W: Write>(stage: &mut Stage<W>) -> Result<(), Failure> {
    stage.until(6_800).await?;
    stage.narrator.chapter("The streaming side is back, and is told what still counts")?;
    stage.streaming_side("back", "asks about the streams it knows")?;
    stage.disowns(TV).await?;
    stage.disowns(PHONE).await?;
    stage.streaming_side("starts", "Leo's tablet, which has a lease")?;
    stage.until(7_400).await?;
    stage.heartbeat(&[TABLET]).await?;
    stage.until(8_400).await?;
    stage.releases(TABLET).await
}
