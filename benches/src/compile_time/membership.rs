//! A small aggregate as users write them: what is generated many times over to be compiled.

use std::time::Duration;

use bailiwick::{
    Aggregate, Builder, Context, Decide, Event, Position, Runtime, Timestamp, View, id, require,
};
use serde::{Deserialize, Serialize};

id!(MembershipId: "membership");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::enum_variant_names, reason = "the names are what is stored")]
enum MembershipEvent {
    MembershipBegun { plan: String, until: Timestamp },
    MembershipRenewed { until: Timestamp },
    MembershipLapsed {},
}

/// Who has paid, and until when.
struct Membership {
    plan: Option<String>,
    until: Option<Timestamp>,
}

impl View for Membership {
    type Key = MembershipId;
    type Event = MembershipEvent;

    fn new(_: &MembershipId) -> Self {
        Membership { plan: None, until: None }
    }

    fn apply(&mut self, event: &MembershipEvent, _: Timestamp) {
        match event {
            MembershipEvent::MembershipBegun { plan, until } => {
                (self.plan, self.until) = (Some(plan.clone()), Some(*until));
            }
            MembershipEvent::MembershipRenewed { until } => self.until = Some(*until),
            MembershipEvent::MembershipLapsed {} => (self.plan, self.until) = (None, None),
        }
    }
}

impl Aggregate for Membership {
    const NAME: &'static str = "Membership";

    fn deadline(&self) -> Option<Timestamp> {
        self.until
    }

    fn on_deadline(&self, ctx: &mut Context<MembershipEvent>) {
        ctx.emit(MembershipEvent::MembershipLapsed {});
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
enum Refused {
    #[error("it runs until {0}")]
    Running(Timestamp),
    #[error("there is none")]
    NoMembership,
}

struct Begin {
    plan: String,
}

#[derive(Serialize)]
struct Renew {
    days: u64,
}

impl Decide<Begin> for Membership {
    type Reply = Timestamp;
    type Rejection = Refused;

    fn decide(
        &self,
        Begin { plan }: &Begin,
        ctx: &mut Context<MembershipEvent>,
    ) -> Result<Timestamp, Refused> {
        if let Some(until) = self.until {
            return Err(Refused::Running(until));
        }
        let until = ctx.now() + Duration::from_secs(86_400);
        ctx.emit(MembershipEvent::MembershipBegun { plan: plan.clone(), until });
        Ok(until)
    }
}

impl Decide<Renew> for Membership {
    type Reply = u64;
    type Rejection = Refused;

    fn decide(
        &self,
        Renew { days }: &Renew,
        ctx: &mut Context<MembershipEvent>,
    ) -> Result<u64, Refused> {
        require(self.plan.is_some(), Refused::NoMembership)?;
        let until = ctx.now() + Duration::from_secs(days * 86_400);
        ctx.emit(MembershipEvent::MembershipRenewed { until });
        Ok(until.as_millis())
    }
}

/// Adds it to a runtime.
pub fn is_added(builder: Builder) -> Builder {
    builder.aggregate::<Membership>()
}

/// Asks it, with a key and without, reads it and watches it.
///
/// # Errors
/// What went wrong.
pub async fn is_used(runtime: &Runtime) -> Result<(), Box<dyn std::error::Error>> {
    let memberships = runtime.aggregates::<Membership>();
    let membership = memberships.get("m-1");
    membership.ask(Begin { plan: "monthly".into() }).await?;
    membership.once("renewal-1").ask(Renew { days: 30 }).await?;
    let until = membership.read(|membership, now| membership.until.map(|at| at.since(now))).await?;
    println!("{until:?}");
    if let Some(first) = membership.watch(Position::START).await?.next().await {
        println!("since {}", first?.at());
    }
    Ok(())
}
