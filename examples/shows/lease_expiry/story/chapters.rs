//! The story itself.
//!
//! The times leave at least a second between a step and the end of a lease it depends on, so that
//! a busy machine does not tell another story.

use std::io::Write;
use std::time::Duration;

use bailiwick::{Clock, SystemClock, Timestamp};

use super::cast::{PHONE, TABLET, TV};
use super::narrator::Who;
use super::past::Scene;
use super::stage::Stage;
use crate::failure::Failure;

/// The least that is left of a lease from before with which the story goes on: a heartbeat then
/// comes in time. What has less is left to run out first.
const LEFT: Duration = Duration::from_secs(1);

/// Everything that comes after `scene`, to the last line.
pub async fn all<W: Write>(stage: &mut Stage<W>, scene: Scene) -> Result<(), Failure> {
    if scene > Scene::Beginning {
        started_again(stage, scene).await?;
    }
    if scene <= Scene::Playing {
        three_screens_for_two_slots(stage).await?;
        silence(stage).await?;
    }
    if scene <= Scene::Silent {
        the_slots_come_back(stage).await?;
    }
    the_streaming_side_comes_back(stage).await
}

/// What ran out while the program did not run was reclaimed when it started. What comes next in the
/// story may need that more runs out.
async fn started_again<W: Write>(stage: &mut Stage<W>, scene: Scene) -> Result<(), Failure> {
    stage.narrator.chapter("Started again")?;
    let mut counting = Vec::new();
    for (screen, end) in stage.ledger.screens() {
        if left(end) < LEFT || scene == Scene::Silent || !screen.plays_in(scene) {
            stage.runs_out(screen).await?;
        } else {
            stage.counts(screen, end)?;
            counting.push(screen);
        }
    }
    if counting.is_empty() {
        stage.says(Who::Orchestrator, "started", "no lease counts")?;
    } else {
        stage.heartbeat(&counting).await?;
    }
    stage.go_on_from(match scene {
        Scene::Beginning => 0,
        Scene::Playing => 1_000,
        Scene::Silent => 5_000,
        Scene::TabletPlays => 6_700,
    });
    Ok(())
}

fn left(end: Timestamp) -> Duration {
    end.since(SystemClock::new().now())
}

async fn three_screens_for_two_slots<W: Write>(stage: &mut Stage<W>) -> Result<(), Failure> {
    stage.narrator.chapter("Three screens, two slots")?;
    stage.limits().await?;
    stage.until(300).await?;
    stage.plays(TV).await?;
    stage.until(800).await?;
    stage.plays(PHONE).await?;
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
    let mut leases = stage.ledger.screens().into_iter().peekable();
    if let Some((first, _)) = leases.next() {
        stage.runs_out(first).await?;
        stage.go_on_from(5_000);
    }
    // So soon after the first that nothing else comes in between.
    while let Some((next, _)) = leases.next_if(|(_, end)| left(*end) < LEFT) {
        stage.runs_out(next).await?;
    }
    stage.until(5_400).await?;
    stage.grants(TABLET).await?;
    for (last, _) in leases {
        stage.runs_out(last).await?;
    }
    Ok(())
}

async fn the_streaming_side_comes_back<W: Write>(stage: &mut Stage<W>) -> Result<(), Failure> {
    stage.until(6_800).await?;
    stage.narrator.chapter("The streaming side is back, and is told what still counts")?;
    stage.streaming_side("back", "asks about the streams it knows")?;
    stage.disowns(TV).await?;
    stage.disowns(PHONE).await?;
    if stage.holds(TABLET) {
        stage.streaming_side("starts", "Leo's tablet, which has a lease")?;
    } else {
        stage.disowns(TABLET).await?;
        stage.grants(TABLET).await?;
    }
    stage.until(7_400).await?;
    stage.heartbeat(&[TABLET]).await?;
    stage.until(8_400).await?;
    stage.releases(TABLET).await
}
