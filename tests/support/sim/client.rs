//! The clients of a run: each makes one call, and may lose its patience. One with an idempotency key
//! asks again when it was not told what came of it, perhaps another runtime.

use std::sync::Arc;

use super::answer::Answer;
use super::asking::ask;
use super::made::begin;
use super::plan::Call;
use super::seat::Seat;
use super::world::World;

/// How often a call with a key is made at most.
const ATTEMPTS: usize = 4;

/// Makes `call` when its time has come.
pub(super) async fn client(world: Arc<World>, call: Call) {
    world.reach(call.at).await;
    if let Some(seat) = world.any_seat() {
        make(&world, seat, call).await;
    }
}

/// Makes `call` now. Returns whether it was answered by a reply.
pub(super) async fn make(world: &Arc<World>, seat: Arc<Seat>, call: Call) -> bool {
    let number = world.enter(&seat, call);
    let mut seat = seat;
    for _ in 1..ATTEMPTS {
        match attempt(world, &seat, call, number).await {
            Answered::Replied => return true,
            Answered::Unclear if call.keyed => {}
            _ => return false,
        }
        let pause = world.random.lock().pick(&[0, 0, 2, 8]);
        world.sleep(pause).await;
        let Some(next) = world.any_seat() else { return false };
        seat = next;
    }
    attempt(world, &seat, call, number).await == Answered::Replied
}

/// What a caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    Replied,
    /// It has no reply, and no effect by this.
    No,
    /// It may have had its effect.
    Unclear,
}

/// Makes a call that was entered, once more if it has a key.
pub(super) async fn attempt(
    world: &Arc<World>,
    seat: &Arc<Seat>,
    call: Call,
    number: usize,
) -> Answered {
    let made = begin(world, seat.clone(), call, number);
    let answer = ask(world, &made).await;
    world.open.lock().remove(&made.number);
    let answered = match &answer {
        Answer::Replied { .. } | Answer::Decided { .. } => Answered::Replied,
        answer if answer.is_unclear() => Answered::Unclear,
        _ => Answered::No,
    };
    let checked = world.check_answer(&made, answer);
    world.expect(checked.map_err(|why| why.at(format_args!("call {}", made.number))));
    let trail = &mut world.ledger.lock().trails[number];
    trail.unclear |= answered == Answered::Unclear;
    trail.replied |= answered == Answered::Replied;
    answered
}
