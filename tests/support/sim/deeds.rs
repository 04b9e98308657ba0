//! What is done to the runtimes of a run while they work.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::ends::{drop_runtime, lose_executor, shut_down};
use super::plan::{COUNTERS, Deed, Timed};
use super::sights::Sight;
use super::world::World;

/// Does `deed` when its time has come.
pub(super) async fn deed(world: Arc<World>, deed: Timed<Deed>) {
    world.reach(deed.at).await;
    let Some(seat) = world.any_seat() else { return };
    match deed.what {
        Deed::KillActor { counter } => {
            let killed = seat.counters().kill_actor(COUNTERS[counter]);
            world.deed(&seat, "actor killed", u64::from(killed));
            if killed {
                world.saw(Sight::Killed);
            }
        }
        Deed::SetClock { ahead } => {
            world.deed(&seat, "clock set", ahead);
            seat.clock.set(ahead);
        }
        Deed::Blind { millis } => {
            world.deed(&seat, "journal blind", millis);
            world.blind.fetch_max(world.now() + millis, Relaxed);
        }
        Deed::Down { millis } => {
            world.deed(&seat, "journal down", millis);
            world.down.fetch_max(world.now() + millis, Relaxed);
        }
        Deed::Shutdown { limit, patience } => {
            shut_down(&world, &seat, limit, patience).await;
            follow(&world).await;
        }
        Deed::Drop => {
            drop_runtime(&world, &seat);
            follow(&world).await;
        }
        Deed::LoseExecutor => {
            lose_executor(&world, &seat).await;
            follow(&world).await;
        }
    }
}

/// Another runtime goes on where one ended, if that was the last.
async fn follow(world: &Arc<World>) {
    if world.open_seats().is_empty() {
        let pause = world.random.lock().between(0, 4);
        world.sleep(pause).await;
        world.clone().start().await;
    }
}
