//! Which sources are due. Pure: it is told what time it is, so that a year can be played in a test.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::schedule::Schedule;

/// A clock that is behind what it said by more than this was set back.
const SET_BACK: time::Duration = time::Duration::minutes(2);

/// When each source is due.
#[derive(Debug)]
pub struct Timetable {
    schedule: Schedule,
    jitter: Duration,
    due: BTreeMap<String, Option<OffsetDateTime>>,
    last_now: Option<OffsetDateTime>,
}

impl Timetable {
    /// A timetable without sources. Each time is put off by up to `jitter`, which is the same for a source and a time.
    pub fn new(schedule: Schedule, jitter: Duration) -> Timetable {
        Timetable { schedule, jitter, due: BTreeMap::new(), last_now: None }
    }

    /// The sources from now on, each with when its last run began. Those that are known keep their times; one that never
    /// ran is due at once, and so is one whose time passed while nobody watched: once, however often it passed.
    pub fn set_sources(&mut self, sources: &[(String, Option<OffsetDateTime>)], now: OffsetDateTime) {
        let mut due = BTreeMap::new();
        for (name, last) in sources {
            let at = match (self.due.get(name), last) {
                (Some(at), _) => *at,
                (None, None) => Some(now),
                (None, Some(last)) => self.after(name, (*last).min(now)),
            };
            due.insert(name.clone(), at);
        }
        self.due = due;
    }

    /// The sources that are due, which are so no more: each has its next time, from now on.
    pub fn take_due(&mut self, now: OffsetDateTime) -> Vec<String> {
        // who set the clock back does not want to wait until it has caught up
        if self.last_now.is_some_and(|last| now < last - SET_BACK) {
            let names: Vec<String> = self.due.keys().cloned().collect();
            for name in names {
                let again = self.after(&name, now);
                if let Some(at) = self.due.get_mut(&name) {
                    *at = match (*at, again) {
                        (Some(at), Some(again)) => Some(at.min(again)),
                        (at, again) => at.or(again),
                    };
                }
            }
        }
        self.last_now = Some(now);
        let names: Vec<String> =
            self.due.iter().filter(|(_, at)| at.is_some_and(|at| at <= now)).map(|(name, _)| name.clone()).collect();
        for name in &names {
            let next = self.after(name, now);
            self.due.insert(name.clone(), next);
        }
        names
    }

    /// When the next source is due.
    pub fn next(&self) -> Option<OffsetDateTime> {
        self.due.values().flatten().min().copied()
    }

    fn after(&self, name: &str, at: OffsetDateTime) -> Option<OffsetDateTime> {
        // from the time itself and not from when it was put off to, or a cron time that is put off would come twice
        let next = self.schedule.after(at)?;
        let put_off = self.jitter.mul_f64(share(name, next));
        next.checked_add(time::Duration::try_from(put_off).ok()?)
    }
}

/// From 0 to 1, the same for the same name and time.
fn share(name: &str, at: OffsetDateTime) -> f64 {
    let hash = Sha256::new().chain_update(name).chain_update(at.unix_timestamp().to_le_bytes()).finalize();
    let bytes = hash.first_chunk::<4>().copied().unwrap_or_default();
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

/// One of so many parts of all sources, for jobs that share them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    of: u64,
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((index, of)) if index < of => Ok(Shard { index, of }),
            Some((_, 0)) | None => Err("a shard is I/N, as 0/16 to 15/16".to_owned()),
            Some((_, of)) => Err(format!("shards are counted from 0: the last of {of} is {}/{of}", of - 1)),
        }
    }
}

