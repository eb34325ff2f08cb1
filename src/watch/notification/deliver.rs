//! Trying again: exponential back-off with full jitter.

use std::time::{Duration, Instant};

use super::{Channel, Notice, SendError};

/// When to try again, and when to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest pause after the first attempt; it doubles with each.
    pub first: Duration,
    /// The longest pause of all, unless the receiver asks for more.
    pub longest: Duration,
    /// Attempts at most, the first included.
    pub attempts: u32,
    /// Time for all attempts and pauses. A pause that does not fit in is not begun.
    pub within: Duration,
}

impl Default for Backoff {
    /// Six attempts within ten minutes.
    fn default() -> Backoff {
        let (first, longest) = (Duration::from_secs(2), Duration::from_secs(60));
        Backoff { first, longest, attempts: 6, within: Duration::from_secs(600) }
    }
}

impl Backoff {
    /// The pause after attempt `attempt` (1 and on): from nothing to the longest by `random` (0 to 1), so that many
    /// senders do not come back at once. Not before the receiver wants it (`after`).
    fn pause(&self, attempt: u32, random: f64, after: Option<Duration>) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let pause = self.first.saturating_mul(doubled).min(self.longest).mul_f64(random.clamp(0.0, 1.0));
        match after {
            None => pause,
            Some(after) => after.saturating_add(self.first.min(pause)),
        }
    }
}

/// Sends until it has arrived, or cannot, or `backoff` ends it. `sleep` waits and says whether to go on; false means that
/// the program is to stop.
///
/// # Errors
/// The last attempt's. Its `retry` says whether a later one may help.
pub fn deliver(
    channel: &dyn Channel,
    notice: &Notice,
    backoff: &Backoff,
    sleep: &mut dyn FnMut(Duration) -> bool,
) -> Result<(), SendError> {
    let mut spent = Duration::ZERO;
    let mut attempt = 1;
    loop {
        let began = Instant::now();
        let Err(error) = channel.send(notice) else { return Ok(()) };
        let pause = backoff.pause(attempt, fastrand::f64(), error.after);
        spent = spent.saturating_add(began.elapsed()).saturating_add(pause);
        if !error.retry || attempt >= backoff.attempts || spent > backoff.within || !sleep(pause) {
            return Err(error);
        }
        attempt += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::notification::notice::tests::hostile;
    use std::sync::Mutex;

    /// Answers from the back of a list, then that all is well.
    struct Scripted(Mutex<Vec<SendError>>);

    impl Channel for Scripted {
        fn name(&self) -> &str {
            "scripted"
        }
        fn send(&self, _: &Notice) -> Result<(), SendError> {
            self.0.lock().unwrap().pop().map_or(Ok(()), Err)
        }
    }

    fn error(retry: bool, after: Option<u64>) -> SendError {
        SendError { text: "no".to_owned(), retry, after: after.map(Duration::from_secs) }
    }

    /// The result and the pauses.
    fn run(errors: Vec<SendError>, go_on: bool) -> (Result<(), SendError>, Vec<Duration>) {
        let mut pauses = vec![];
        let channel = Scripted(Mutex::new(errors));
        let result = deliver(&channel, &hostile(1), &Backoff::default(), &mut |pause| {
            pauses.push(pause);
            go_on
        });
        (result, pauses)
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let backoff = Backoff::default();
        let seconds = |attempt, random| backoff.pause(attempt, random, None).as_secs_f64();
        assert_eq!([1, 2, 3, 6, 7, 99].map(|a| seconds(a, 1.0)), [2.0, 4.0, 8.0, 60.0, 60.0, 60.0]);
        assert_eq!((seconds(3, 0.5), seconds(3, 0.0)), (4.0, 0.0), "full jitter");
        let asked = backoff.pause(1, 0.0, Some(Duration::from_secs(100)));
        assert_eq!(asked, Duration::from_secs(100), "not before the receiver wants it");
        assert_eq!(backoff.pause(6, 1.0, Some(Duration::MAX)), Duration::MAX);
    }

    #[test]
    fn it_tries_again_where_that_helps() {
        let (result, pauses) = run(vec![error(true, Some(5)), error(true, None)], true);
        assert_eq!((result, pauses.len()), (Ok(()), 2));
        assert!(pauses[0] <= Duration::from_secs(2) && pauses[1] >= Duration::from_secs(5), "{pauses:?}");
        assert_eq!(run(vec![error(false, None)], true), (Err(error(false, None)), vec![]));
    }

    #[test]
    fn it_gives_up() {
        let (result, pauses) = run(vec![error(true, None); 99], true);
        assert_eq!((result, pauses.len()), (Err(error(true, None)), 5), "after so many attempts");
        let (result, pauses) = run(vec![error(true, Some(250)); 99], true);
        assert_eq!((result.is_err(), pauses.len()), (true, 2), "after so long");
        let (result, pauses) = run(vec![error(true, Some(u64::MAX))], true);
        assert_eq!((result.is_err(), pauses.len()), (true, 0), "a pause that does not fit is not begun");
        let (result, pauses) = run(vec![error(true, None); 99], false);
        assert_eq!((result.is_err(), pauses.len()), (true, 1), "when it is told to stop");
    }
}
