//! Puts a load on a server, and says how it fares.

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use benches::figures::percentiles;
use benches::load::print::{self, Progress};
use benches::load::{
    Bounds, Drive, Found, Load, Measured, Overloaded, Plan, Probe, Second, Target,
};
use benches::report::count;
use benches::servers::{Running, System};
use clap::{Parser, ValueEnum};
use tokio::task::LocalSet;

/// Sessions that begin, are kept alive and end, for thousands of accounts, over HTTP. The loop is open: a
/// request is due when its time has come, whatever became of others, and its latency counts from then.
#[derive(Parser, Clone)]
struct Arguments {
    /// The server: its URL, as http://127.0.0.1:8080; or one that is started for it, with its data in --dir:
    /// bailiwick, redis-lua, postgres-row-lock, postgres-optimistic, axum-alone.
    target: String,
    /// Requests per second; 0: as many as are answered, each caller asks again at once.
    #[arg(long, default_value_t = 1_000.0)]
    rate: f64,
    /// First finds the rate that the server sustains, and goes on with it.
    #[arg(long)]
    find_rate: bool,
    /// Puts so many times --rate on it (with --find-rate: of what was found), and looks whether it keeps up
    /// its goodput, its memory is bounded, and all that it acknowledged is there.
    #[arg(long, value_name = "TIMES", num_args = 0..=1, default_missing_value = "10")]
    overload: Option<f64>,
    /// How long, in seconds; 60 under overload, else 30.
    #[arg(long, value_name = "SECONDS")]
    duration: Option<f64>,
    /// How long each rate is tried by --find-rate, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 8.0)]
    probe: f64,
    /// By --find-rate: what 99 % of the requests may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 100)]
    p99: u64,
    /// How many accounts.
    #[arg(long, default_value_t = 10_000)]
    accounts: usize,
    /// How many sessions of an account at once; beyond the default limit, limits are set first.
    #[arg(long, default_value_t = 2)]
    sessions: usize,
    /// How often a session is kept alive, on average.
    #[arg(long, default_value_t = 3)]
    beats: u32,
    /// For how long a lease is asked for, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 600_000)]
    lease: u64,
    /// Callers, each with a connection: so many requests are under way at most. 2 048 under overload, else 64.
    #[arg(long)]
    connections: Option<usize>,
    /// The same seed, the same accounts, and the same requests in the same order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The token that lets requests in.
    #[arg(long)]
    token: Option<String>,
    /// The server's process, to show what it uses; known for one that is started for it.
    #[arg(long)]
    pid: Option<u32>,
    /// Accounts that are told to come later (503 with Retry-After) do so.
    #[arg(long)]
    honour_retry_after: bool,
    /// How long an answer may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    timeout: f64,
    /// Where a server that is started has its data: a folder on a disk.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// The picture that is drawn.
    #[arg(long, value_name = "FILE", default_value = "load.svg")]
    plot: PathBuf,
    /// Fewer accounts, and a tenth of the time: to see that it works, not how fast.
    #[arg(long)]
    quick: bool,
}

/// How long a request is due under overload before its client is gone.
const TIME_LIMIT: Duration = Duration::from_secs(1);

type Failed = Box<dyn std::error::Error + 'static>;

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let sources = std::iter::successors(Some(&*error), |error| error.source());
            let texts: Vec<String> = sources.map(ToString::to_string).collect();
            eprintln!("error: {}", texts.join(": "));
            ExitCode::FAILURE
        }
    }
}

/// Whether all was as asked.
fn run(arguments: Arguments) -> Result<bool, Failed> {
    let server = match System::from_str(&arguments.target, false) {
        Ok(system) => Some(system.start(&arguments.dir)?),
        Err(_) => None,
    };
    let url = server.as_ref().map(|server| format!("http://{}", server.address));
    let url = url.unwrap_or_else(|| arguments.target.clone());
    let pids = server.as_ref().map_or_else(|| arguments.pid.into_iter().collect(), Running::pids);
    let target = Target::parse(&url, arguments.token.clone())?;
    let load = Load::new(target, &pids, arguments.plan());
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let all_well = LocalSet::new().block_on(&executor, whole(&load, &arguments))?;
    drop(server);
    Ok(all_well)
}

