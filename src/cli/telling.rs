//! Telling what the history holds: each notice over each channel, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

use super::output;
use crate::history::{Delivery, stamp};
use crate::interrupt;
use crate::watch::notification::{Backoff, Channel, Notice, deliver};
use crate::watch::server::Shared;

/// What is older is not told any more: whoever hears of it then has seen it otherwise.
const FRESH: time::Duration = time::Duration::hours(24);
/// The waits between attempts are cut up, so that the wish to end is heard.
const STEP: Duration = Duration::from_millis(200);
/// Who waits for the end looks so often.
const LOOK: Duration = Duration::from_millis(20);

/// Tells, each channel on a thread of its own: one that takes its time holds up no other.
#[derive(Clone)]
pub struct Teller {
    shared: Arc<Shared>,
    lines: Arc<Vec<Line>>,
    page: Option<String>,
}

struct Line {
    channel: Box<dyn Channel>,
    busy: AtomicBool,
    again: AtomicBool,
}

impl Teller {
    /// Nothing is told yet.
    pub fn new(shared: Arc<Shared>, channels: Vec<Box<dyn Channel>>, page: Option<String>) -> Teller {
        let line = |channel| Line { channel, busy: AtomicBool::default(), again: AtomicBool::default() };
        Teller { shared, lines: Arc::new(channels.into_iter().map(line).collect()), page }
    }

    /// Whether there is anybody to tell.
    pub fn has_channels(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Tells what there is to tell, beside what goes on; over a channel that is at it already, once more after it.
    pub fn begin(&self) {
        for (i, line) in self.lines.iter().enumerate() {
            line.again.store(true, Ordering::SeqCst);
            if line.busy.swap(true, Ordering::SeqCst) {
                continue;
            }
            let this = self.clone();
            let thread = std::thread::Builder::new().name("telling".to_owned()).spawn(move || {
                let Some(line) = this.lines.get(i) else { return };
                while line.again.swap(false, Ordering::SeqCst) && !interrupt::is_wished() {
                    this.tell_over(line.channel.as_ref());
                }
                line.busy.store(false, Ordering::SeqCst);
            });
            if let Err(e) = thread {
                line.busy.store(false, Ordering::SeqCst);
                output::warning(&format!("nobody can be told now: cannot start a thread ({e})"));
            }
        }
    }

    /// Waits until nobody is being told any more: when the program is to end, until what came of the attempts that are
    /// under way is noted, and no longer than `grace`. `false` if the time was over before that.
    pub fn finish(&self, grace: Duration) -> bool {
        let busy = || self.lines.iter().any(|line| line.busy.load(Ordering::SeqCst));
        let mut left = grace;
        while busy() && !left.is_zero() {
            std::thread::sleep(LOOK);
            if interrupt::is_wished() {
                left = left.saturating_sub(LOOK);
            }
        }
        !busy()
    }

    fn tell_over(&self, channel: &dyn Channel) {
        let sources: Vec<String> = self.shared.statuses().keys().cloned().collect();
        if let Err(error) = self.over(channel, &sources) {
            output::error(&error.context(format!("nothing can be told over {}", channel.name())));
        }
    }

    fn over(&self, channel: &dyn Channel, sources: &[String]) -> anyhow::Result<()> {
        let since = stamp(OffsetDateTime::now_utc() - FRESH);
        let notices = self.shared.history().untold(channel.name(), sources, &since)?;
        for n in notices {
            if interrupt::is_wished() {
                break;
            }
            let now = stamp(OffsetDateTime::now_utc());
            // who comes second leaves it
            if !self.shared.history().claim(&n.id, channel.name(), &now)? {
                continue;
            }
            let notice = Notice {
                id: n.id.clone(),
                run: n.id.clone(),
                source: n.source,
                at: n.at,
                new: n.news.new,
                fixed: n.news.fixed,
                failed: n.news.failed,
                recovered: n.news.recovered,
                page: self.page.clone(),
            };
            let told = deliver(channel, &notice, &Backoff::default(), &mut wait);
            let delivery = match told {
                Ok(()) => Delivery::Sent,
                Err(e) => {
                    output::warning(&format!("{} was not told over {}: {e}", notice.subject(), channel.name()));
                    if e.retry { Delivery::Again(e.text) } else { Delivery::Failed(e.text) }
                }
            };
            self.shared.history().settle(&n.id, channel.name(), &delivery)?;
        }
        Ok(())
    }
}

/// Waits; `false` if the program is to end meanwhile.
fn wait(pause: Duration) -> bool {
    let mut left = pause;
    while !left.is_zero() {
        if interrupt::is_wished() {
            return false;
        }
        let step = left.min(STEP);
        std::thread::sleep(step);
        left -= step;
    }
    true
}
