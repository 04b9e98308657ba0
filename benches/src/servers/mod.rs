//! Servers that a comparison starts for itself: on a free port of this machine, with their data in a folder
//! that is given, ended by their processes when they are dropped.

pub mod postgres;
pub mod process;
pub mod program;
pub mod redis;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use clap::ValueEnum;
use tempfile::TempDir;

use process::Process;
use program::Program;

/// Who answers the routes of the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum System {
    /// The example `streaming_server`, with its journal in a folder.
    Bailiwick,
    /// Redis behind axum: one script over three keys, synced before each answer.
    RedisLua,
    /// PostgreSQL behind axum: a lock on the row of the account.
    PostgresRowLock,
    /// PostgreSQL behind axum: a check of the version of the account.
    PostgresOptimistic,
    /// axum before a map in memory: what the routes themselves cost, nothing durable.
    AxumAlone,
}

/// One that runs. What it was started on ends after it.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    program: Process,
    database: Option<Database>,
    _folder: TempDir,
}

enum Database {
    Redis(redis::Server),
    Postgres(postgres::Server),
}

/// How many connections to its database a server has: what is asked beyond that waits for one, or shares it.
pub const CONNECTIONS: usize = 32;

impl System {
    /// Its name, as it is given and shown.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Why it cannot be started here, if so.
    pub fn absent(self) -> Option<&'static str> {
        match self {
            System::RedisLua if !redis::installed() => Some(redis::ABSENT),
            System::PostgresRowLock | System::PostgresOptimistic => postgres::absent(),
            _ => None,
        }
    }

    /// Starts it, and all that it needs, with its data in a folder of its own within `folder`.
    ///
    /// # Errors
    /// It cannot be built or started.
    pub fn start(self, folder: &Path) -> Result<Running, Box<dyn Error>> {
        if let Some(why) = self.absent() {
            return Err(why.into());
        }
        let folder = tempfile::tempdir_in(folder)?;
        let (database, program) = match self {
            System::Bailiwick => (None, Program::StreamingServer),
            System::AxumAlone => (None, Program::Rival),
            System::RedisLua => {
                let server = redis::Server::start(folder.path(), true);
                (Some(Database::Redis(server)), Program::Rival)
            }
            System::PostgresRowLock | System::PostgresOptimistic => {
                let server = postgres::Server::start(folder.path())?;
                (Some(Database::Postgres(server)), Program::Rival)
            }
        };
        let mut command = Command::new(program.built()?);
        command.args(["--listen", "127.0.0.1:0"]);
        match &database {
            None if self == System::Bailiwick => {
                command.arg("--data").arg(folder.path().join("journal"));
            }
            None => {
                command.arg(self.name());
            }
            Some(database) => {
                command.arg(self.name()).args(["--store", &database.url()]);
                command.args(["--connections", &CONNECTIONS.to_string()]);
            }
        }
        let (program, address) = program::start(command)?;
        Ok(Running { address, program, database, _folder: folder })
    }
}

impl Running {
    /// All processes that were started for it. They may have children.
    pub fn pids(&self) -> Vec<u32> {
        let database = self.database.as_ref().map(|database| match database {
            Database::Redis(server) => server.pid(),
            Database::Postgres(server) => server.pid(),
        });
        std::iter::once(self.program.pid()).chain(database).collect()
    }
}

impl Database {
    fn url(&self) -> String {
        match self {
            Database::Redis(server) => server.url(),
            Database::Postgres(server) => server.url(),
        }
    }
}

/// Somebody else might take it meanwhile: then the server ends at once, and nobody can connect.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Whether there is such a program.
fn installed(program: impl AsRef<std::ffi::OsStr>) -> bool {
    let asked = Command::new(program).arg("--version").stdout(std::process::Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}