async fn whole(load: &Rc<Load>, arguments: &Arguments) -> Result<bool, Failed> {
    let plan = load.plan();
    println!(
        "\nload on {} · {} accounts, {} sessions each, kept alive {} times, leases of {} s",
        arguments.target,
        count(plan.accounts as f64),
        plan.sessions,
        plan.beats,
        plan.lease_ms / 1_000,
    );
    load.prepare().await?;
    let (mut drive, mut found) = (arguments.drive(), None);
    if arguments.find_rate {
        found = Some(arguments.find(load).await);
    }
    if let Some(Found { rate, .. }) = found {
        drive.rate = Some(rate.ok_or("it sustains no rate that was tried")?);
    }
    let mut all_well = true;
    let measured = if let Some(times) = arguments.overload {
        let best = match &found {
            Some(found) => found.best,
            None => arguments.at_best(load).await,
        };
        let rate = drive.rate.map(|rate| rate * times);
        println!("\n  {times} times that, for {:.0} s", drive.duration.as_secs_f64());
        let overloaded =
            Overloaded { measured: watched(load, &Drive { rate, ..drive }).await, best };
        print::measured(&overloaded.measured);
        print::overloaded(&overloaded);
        all_well &= overloaded.is_as_asked();
        overloaded.measured
    } else {
        let measured = watched(load, &drive).await;
        print::measured(&measured);
        measured
    };
    let (checked, broken) = (load.check().await, load.broken());
    print::checked(&checked, broken);
    std::fs::write(&arguments.plot, percentiles(&arguments.title(&measured), &measured))?;
    println!("  {:<13} {}", "picture", arguments.plot.display());
    load.clear().await;
    Ok(all_well && checked.is_well() && broken == 0)
}

async fn watched(load: &Rc<Load>, drive: &Drive) -> Measured {
    let mut progress = Progress::default();
    let measured = load.drive(drive, &mut |second: &Second| progress.show(second)).await;
    progress.clear();
    measured
}

impl Arguments {
    fn plan(&self) -> Plan {
        // As many as callers at least, so that all of them can ask.
        let fewer = self.accounts.div_ceil(10).max(self.drive().connections).min(self.accounts);
        let accounts = if self.quick { fewer } else { self.accounts };
        let Arguments { sessions, beats, lease: lease_ms, seed, .. } = *self;
        Plan { accounts: accounts.max(1), sessions: sessions.max(1), beats, lease_ms, seed }
    }

    fn drive(&self) -> Drive {
        let overload = self.overload.is_some();
        let timeout = Duration::from_secs_f64(self.timeout);
        Drive {
            rate: Some(self.rate).filter(|rate| *rate > 0.0),
            duration: self.seconds(self.duration.unwrap_or(if overload { 60.0 } else { 30.0 })),
            connections: self.connections.unwrap_or(if overload { 2_048 } else { 64 }),
            timeout,
            patience: if overload { TIME_LIMIT } else { timeout },
            honours_retry_after: self.honour_retry_after,
        }
    }

    /// As many connections as without overload, unless somebody says so.
    fn without_overload(&self) -> Drive {
        Arguments { overload: None, ..self.clone() }.drive()
    }

    fn seconds(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64(if self.quick { seconds / 10.0 } else { seconds })
    }

    async fn find(&self, load: &Rc<Load>) -> Found {
        println!("\n  the rate that it sustains: p99 of at most {} ms, nothing refused", self.p99);
        let bounds = Bounds { p99: Duration::from_millis(self.p99), ..Bounds::default() };
        let drive = Drive { duration: self.seconds(self.probe), ..self.without_overload() };
        let progress = std::cell::RefCell::new(Progress::default());
        let mut says = |second: &Second| progress.borrow_mut().show(second);
        let mut tried = |probe: &Probe| {
            progress.borrow_mut().clear();
            print::probe(probe);
        };
        let found = load.sustainable(&drive, bounds, &mut says, &mut tried).await;
        print::found(&found);
        found
    }

    /// What is accepted when each caller asks again at once.
    async fn at_best(&self, load: &Rc<Load>) -> f64 {
        let drive = self.without_overload();
        let duration = self.seconds(self.probe);
        let measured = watched(load, &Drive { rate: None, duration, ..drive }).await;
        println!("\n  at best: {}/s accepted", count(measured.goodput()));
        measured.goodput()
    }

    fn title(&self, measured: &Measured) -> String {
        let plan = self.plan();
        let rate = measured.rate.map_or_else(
            || "as many requests as are answered".to_owned(),
            |rate| format!("{} requests due per second", count(rate)),
        );
        format!(
            "{} · {rate} for {:.0} s, each timed since it was due · {} accounts",
            self.target,
            measured.took.as_secs_f64(),
            count(plan.accounts as f64),
        )
    }
}