impl Shard {
    /// Whether a source is of this shard: by its name alone, so that every machine says the same.
    pub fn has(self, source: &str) -> bool {
        let hash = Sha256::digest(source);
        let bytes = hash.first_chunk::<8>().copied().unwrap_or_default();
        u64::from_le_bytes(bytes) % self.of == self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const HOUR: Duration = Duration::from_secs(3600);

    fn six_hours() -> Timetable {
        Timetable::new(Schedule::Every(6 * HOUR), Duration::ZERO)
    }

    #[test]
    fn once_at_once_and_then_by_the_schedule() {
        let mut t = six_hours();
        let now = datetime!(2026-01-01 00:00 UTC);
        t.set_sources(
            &[("a".into(), None), ("b".into(), Some(now - 2 * HOUR)), ("c".into(), Some(now - 50 * HOUR))],
            now,
        );
        assert_eq!(t.take_due(now), ["a", "c"], "a never ran, the time of c passed: once");
        assert_eq!(t.next(), Some(now + 4 * HOUR));
        assert_eq!(t.take_due(now + 4 * HOUR), ["b"]);
        assert_eq!(t.take_due(now + 6 * HOUR), ["a", "c"]);
        t.set_sources(&[("a".into(), Some(now)), ("d".into(), None)], now + 7 * HOUR);
        assert_eq!(t.take_due(now + 7 * HOUR), ["d"], "a keeps its time");
    }

    #[test]
    fn a_machine_that_slept_runs_once() {
        let mut t = six_hours();
        let now = datetime!(2026-01-01 00:00 UTC);
        t.set_sources(&[("a".into(), None)], now);
        t.take_due(now);
        let awake = now + 100 * HOUR;
        assert_eq!(t.take_due(awake), ["a"]);
        assert_eq!(t.take_due(awake), Vec::<String>::new());
        assert_eq!(t.next(), Some(awake + 6 * HOUR));
    }

    #[test]
    fn a_clock_that_is_set_back_or_ahead() {
        let mut t = six_hours();
        let now = datetime!(2026-06-01 00:00 UTC);
        t.set_sources(&[("a".into(), None)], now);
        t.take_due(now);
        let back = now - 1000 * HOUR;
        assert_eq!(t.take_due(back), Vec::<String>::new());
        assert_eq!(t.next(), Some(back + 6 * HOUR), "not in a thousand hours");
        let ahead = now + 1000 * HOUR;
        assert_eq!(t.take_due(ahead), ["a"]);
        let mut t = six_hours();
        t.set_sources(&[("a".into(), Some(ahead))], now);
        assert_eq!(t.next(), Some(now + 6 * HOUR), "a run of the future is one of now");
    }

    #[test]
    fn a_year_of_nights_has_as_many_runs_as_nights() {
        let schedule = Schedule::cron("0 3 * * *", "Europe/Berlin").unwrap();
        let mut t = Timetable::new(schedule, Duration::from_secs(1800));
        let mut now = datetime!(2026-01-01 12:00 UTC);
        t.set_sources(&[("a".into(), Some(now)), ("b".into(), Some(now))], now);
        let mut runs = BTreeMap::<(String, time::Date), usize>::new();
        let mut times = std::collections::BTreeSet::new();
        while now < datetime!(2027-01-01 12:00 UTC) {
            now = t.next().unwrap();
            for name in t.take_due(now) {
                times.insert(now.time());
                *runs.entry((name, now.date())).or_default() += 1;
            }
        }
        assert_eq!(runs.len(), 2 * 365 + 1, "and the first of the next year's");
        assert!(runs.values().all(|n| *n == 1));
        assert!(times.len() > 300, "they are spread");
    }

    #[test]
    fn shards_share_all_sources() {
        let names: Vec<String> = (0..2000).map(|i| format!("postgresql://h/db{i}")).collect();
        let shards: Vec<Shard> = (0..16).map(|i| format!("{i}/16").parse().unwrap()).collect();
        for n in &names {
            assert_eq!(shards.iter().filter(|s| s.has(n)).count(), 1);
        }
        let sizes: Vec<usize> = shards.iter().map(|s| names.iter().filter(|n| s.has(n)).count()).collect();
        assert!(sizes.iter().all(|n| (80..=170).contains(n)), "{sizes:?}");
        for wrong in ["16/16", "3", "a/b", "0/0", "-1/4"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
