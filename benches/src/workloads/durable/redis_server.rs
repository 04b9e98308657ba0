//! A Redis server of our own: from the installed program, on a free port of this machine, with its
//! data in a folder that is given; ended, by its process, when it is dropped.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = "redis-server";

/// A server that runs.
pub(in crate::workloads) struct Server {
    process: Child,
    port: u16,
}

/// Whether there is such a program.
pub(in crate::workloads) fn installed() -> bool {
    let asked = Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

impl Server {
    /// Starts one; it may not listen yet. With `synced`, every command is on the disk before its
    /// answer; without, nothing ever is.
    pub(in crate::workloads) fn start(folder: &Path, synced: bool) -> Server {
        let port = free_port().to_string();
        let append_only = if synced { "yes" } else { "no" };
        let mut command = Command::new(PROGRAM);
        command.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--dir"]).arg(folder);
        command.args(["--appendonly", append_only, "--appendfsync", "always"]);
        command.args(["--auto-aof-rewrite-percentage", "0", "--daemonize", "no"]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let port = port.parse().expect("it is a number");
        Server { process: process.expect("it is installed"), port }
    }

    /// Where it listens.
    pub(in crate::workloads) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }
}

/// Somebody else might take it meanwhile: then the server ends at once, and nobody can connect.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
