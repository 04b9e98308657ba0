//! A Redis server, from the installed program.

use std::path::Path;
use std::process::{Command, Stdio};

use super::free_port;
use super::process::Process;

const PROGRAM: &str = "redis-server";
/// What is shown in place of figures.
pub const ABSENT: &str = "absent: no redis-server is installed";

/// A server that runs.
pub struct Server {
    process: Process,
    port: u16,
}

/// Whether there is such a program.
pub fn installed() -> bool {
    super::installed(PROGRAM)
}

impl Server {
    /// Starts one; it may not listen yet. With `synced`, every command is on the disk before its
    /// answer; without, nothing ever is.
    ///
    /// # Panics
    /// It is not installed.
    pub fn start(folder: &Path, synced: bool) -> Server {
        let port = free_port();
        let append_only = if synced { "yes" } else { "no" };
        let mut command = Command::new(PROGRAM);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"]);
        command.arg(folder).args(["--appendonly", append_only, "--appendfsync", "always"]);
        command.args(["--auto-aof-rewrite-percentage", "0", "--daemonize", "no"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Server { process: Process::new(child.expect("it is installed"), "KILL"), port }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}
