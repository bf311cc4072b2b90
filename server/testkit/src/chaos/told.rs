//! How soon clients were told that events do not come.

use std::time::Duration;

use tokio::time::Instant;

use crate::load::Record;

/// Clients that keep their connection are to be told `status` within this time of when reads begin to fail.
const WITHIN: Duration = Duration::from_secs(3);

/// How soon clients were told that events do not come, because no replica could read from Valkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The longest time from the beginning of an outage until a client was told.
    pub slowest: Duration,
    /// Clients that were not told at all, in outages that were long enough.
    pub untold: usize,
}

impl Told {
    /// Looks at all outages that were longer than three seconds, and at all clients that kept their connection; `None`
    /// where there was no such outage.
    pub(super) fn of(records: &[(usize, Record)], outages: &[(Instant, Instant)]) -> Option<Self> {
        let mut told = None;
        for (began, ended) in outages {
            if ended.duration_since(*began) <= WITHIN {
                continue;
            }
            let told: &mut Self = told.get_or_insert_default();
            for (_, record) in records.iter().filter(|(_, record)| record.resumes.is_empty()) {
                match record.told_down.iter().find(|at| (*began..=*ended).contains(*at)) {
                    Some(at) => told.slowest = told.slowest.max(at.duration_since(*began)),
                    None => told.untold += 1,
                }
            }
        }
        told
    }

    /// What of the promise was broken, in words.
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if self.untold > 0 {
            broken.push(format!("{} subscribers were not told `status`", self.untold));
        }
        if self.slowest > WITHIN {
            let slowest = self.slowest.as_secs_f64();
            broken.push(format!("a subscriber was told `status` after {slowest:.1} s"));
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(after: &[u64], outage_secs: u64) -> Option<Told> {
        let began = Instant::now();
        let at = |secs: &u64| began + Duration::from_secs(*secs);
        let records = after.iter().map(|secs| {
            (
                0,
                Record {
                    told_down: Vec::from_iter((*secs > 0).then(|| at(secs))),
                    ..Record::default()
                },
            )
        });
        Told::of(&records.collect::<Vec<_>>(), &[(began, at(&outage_secs))])
    }

    #[test]
    fn the_slowest_counts_and_so_does_one_that_is_not_told() {
        let on_time = told(&[1, 2], 10).unwrap();
        assert_eq!((on_time.slowest, on_time.untold), (Duration::from_secs(2), 0));
        assert!(on_time.broken().is_empty());
        assert_eq!(told(&[4, 0], 10).unwrap().broken().len(), 2);
        assert_eq!(told(&[11], 10).unwrap().untold, 1, "that is after the outage");
    }

    #[test]
    fn nobody_need_be_told_of_a_short_outage() {
        assert_eq!(told(&[0], 3), None);
    }
}
