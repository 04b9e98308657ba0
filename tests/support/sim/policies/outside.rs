//! The outside world of a run, which the effect calls: it is slow, and connections break.

use std::sync::Arc;

use super::sights::PolicySight;
use super::world::World;
use crate::saying::calls::{Call, Outside};
use crate::sim::trace::Step;

pub(super) struct SimOutside(pub(super) Arc<World>);

/// A call that has no answer yet.
struct UnderWay<'a>(&'a World);

impl Outside for SimOutside {
    async fn call(&self, call: Call) -> bool {
        let SimOutside(world) = self;
        world.note(&Step::Called { news: call.news });
        let checked = world.books.lock().effect.called(&call, world.head(), world.is_alone());
        world.expect(checked);
        let under_way = UnderWay(world);
        let slow =
            if world.in_trouble() { world.random.lock().between(0, world.plan.slow) } else { 0 };
        world.sleep(slow).await;
        std::mem::forget(under_way);
        let breaks = world.in_trouble() && world.random.lock().one_in(world.plan.call_faults);
        !breaks
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.saw(PolicySight::CallCut);
    }
}
