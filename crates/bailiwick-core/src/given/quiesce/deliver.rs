//! A delivery: a command of a policy is decided, and leaves its trace.

use super::past::{Cause, Ended, trace};
use super::refusal::Undone;
use super::set::Set;
use crate::box_error::BoxError;
use crate::given::report::Report;
use crate::given::sent::Shown;
use crate::journal::{Delivery, RecordedEvent};
use crate::policy::{DeliveryEnded, Ending, Outgoing, Recipient, policy_tag};
use crate::position::Position;
use crate::text::Text;

/// More deliveries in one step are a mistake.
const MOST_DELIVERED: usize = 10_000;

impl Set {
    pub(super) fn cause(
        &self,
        policy: usize,
        news: &RecordedEvent,
        sent: Option<&Outgoing>,
    ) -> Cause {
        let running = &self.running[policy];
        let extra = news.event.metadata.extra();
        let delivery = Delivery {
            policy: Text::literal(running.declares.name),
            run: running.run,
            source: news.position,
            target: sent.map(|sent| sent.target.clone()),
            ordinal: sent.map_or(0, |sent| sent.ordinal),
        };
        Cause {
            command: sent.map(|sent| Text::literal(sent.command)),
            // The conversation of the news, or one that begins with it.
            correlation: Some(
                extra.correlation.clone().unwrap_or_else(|| format!("@{}", news.position).into()),
            ),
            principal: None,
            delivery: Some((delivery, extra.hops + 1)),
        }
    }

    pub(super) fn deliver(
        &mut self,
        policy: usize,
        news: &RecordedEvent,
        sent: Outgoing,
    ) -> Result<(), Report> {
        let cause = self.cause(policy, news, Some(&sent));
        self.check_circle(policy, news, &sent, &cause)?;
        let shown = format!("{:?}", Shown(&sent));
        let about = |set: &Set, what: &str| {
            let report = set.past.report(format_args!("{} {what}", set.running[policy].called));
            report.line("seeing", set.past.shown(news.position)).line("sent", &shown)
        };
        let Outgoing { target, was, ordinal, command, recipient, payload } = sent;
        let (past, payload) = (&mut self.past, payload.into_any());
        let delivered = match recipient {
            Recipient::Aggregate(..) => {
                let kind = self.kinds.iter_mut().find(|kind| kind.is(&recipient));
                kind.map(|kind| kind.deliver(past, payload, &cause))
            }
            Recipient::Decision(id, _) => {
                let kinds = &self.kinds;
                let known = self.decisions.iter().find(|(known, _)| *known == id);
                known.map(|(_, decisions)| decisions.deliver(past, kinds, payload, &cause))
            }
        };
        let Some(delivered) = delivered else {
            let (method, name) = match recipient {
                Recipient::Aggregate(_, name) => ("aggregate", name),
                Recipient::Decision(_, name) => ("decision", name),
            };
            let report = about(self, "sends what nobody in the set decides");
            return Err(report.line("add", format_args!("`.{method}::<{name}>()`")));
        };
        let (ended, payload) = delivered?;
        let ended = match ended {
            Ended::Done => return Ok(()),
            Ended::Nothing => DeliveryEnded { how: Ending::Nothing, reason: None },
            Ended::Panicked(why) => {
                return Err(about(self, "sends what cannot be decided").line("panicked", why));
            }
            Ended::Rejected(reason) => {
                let sent = Some(Outgoing { target, was, ordinal, command, recipient, payload });
                self.undone.push(self.not_done(policy, news.position, sent, reason.clone()));
                DeliveryEnded { how: Ending::Rejected, reason: Some(reason) }
            }
        };
        self.leave_trace(policy, &cause, &ended)
    }

    pub(super) fn not_done(
        &self,
        policy: usize,
        position: Position,
        sent: Option<Outgoing>,
        reason: String,
    ) -> Undone {
        let running = &self.running[policy];
        let (declares, called) = (running.declares, running.called);
        Undone { declares, called, position, sent, retries: false, reason }
    }

    pub(super) fn gave_up(
        &mut self,
        policy: usize,
        news: &RecordedEvent,
        why: &str,
    ) -> Result<(), Report> {
        let undone = self.not_done(policy, news.position, None, why.to_owned());
        self.undone.push(undone);
        let ended = DeliveryEnded { how: Ending::GaveUp, reason: Some(why.to_owned()) };
        self.leave_trace(policy, &self.cause(policy, news, None), &ended)
    }

    pub(super) fn leave_trace(
        &mut self,
        policy: usize,
        cause: &Cause,
        ended: &DeliveryEnded,
    ) -> Result<(), Report> {
        let tag = policy_tag(self.running[policy].declares.name);
        let trace =
            tag.map_err(BoxError::from).and_then(|tag| trace(ended, tag, cause, self.past.now));
        match trace {
            Ok(trace) => {
                self.past.append(trace, format!("{ended:?}"));
                Ok(())
            }
            Err(error) => {
                let report = self.past.report(format_args!("a delivery leaves no trace"));
                Err(report.because(error.as_ref()))
            }
        }
    }

    /// Policies do not answer each other for ever.
    fn check_circle(
        &mut self,
        policy: usize,
        news: &RecordedEvent,
        sent: &Outgoing,
        cause: &Cause,
    ) -> Result<(), Report> {
        self.delivered += 1;
        let hops = cause.delivery.as_ref().map_or(0, |(_, hops)| *hops);
        let most = self.most_hops;
        let report = if hops > most {
            self.past.report(format_args!("more than {most} deliveries led one to another"))
        } else if self.delivered > MOST_DELIVERED {
            let what = format_args!("there are more than {MOST_DELIVERED} deliveries in one step");
            self.past.report(what)
        } else {
            return Ok(());
        };
        let last = format!("{:?}", Shown(sent));
        Err(self.chain(report, news).line(self.running[policy].called, last))
    }

    /// What led to this news: the beginning and the end of it.
    fn chain(&self, report: Report, news: &RecordedEvent) -> Report {
        const SHOWN: usize = 6;
        let cause = |news: &&RecordedEvent| {
            news.event.metadata.extra().causation.and_then(|cause| self.past.at(cause))
        };
        let mut chain: Vec<_> = std::iter::successors(Some(news), cause).collect();
        chain.reverse();
        let (first, rest) = chain.split_first().expect("the news itself");
        let position =
            |news: &RecordedEvent| format!("#{} {}", news.position, self.past.shown(news.position));
        let report = report.line("began with", position(first));
        let left_out = rest.len().saturating_sub(SHOWN);
        let report = match left_out {
            0 => report,
            _ => report.line("..", format_args!("{left_out} more")),
        };
        let end = &rest[left_out..];
        end.iter().fold(report, |report, news| report.line("led to", position(news)))
    }
}
