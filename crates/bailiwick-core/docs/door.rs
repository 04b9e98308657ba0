// What the examples of stories are about: the door of the example of `Aggregate`.
use bailiwick_core::{Aggregate, Context, Event, Timestamp, View, commands, given, id, require};
use serde::{Deserialize, Serialize};

id!(DoorId: "door");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum DoorEvent {
    Opened { until: Timestamp },
    Closed {},
}

struct Door {
    open_until: Option<Timestamp>,
}

impl View for Door {
    type Key = DoorId;
    type Event = DoorEvent;
    fn new(_: &DoorId) -> Self {
        Door { open_until: None }
    }
    fn apply(&mut self, event: &DoorEvent, _: Timestamp) {
        self.open_until = match event {
            DoorEvent::Opened { until } => Some(*until),
            DoorEvent::Closed {} => None,
        };
    }
}

impl Aggregate for Door {
    const NAME: &'static str = "Door";
    fn deadline(&self) -> Option<Timestamp> {
        self.open_until
    }
    fn on_deadline(&self, ctx: &mut Context<DoorEvent>) {
        ctx.emit(DoorEvent::Closed {});
    }
}

struct Open {
    millis: u64,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the door is open")]
struct AlreadyOpen;

#[commands]
impl Door {
    fn open(&self, open: &Open, ctx: &mut Context<DoorEvent>) -> Result<Timestamp, AlreadyOpen> {
        require(self.open_until.is_none(), AlreadyOpen)?;
        let until = ctx.now().plus_millis(open.millis);
        ctx.emit(DoorEvent::Opened { until });
        Ok(until)
    }
}
