//! `dbaudit watch`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use time::OffsetDateTime;
use tokio::sync::mpsc;

use super::auditing::{AuditArgs, Auditor};
use super::check::FailOn;
use super::job::{Done, Job, Kind};
use super::notify::NotifyArgs;
use super::{FAILED, FOUND, output, recording, telling};
use crate::baseline::Baseline;
use crate::evidence::Severity;
use crate::history::History;
use crate::interrupt::{self, interrupted};
use crate::source::Source;
use crate::source::connection::same_cluster;
use crate::watch::metrics;
use crate::watch::schedule::Schedule;
use crate::watch::server::{self, Listen, Shared};
use crate::watch::status::Status;
use crate::watch::timetable::{Shard, Timetable};

/// Audit databases again and again, and tell what is new and what is fixed.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Connection strings, .sql files or folders of them, or .json snapshots
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// More sources: a file with one on each line, read again on SIGHUP
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    sources_file: Option<PathBuf>,
    /// Of each server, all databases and not only the one that is named
    #[arg(long, help_heading = "Sources")]
    all_databases: bool,
    /// Only this part of all sources, as 3/16 (counted from 0), so that 16 jobs share them
    #[arg(long, value_name = "I/N", help_heading = "Sources")]
    shard: Option<Shard>,
    /// Audit a source again so long after the last time: 30m, 6h, 1day; 6h if neither this nor --cron is given
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, conflicts_with = "cron", help_heading = "Schedule")]
    every: Option<Duration>,
    /// Audit at the times of a cron expression, as '0 3 * * *'
    #[arg(long, value_name = "EXPRESSION", help_heading = "Schedule")]
    cron: Option<String>,
    /// Time zone of --cron, as Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC", requires = "cron", help_heading = "Schedule")]
    time_zone: String,
    /// Put each run off by up to so long, so that not all begin at once
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "0s", help_heading = "Schedule")]
    jitter: Duration,
    /// So many at the same time at most
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Schedule")]
    at_once: u16,
    /// Audit all of them once, tell, and end with the exit codes of check
    #[arg(long, conflicts_with_all = ["every", "cron", "listen"], help_heading = "Schedule")]
    once: bool,
    /// With --once, exit with 1 if a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", default_value = "low", requires = "once", help_heading = "Schedule")]
    fail_on: FailOn,
    /// Where the runs are kept: a file, or the connection string of a database that keeps the history of many jobs;
    /// $DBAUDIT_HISTORY_FILE names a file that says it
    #[arg(long, value_name = "STORE", env = "DBAUDIT_HISTORY", hide_env_values = true, help_heading = "Over time")]
    history: Option<String>,
    /// Findings that were accepted, as `dbaudit baseline` wrote them; read again on SIGHUP
    #[arg(long, value_name = "FILE", help_heading = "Over time")]
    baseline: Option<PathBuf>,
    /// Serve a page, metrics (/metrics), health (/healthz) and runs (/api/v1/runs)
    #[arg(long, value_name = "ADDRESS", help_heading = "Page")]
    listen: Option<SocketAddr>,
    /// File with the token that the page asks for; $DBAUDIT_TOKEN does the same
    #[arg(long, value_name = "FILE", requires = "listen", help_heading = "Page")]
    token_file: Option<PathBuf>,
    /// URL of the page, to be named in notifications
    #[arg(long, value_name = "URL", help_heading = "Page")]
    page_url: Option<String>,
    /// Write the metrics to a file after each run, for the textfile collector of node_exporter
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    metrics_file: Option<PathBuf>,
    #[command(flatten)]
    notify: NotifyArgs,
    #[command(flatten)]
    audit: AuditArgs,
}

const EXAMPLES: &str = "Examples:
  dbaudit watch postgresql://auditor@db.example.com/shop --history audits.db --every 6h --listen 127.0.0.1:8787
  dbaudit watch --sources-file databases.txt --history postgresql://… --cron '0 3 * * *' --time-zone Europe/Berlin --notify slack
  dbaudit watch postgresql://auditor@db.example.com/ --all-databases --history audits.db --once";

