//! What a subscriber takes from the server, over any transport.

use std::time::Duration;

use tidings_contract::{BrokerStatus, Event, EventId, StopReason};
use tidings_demo_contract::User;
use tokio::{sync::watch, time::Instant};

use super::{
    Progress, payload,
    record::{Entry, Record, Resume},
};

/// What a subscriber has taken so far, and where it resumes.
pub(super) struct Intake {
    progress: watch::Sender<Progress>,
    pub(super) record: Record,
    /// The last event that it took.
    pub(super) cursor: Option<EventId>,
    /// When it began to look for a connection, if it has none that works: on a clock, and since 1970.
    trying: Option<(Instant, Duration)>,
    /// How long the replica that said goodbye asked to wait.
    pub(super) retry_after: Duration,
    last_event: Option<Instant>,
}

/// One connection, from the first attempt on.
pub(super) struct Visit {
    /// When the attempts began that led to it.
    began: Instant,
    began_at: Duration,
    /// `started` has come.
    started: bool,
    /// A `gap` must come next.
    gap_due: bool,
    /// The last of the record's resumes is this connection's.
    resume: bool,
}

/// The connection is over.
pub(super) struct Lost;

impl Intake {
    pub(super) fn new(progress: watch::Sender<Progress>) -> Self {
        Self {
            progress,
            record: Record::default(),
            cursor: None,
            trying: None,
            retry_after: Duration::ZERO,
            last_event: None,
        }
    }

    /// Begins to look for a connection, or goes on with that.
    pub(super) fn visit(&mut self) -> Visit {
        let now = || (Instant::now(), payload::now());
        let (began, began_at) = *self.trying.get_or_insert_with(now);
        Visit { began, began_at, started: false, gap_due: false, resume: false }
    }

    /// Looks for no connection any more.
    pub(super) fn rest(&mut self) {
        self.trying = None;
    }

    /// Takes an event. True when the subscriber was too slow, and has to subscribe again.
    pub(super) fn take(&mut self, visit: &mut Visit, event: Event<Vec<User>>) -> bool {
        let is_start = matches!(event, Event::Started { .. });
        let is_data = matches!(event, Event::Data { .. });
        if is_start == visit.started || (is_data && visit.gap_due) {
            self.violation(format!("out of turn: {event:?}"));
        }
        match event {
            Event::Started { resumed, last_event_id, .. } => {
                self.start(visit, resumed, last_event_id);
            }
            Event::Data { id, data, .. } => self.data(visit, id, &data),
            Event::Gap { reason, last_event_id } => {
                visit.gap_due = false;
                self.cursor = last_event_id.or(self.cursor.take());
                self.record.entries.push(Entry::Gap(reason));
            }
            Event::Status { broker: BrokerStatus::Down } => {
                self.record.told_down.push(Instant::now());
            }
            Event::Status { broker: BrokerStatus::Up } => {}
            Event::Stopped { reason, retry_after_ms } => {
                self.retry_after = Duration::from_millis(retry_after_ms.unwrap_or_default());
                return reason == StopReason::SlowConsumer;
            }
        }
        false
    }

    /// The subscription is live, from `cursor` on.
    pub(super) fn start(&mut self, visit: &mut Visit, resumed: bool, cursor: Option<EventId>) {
        visit.started = true;
        self.trying = None;
        visit.gap_due = self.cursor.is_some() && !resumed;
        if self.cursor.is_some() {
            let took = visit.began.elapsed();
            self.record.resumes.push(Resume { resumed, took });
            visit.resume = true;
        } else if resumed {
            self.violation("resumed what it never had".to_owned());
        }
        self.cursor = cursor.or(self.cursor.take());
        self.progress.send_modify(|progress| progress.started += 1);
    }

    fn data(&mut self, visit: &Visit, id: Option<EventId>, data: &[User]) {
        let (Some(id), Some((number, published_at))) = (id, payload::read(data)) else {
            return self.violation(format!("nobody published {data:?}"));
        };
        self.cursor = Some(id.clone());
        self.record.entries.push(Entry::Event { number, id });
        if visit.resume
            && published_at < visit.began_at
            && let Some(resume) = self.record.resumes.last_mut()
        {
            resume.took = visit.began.elapsed();
        }
        if let Some(last) = self.last_event.replace(Instant::now()) {
            self.record.silence = self.record.silence.max(last.elapsed());
        }
        self.progress.send_modify(|progress| progress.newest = number);
    }

    pub(super) fn violation(&mut self, what: String) {
        self.record.entries.push(Entry::Violation(what));
    }
}

impl Visit {
    /// Another subscription of this connection begins, and has not started yet.
    pub(super) fn begin(&mut self) {
        self.started = false;
        self.gap_due = false;
    }
}
