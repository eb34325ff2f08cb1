//! When a source is audited again.

use std::str::FromStr;
use std::time::Duration;

use chrono::TimeZone;
use croner::Cron;
use time::OffsetDateTime;

/// A schedule.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// So long after the run before began.
    Every(Duration),
    /// At the times of a cron expression, in a time zone.
    Cron(Box<Cron>, chrono_tz::Tz),
}

/// Why a schedule is none.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The expression cannot be read.
    #[error("'{0}' is no cron expression: {1}")]
    Cron(String, String),
    /// The expression names no time that comes.
    #[error("'{0}' never comes")]
    Never(String),
    /// No such time zone.
    #[error("'{0}' is no time zone; they are called Europe/Berlin, America/New_York, UTC")]
    Zone(String),
}

impl Schedule {
    /// A cron expression of five fields (or six, with seconds first; or `@daily`), in a time zone of the IANA database.
    ///
    /// # Errors
    /// If either is none, or no such time comes.
    pub fn cron(expression: &str, zone: &str) -> Result<Schedule, ScheduleError> {
        let zone = chrono_tz::Tz::from_str(zone).map_err(|_| ScheduleError::Zone(zone.to_owned()))?;
        let cron = Cron::from_str(expression).map_err(|e| ScheduleError::Cron(expression.to_owned(), e.to_string()))?;
        let schedule = Schedule::Cron(Box::new(cron), zone);
        match schedule.after(OffsetDateTime::now_utc()) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never(expression.to_owned())),
        }
    }

    /// The first time after another; `None` if there is none.
    pub fn after(&self, at: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Schedule::Every(every) => at.checked_add(time::Duration::try_from(*every).ok()?),
            Schedule::Cron(cron, zone) => {
                let local = zone.timestamp_opt(at.unix_timestamp(), 0).single()?;
                let next = cron.find_next_occurrence(&local, false).ok()?;
                OffsetDateTime::from_unix_timestamp(next.timestamp()).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn nights_in_a_time_zone() {
        let schedule = Schedule::cron("0 3 * * *", "Europe/Berlin").unwrap();
        assert_eq!(schedule.after(datetime!(2026-07-01 12:00 UTC)), Some(datetime!(2026-07-02 01:00 UTC)));
        assert_eq!(schedule.after(datetime!(2026-12-01 12:00 UTC)), Some(datetime!(2026-12-02 02:00 UTC)));
        let hours = Schedule::Every(Duration::from_secs(6 * 3600));
        assert_eq!(hours.after(datetime!(2026-12-01 12:00 UTC)), Some(datetime!(2026-12-01 18:00 UTC)));
    }

    #[test]
    fn a_time_that_the_clock_skips_or_has_twice_comes_once() {
        // in Berlin 02:30 is skipped on 2026-03-29 and comes twice on 2026-10-25
        let schedule = Schedule::cron("30 2 * * *", "Europe/Berlin").unwrap();
        let mut at = datetime!(2026-03-27 12:00 UTC);
        let mut days = Vec::new();
        for _ in 0..4 {
            at = schedule.after(at).unwrap();
            days.push(at.date().day());
        }
        assert_eq!(days, [28, 29, 30, 31]);
        let mut at = datetime!(2026-10-24 12:00 UTC);
        let mut days = Vec::new();
        for _ in 0..3 {
            at = schedule.after(at).unwrap();
            days.push(at.date().day());
        }
        assert_eq!(days, [25, 26, 27], "once on the night that has it twice");
    }

    #[test]
    fn what_is_no_schedule_says_why() {
        let error = |e, z| Schedule::cron(e, z).unwrap_err().to_string();
        assert!(error("0 25 * * *", "UTC").starts_with("'0 25 * * *' is no cron expression"));
        assert!(error("0 3 * * *", "Berlin").contains("no time zone"));
        assert!(error("0 0 31 2 *", "UTC").contains("never comes"));
    }
}