/// How long audits may take to end when the program is to: Kubernetes gives 30 seconds, and kills then.
const GRACE: Duration = Duration::from_secs(15);
/// The clock is looked at at least so often: it may be set, and the machine may sleep.
const LOOK: Duration = Duration::from_secs(15);
/// What could not be told is tried again so often.
const TELL: Duration = Duration::from_secs(60);

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    // first of all, as SIGHUP ends who does not listen to it
    let reload = {
        let _context = runtime.enter();
        reload()?
    };
    let auditor = args.audit.auditor()?;
    let schedule = match &args.cron {
        Some(expression) => Schedule::cron(expression, &args.time_zone)?,
        None => Schedule::Every(args.every.unwrap_or(Duration::from_secs(6 * 3600))),
    };
    if args.every.is_some_and(|e| e < Duration::from_secs(1)) {
        bail!("--every is too short");
    }
    let channels = args.notify.channels()?;
    let targets = targets(args)?;
    let baseline = args.baseline.as_deref().map(Baseline::read).transpose()?;
    let place = recording::chosen(args.history.as_deref())?
        .context("name a history: --history, $DBAUDIT_HISTORY, or $DBAUDIT_HISTORY_FILE")?;
    let shared = Arc::new(Shared::new(History::open(&place, true)?));
    let listen = args.listen.map(|address| listen(address, args.token_file.as_deref())).transpose()?;
    output::no_progress();
    let teller = telling::Teller::new(shared.clone(), channels, args.page_url.clone());
    let code = std::thread::scope(|scope| {
        let (done, finished) = mpsc::unbounded_channel();
        let mut watch = Watch {
            args,
            auditor: &auditor,
            baseline,
            shared: shared.clone(),
            targets,
            timetable: Timetable::new(schedule, args.jitter),
            queue: VecDeque::new(),
            running: BTreeSet::new(),
            teller,
            failed: false,
            worst: None,
        };
        // a history on a server has a runtime of its own, and none of them runs in another
        watch.begin()?;
        let code = runtime.block_on(watch.go(scope, listen, reload, done, finished))?;
        if args.once {
            watch.teller.begin();
            watch.teller.finish(GRACE);
        }
        // one round that was cut short has not found that all is well
        Ok(if args.once && interrupt::is_wished() { ExitCode::from(FAILED) } else { code })
    });
    // requests that hang do not hold the end up
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

fn listen(address: SocketAddr, file: Option<&Path>) -> Result<Listen> {
    let token = match file {
        Some(file) => Some(
            std::fs::read_to_string(file).with_context(|| format!("cannot read the token from {}", file.display()))?,
        ),
        None => std::env::var("DBAUDIT_TOKEN").ok(),
    };
    let token = token.map(|t| t.trim().to_owned());
    if token.as_ref().is_some_and(String::is_empty) {
        bail!("the token is empty");
    }
    if token.is_none() && !address.ip().is_loopback() {
        output::warning(&format!(
            "everybody who reaches {address} can read the page: --token-file or $DBAUDIT_TOKEN closes it"
        ));
    }
    Ok(Listen { address, token })
}

/// The sources by name.
fn targets(args: &Args) -> Result<BTreeMap<String, Source>> {
    let mut named = args.sources.clone();
    if let Some(file) = &args.sources_file {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the sources from {}", file.display()))?;
        named.extend(text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned));
    }
    let sources = args.audit.target.sources(&named)?;
    args.audit.evidence.suit(&sources)?;
    if sources.iter().any(|s| matches!(s, Source::Stdin)) {
        bail!("standard input can be read once only; watch a file, a folder or a server");
    }
    let mut targets = BTreeMap::new();
    for source in sources {
        let name = source.label();
        if targets.insert(name.clone(), source).is_some() {
            bail!(
                "several sources are called {name}, and one history cannot tell them apart: leave one out, or give \
                 each a watch and a history of its own"
            );
        }
    }
    Ok(targets)
}

struct Watch<'a> {
    args: &'a Args,
    auditor: &'a Auditor<'a>,
    baseline: Option<Baseline>,
    shared: Arc<Shared>,
    targets: BTreeMap<String, Source>,
    timetable: Timetable,
    queue: VecDeque<Job>,
    running: BTreeSet<String>,
    teller: telling::Teller,
    failed: bool,
    worst: Option<Severity>,
}

