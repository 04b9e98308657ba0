//! A machine that crashes and forgets what was not synced: runtimes, one after the other, under a clock that is
//! driven. On a journal in memory, and on the durable one on a disk that is simulated.

mod in_memory;
mod on_a_disk;

use bailiwick::ErrorReport;
use tokio::task::JoinHandle;

use super::ask::Asker;
use super::order::{Order, OrderId};
use super::reports::Report;
use crate::invariant::{Checked, Invariant, Violation};
use crate::sim::random::Random;

pub use in_memory::story as in_memory;
pub use on_a_disk::story as on_a_disk;

/// How often the machine crashes in a story.
const CRASHES: u64 = 4;

/// How much happens between two crashes, at most.
const STEPS: u64 = 60;

/// Those who ask, and what they were told.
#[derive(Default)]
struct Clients {
    told: Vec<Report>,
    asked: Vec<Asked>,
    /// How many orders they have asked for in this run.
    orders: u64,
}

struct Asked {
    id: OrderId,
    answer: JoinHandle<Report>,
}

impl Clients {
    /// For something new.
    fn ask(&mut self, run: u64, asker: &Asker) {
        let id = OrderId { run, client: 0, nth: self.orders };
        self.orders += 1;
        self.ask_for(id, asker);
    }

    /// For something with a key that was carried out.
    fn ask_again(&mut self, random: &mut Random, asker: &Asker) {
        let done = |told: &Report| match told {
            Report::Done { id, .. } if Order::of(*id).key.is_some() => Some(*id),
            _ => None,
        };
        let done: Vec<OrderId> = self.told.iter().filter_map(done).collect();
        if !done.is_empty() {
            self.ask_for(random.pick(&done), asker);
        }
    }

    fn ask_for(&mut self, id: OrderId, asker: &Asker) {
        let perform = asker.perform(Order::of(id));
        let answer = async move {
            perform.await.unwrap_or_else(|trouble| match trouble.not_run {
                true => Report::NotRun { id },
                false => Report::Unknown { id },
            })
        };
        self.asked.push(Asked { id, answer: tokio::spawn(answer) });
    }

    /// The machine has crashed: whoever has an answer has been told, the others never will be.
    async fn are_cut_off(&mut self) -> Checked {
        self.orders = 0;
        for Asked { id, answer } in self.asked.drain(..) {
            if answer.is_finished() {
                let told = answer.await;
                let told =
                    told.map_err(|error| Invariant::NoPanic.broken(format!("{id}: {error}")));
                self.told.push(told?);
            } else {
                answer.abort();
            }
        }
        Ok(())
    }
}

fn unreadable(error: &(dyn std::error::Error + 'static)) -> Violation {
    Invariant::Readable.broken(ErrorReport::of(error).to_string())
}
