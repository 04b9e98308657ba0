//! Programs of this workspace, which lie beside this executable: built anew if cargo runs it, as cargo
//! builds only the one that it runs.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::Process;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Program {
    /// Weighs a system in a process of its own.
    Resident,
    /// A rival behind the routes.
    Rival,
    /// The example.
    StreamingServer,
}

/// How many lines a server prints at most until its URL.
const LINES: usize = 50;

impl Program {
    /// Where it is.
    ///
    /// # Errors
    /// It cannot be built, or is not there and nobody builds it.
    pub fn built(self) -> Result<PathBuf, Box<dyn Error>> {
        let own = std::env::current_exe()?;
        let mut folder = own.parent().ok_or("no folder")?;
        if folder.ends_with("deps") {
            folder = folder.parent().ok_or("no folder")?;
        }
        if let Some(cargo) = std::env::var_os("CARGO") {
            self.build(Path::new(&cargo), folder)?;
        }
        let file = match self {
            Program::Resident => folder.join("resident"),
            Program::Rival => folder.join("rival"),
            Program::StreamingServer => folder.join("examples").join("streaming_server"),
        };
        let file = file.with_extension(std::env::consts::EXE_EXTENSION);
        if file.exists() {
            return Ok(file);
        }
        Err(format!("it is missing: cargo build --release {}", self.target().join(" ")).into())
    }

    fn target(self) -> [&'static str; 4] {
        match self {
            Program::Resident => ["--package", "benches", "--bin", "resident"],
            Program::Rival => ["--package", "benches", "--bin", "rival"],
            Program::StreamingServer => {
                ["--package", "bailiwick-examples", "--example", "streaming_server"]
            }
        }
    }

    fn build(self, cargo: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--manifest-path", manifest]).args(self.target());
        command.arg("--target-dir").arg(folder.parent().ok_or("no target folder")?);
        if !cfg!(debug_assertions) {
            command.arg("--release");
        }
        let built = command.status()?.success();
        built.then_some(()).ok_or_else(|| format!("{self:?} cannot be built").into())
    }
}

/// Starts a server and waits until it has said where it listens.
///
/// # Errors
/// It cannot be started, or ended before.
pub fn start(mut command: Command) -> Result<(Process, SocketAddr), Box<dyn Error>> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut process = Process::new(child, "TERM");
    let mut lines = BufReader::new(process.child().stdout.take().ok_or("no output")?).lines();
    for line in lines.by_ref().take(LINES) {
        if let Some(address) = address_in(&line?) {
            // Nobody reads what it says, and it must not wait for that.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok((process, address));
        }
    }
    Err(format!("{} did not say where it listens", command.get_program().display()).into())
}

/// The address of the first URL in a line.
pub fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, url) = line.split_once("http://")?;
    let end = url.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(url.len());
    url[..end].parse().ok()
}

#[test]
fn the_address_is_found_in_what_a_server_says() {
    let address = "127.0.0.1:80".parse().ok();
    assert_eq!(address_in("listens on http://127.0.0.1:80"), address);
    assert_eq!(address_in("API  http://127.0.0.1:80/accounts, see also"), address);
    assert_eq!(address_in("https://127.0.0.1:80"), None);
    assert_eq!(address_in("nothing"), None);
}
