//! What an aggregate costs whoever compiles it: a crate of so many of them is generated and compiled.
//!
//! What is counted is the processor time of cargo and all that it starts, so a busy machine disturbs
//! it little; and the lines of LLVM IR that the crate gives LLVM to work on, which are the same every
//! time.

pub mod membership;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cpu;

/// The aggregate in a checkout of this project, which is compiled with the crates there.
const SOURCE: &str = "benches/src/compile_time/membership.rs";

/// A crate that is generated, with so many aggregates as it is to be compiled with.
pub struct Generated {
    folder: PathBuf,
    checkout: PathBuf,
}

impl Generated {
    /// A crate in `folder` that depends on the Bailiwick of `checkout`.
    ///
    /// # Errors
    /// If there is no such checkout, or the folder cannot be written to.
    pub fn new(folder: PathBuf, checkout: &Path) -> io::Result<Generated> {
        let checkout = checkout.canonicalize()?;
        fs::create_dir_all(folder.join("src"))?;
        fs::copy(checkout.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        fs::write(folder.join("Cargo.toml"), manifest(&checkout.join("crates/bailiwick")))?;
        let generated = Generated { folder, checkout };
        // All that it depends on.
        generated.write(0)?;
        generated.cargo(0, &[])?;
        Ok(generated)
    }

    /// The processor time that it takes to compile it, without what it depends on.
    ///
    /// # Errors
    /// If it cannot be compiled, or there is no `/proc`.
    pub fn time(&self, opt_level: u8, aggregates: usize) -> io::Result<Duration> {
        self.write(aggregates)?;
        let before = cpu::used_by_children();
        self.cargo(opt_level, &[])?;
        let used = cpu::used_by_children().zip(before).map(|(after, before)| after - before);
        used.ok_or_else(|| io::Error::other("there is no /proc"))
    }

    /// How many lines of LLVM IR it gives LLVM.
    ///
    /// # Errors
    /// If it cannot be compiled.
    pub fn lines(&self, opt_level: u8, aggregates: usize) -> io::Result<usize> {
        self.write(aggregates)?;
        let ir = self.folder.join("generated.ll");
        let emit = format!("--emit=llvm-ir={}", ir.display());
        self.cargo(opt_level, &["-Ccodegen-units=1", "-Cno-prepopulate-passes", &emit])?;
        let mut in_function = false;
        let is_code = |line: &&str| {
            in_function = (in_function || line.starts_with("define ")) && *line != "}";
            in_function
        };
        Ok(fs::read_to_string(ir)?.lines().filter(is_code).count())
    }

    fn write(&self, aggregates: usize) -> io::Result<()> {
        let source = self.folder.join("src");
        fs::write(source.join("main.rs"), main(aggregates))?;
        let aggregate = fs::read_to_string(self.checkout.join(SOURCE))?;
        for n in 0..aggregates {
            let of_its_own = aggregate
                .replace("Membership", &format!("Membership{n}"))
                .replace("\"membership\"", &format!("\"membership{n}\""));
            fs::write(source.join(format!("membership{n}.rs")), of_its_own)?;
        }
        Ok(())
    }

    fn cargo(&self, opt_level: u8, rustc: &[&str]) -> io::Result<()> {
        let done = Command::new("cargo")
            .args(["rustc", "--quiet", "--bin", "generated", "--target-dir"])
            .arg(self.folder.join("target"))
            .arg("--")
            .args(rustc)
            .current_dir(&self.folder)
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", opt_level.to_string())
            .status()?;
        match done.success() {
            true => Ok(()),
            false => Err(io::Error::other("the generated crate cannot be compiled")),
        }
    }
}

/// The default profile of cargo, compiled in one go: what is compiled anew of what has changed depends
/// on what has changed. What it depends on is the same at all levels of optimisation.
fn manifest(bailiwick: &Path) -> String {
    format!(
        "[package]\nname = \"generated\"\nedition = \"2024\"\n\n\
         [dependencies]\nbailiwick = {{ path = {bailiwick:?}, default-features = false }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\nthiserror = \"2\"\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n\n\
         [profile.dev]\nincremental = false\n\n[profile.dev.package.\"*\"]\nopt-level = 1\n\n\
         [workspace]\n"
    )
}

fn main(aggregates: usize) -> String {
    let each = |line: fn(usize) -> String| (0..aggregates).map(line).collect::<String>();
    let modules = each(|n| format!("mod membership{n};\n"));
    let added = each(|n| format!("    let builder = membership{n}::is_added(builder);\n"));
    let used = each(|n| format!("    membership{n}::is_used(&runtime).await?;\n"));
    format!(
        "{modules}\n#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {{\n    \
         let builder = bailiwick::Runtime::builder(bailiwick::MemoryJournal::new());\n{added}    \
         let runtime = builder.start().await?;\n{used}    \
         runtime.shutdown(std::time::Duration::from_secs(5)).await;\n    Ok(())\n}}\n"
    )
}
