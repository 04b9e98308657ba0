//! A PostgreSQL server with its default settings, from the installed programs. It refuses to run as root:
//! then it runs as the user `postgres`, who must be able to reach the folder.

use std::error::Error;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::Process;
use super::{free_port, installed};

const USER: &str = "postgres";
/// Where Debian has the programs, a folder for each version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// A server that runs.
pub struct Server {
    process: Process,
    port: u16,
}

/// Why there can be none, if so: what is shown in place of figures.
pub fn absent() -> Option<&'static str> {
    if program("initdb").is_none() || program("postgres").is_none() {
        return Some("absent: no PostgreSQL server is installed");
    }
    if is_root() && user().is_none() {
        return Some("absent: PostgreSQL refuses to run as root, and there is no user postgres");
    }
    None
}

impl Server {
    /// Starts one on a new database; it may not listen yet.
    ///
    /// # Errors
    /// The database cannot be made.
    pub fn start(folder: &Path) -> Result<Server, Box<dyn Error>> {
        let data = folder.join("postgres");
        fs::create_dir(&data)?;
        if let Some((user, group)) = user().filter(|_| is_root()) {
            std::os::unix::fs::chown(&data, Some(user), Some(group))?;
            // The way to it.
            fs::set_permissions(folder, fs::Permissions::from_mode(0o711))?;
        }
        let mut makes = command("initdb")?;
        makes.args(["--auth", "trust", "--username", USER, "--no-sync", "--locale", "C"]);
        let made = makes.args(["--encoding", "UTF8", "--pgdata"]).arg(&data).output()?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).trim().into());
        }
        let port = free_port();
        let mut serves = command("postgres")?;
        serves.arg("-D").arg(&data).args(["-c", "listen_addresses=127.0.0.1", "-c"]);
        serves.args([&format!("port={port}"), "-c", "unix_socket_directories="]);
        serves.stdin(Stdio::null()).stdout(Stdio::null());
        let child = serves.stderr(fs::File::create(folder.join("postgres.log"))?).spawn()?;
        Ok(Server { process: Process::new(child, "INT"), port })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    /// The process that has all others as its children.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}

/// On the path, or the newest where Debian has them.
fn program(name: &str) -> Option<PathBuf> {
    if installed(name) {
        return Some(name.into());
    }
    let versions = fs::read_dir(VERSIONS).ok()?;
    let found = versions.filter_map(|version| Some(version.ok()?.path().join("bin").join(name)));
    found.filter(|path| path.exists()).max()
}

fn command(name: &str) -> Result<Command, Box<dyn Error>> {
    let mut command = Command::new(program(name).ok_or("it is not installed")?);
    if let Some((user, group)) = user().filter(|_| is_root()) {
        command.uid(user).gid(group).current_dir("/");
    }
    Ok(command)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The IDs of the user and of its group.
fn user() -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(USER))?;
    let mut ids = line.split(':').skip(2);
    Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
}