impl<'a> Watch<'a> {
    async fn go<'scope>(
        &mut self,
        scope: &'scope std::thread::Scope<'scope, 'a>,
        listen: Option<Listen>,
        mut reload: Reload,
        done: mpsc::UnboundedSender<(String, Done)>,
        mut finished: mpsc::UnboundedReceiver<(String, Done)>,
    ) -> Result<ExitCode> {
        let served = match listen {
            Some(listen) => {
                let listener = server::bind(&listen).await?;
                output::log(&format!("the page is at http://{}/", listener.local_addr().unwrap_or(listen.address)));
                Some(tokio::spawn(server::serve(listener, listen, self.shared.clone(), interrupted())))
            }
            None => None,
        };
        let mut tell = tokio::time::interval(TELL);
        loop {
            let now = OffsetDateTime::now_utc();
            for name in self.timetable.take_due(now) {
                self.enqueue(&name);
            }
            self.start(scope, &done);
            if self.args.once && self.queue.is_empty() && self.running.is_empty() {
                break;
            }
            let wait = self.timetable.next().and_then(|at| Duration::try_from(at - now).ok()).unwrap_or(LOOK).min(LOOK);
            tokio::select! {
                Some((name, what)) = finished.recv() => {
                    self.running.remove(&name);
                    self.settle(what);
                    self.write_metrics();
                    if !self.args.once {
                        self.teller.begin();
                    }
                }
                () = tokio::time::sleep(wait) => {}
                _ = tell.tick(), if !self.args.once => self.teller.begin(),
                () = reload.wished() => self.reload(),
                () = interrupted() => return Ok(self.leave(&mut finished, served).await),
            }
        }
        let fails = self.args.fail_on.least().is_some_and(|least| self.worst.is_some_and(|worst| worst >= least));
        Ok(match (self.failed, fails) {
            (true, _) => ExitCode::from(FAILED),
            (false, true) => ExitCode::from(FOUND),
            (false, false) => ExitCode::SUCCESS,
        })
    }

    /// Takes up where the last process ended.
    fn begin(&mut self) -> Result<()> {
        let latest = self.shared.history().latest()?;
        let mut statuses = BTreeMap::new();
        for run in &latest {
            let others = self.args.shard.is_some_and(|s| !s.has(&run.source));
            if others || !self.targets.keys().any(|t| self.is_of(t, &run.source)) {
                continue;
            }
            let mut history = self.shared.history();
            let audited = history.audited(&run.source)?;
            let report = audited.as_ref().map(|a| history.report(a)).transpose()?.flatten();
            statuses.insert(run.source.clone(), Status::of_runs(run, audited.as_ref(), report.as_ref()));
        }
        *self.shared.statuses() = statuses;
        self.plan();
        Ok(())
    }

    /// Whether a source is a target or, where all databases are meant, one of its cluster.
    fn is_of(&self, target: &str, source: &str) -> bool {
        target == source || self.args.all_databases && same_cluster(target, source)
    }

    /// Gives the timetable the targets, each with its last run.
    fn plan(&mut self) {
        let now = OffsetDateTime::now_utc();
        let statuses = self.shared.statuses();
        let last = |target: &String| {
            let of = statuses.iter().filter(|(name, _)| self.is_of(target, name));
            of.filter_map(|(_, s)| s.last_run).max().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok())
        };
        let sources: Vec<_> =
            self.targets.keys().map(|t| (t.clone(), if self.args.once { None } else { last(t) })).collect();
        drop(statuses);
        self.timetable.set_sources(&sources, now);
    }

    fn enqueue(&mut self, target: &str) {
        let Some(source) = self.targets.get(target) else { return };
        let cluster = self.args.all_databases && matches!(source, Source::Live(_));
        let kind = if cluster { Kind::Cluster } else { Kind::One };
        self.push(Job { source: source.clone(), kind });
    }

    fn push(&mut self, job: Job) {
        let name = job.source.label();
        if job.kind != Kind::Cluster && self.args.shard.is_some_and(|s| !s.has(&name)) {
            return;
        }
        if self.running.contains(&name) || self.queue.iter().any(|j| j.source.label() == name) {
            output::log(&format!("{name}: left out, as the run before is not over"));
            return;
        }
        self.queue.push_back(job);
    }

    /// Starts what is queued, as far as there is room.
    fn start<'scope>(
        &mut self,
        scope: &'scope std::thread::Scope<'scope, 'a>,
        done: &mpsc::UnboundedSender<(String, Done)>,
    ) {
        while self.running.len() < usize::from(self.args.at_once) {
            let Some(job) = self.queue.pop_front() else { break };
            let name = job.source.label();
            let (auditor, shared, baseline) = (self.auditor, self.shared.clone(), self.baseline.clone());
            let (tell, done) = (self.teller.has_channels(), done.clone());
            let end = name.clone();
            let worker = move || {
                // a rule that panics over one schema leaves the others alone, and this one is audited again
                let audit = std::panic::AssertUnwindSafe(|| job.run(auditor, &shared, baseline.as_ref(), tell));
                let what = std::panic::catch_unwind(audit).unwrap_or(Done::Failed);
                // nobody listens any more when the program ends
                let _ = done.send((end, what));
            };
            // expressions nest, and so does their parser: see cli/mod.rs
            match std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, worker) {
                Ok(_) => {
                    self.running.insert(name);
                }
                Err(e) => {
                    self.failed = true;
                    output::log(&format!("{name}: cannot start a thread ({e})"));
                }
            }
        }
    }

    /// By one thread, so that what is older never replaces what is newer.
    fn write_metrics(&mut self) {
        if let Some(file) = &self.args.metrics_file
            && let Err(error) = crate::files::write(file, &metrics::text(&self.shared.statuses()))
        {
            self.failed = true;
            output::error(&error);
        }
    }

    fn settle(&mut self, what: Done) {
        match what {
            Done::Listed(sources) => {
                for source in sources {
                    self.push(Job { source, kind: Kind::Listed });
                }
            }
            Done::Audited(worst) => self.worst = self.worst.max(worst),
            Done::Nothing => {}
            Done::Failed => self.failed = true,
        }
    }

    /// Reads again what may have changed; what cannot be read stays as it was.
    fn reload(&mut self) {
        let baseline = self.args.baseline.as_deref().map(Baseline::read).transpose();
        match (targets(self.args), baseline) {
            (Ok(targets), Ok(baseline)) => {
                output::log(&format!("read again: {} sources", targets.len()));
                self.shared.statuses().retain(|name, _| targets.keys().any(|t| self.is_of(t, name)));
                (self.targets, self.baseline) = (targets, baseline);
                self.shared.changed();
                self.plan();
            }
            (Err(error), _) | (_, Err(error)) => {
                output::error(&error.context("what was read before stays"));
            }
        }
    }

    /// Ends: audits are cancelled at their servers, and not recorded.
    async fn leave(
        &mut self,
        finished: &mut mpsc::UnboundedReceiver<(String, Done)>,
        served: Option<tokio::task::JoinHandle<Result<()>>>,
    ) -> ExitCode {
        output::log("ending");
        self.queue.clear();
        let deadline = tokio::time::Instant::now() + GRACE;
        while !self.running.is_empty() {
            match tokio::time::timeout_at(deadline, finished.recv()).await {
                Ok(Some((name, _))) => {
                    self.running.remove(&name);
                }
                _ => {
                    // threads cannot be ended from outside; what they would have recorded is not
                    output::log(&format!("{} audits do not end; leaving them", self.running.len()));
                    std::process::exit(i32::from(FAILED));
                }
            }
        }
        // what is being sent is sent to its end, or nobody would know whether it arrived
        if !self.teller.finish(deadline - tokio::time::Instant::now()) {
            output::log("a notice was being sent and may not have arrived; it is not sent again");
        }
        if let Some(served) = served {
            let _ = tokio::time::timeout(server::LEAVE, served).await;
        }
        ExitCode::SUCCESS
    }
}

/// The wish that the configuration be read again: SIGHUP.
struct Reload {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

fn reload() -> Result<Reload> {
    Ok(Reload {
        #[cfg(unix)]
        signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
            .context("cannot listen to SIGHUP")?,
    })
}

impl Reload {
    async fn wished(&mut self) {
        #[cfg(unix)]
        self.signal.recv().await;
        #[cfg(not(unix))]
        std::future::pending::<()>().await;
    }
}
