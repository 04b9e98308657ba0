//! A process that is killed while it is at work: see `bailiwick_tests::faults`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bailiwick_tests::faults::run_process()
}
