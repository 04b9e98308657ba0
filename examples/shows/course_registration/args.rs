//! What the program is told.

use std::path::PathBuf;

use clap::Parser;

use crate::color::Color;

const EXAMPLES: &str = "\
Examples:
  A morning, in a temporary folder:
    cargo run --example course_registration
  Keep its journal, and prove the rules from it again whenever you like:
    cargo run --example course_registration -- --data /tmp/registration
  Two thousand students, all at the same instant:
    cargo run --example course_registration -- --students 2000 --seconds 0

Exit status: 0 if the journal proves every rule; 1 if it does not, or something
failed; 2 if the arguments are wrong.";

/// Shows rules that belong to no single aggregate, on the morning when
/// registration opens.
///
/// Hundreds of students are after too few seats, all at once. A subscription is
/// decided about a student and a course together; meanwhile the dean's office
/// resizes and cancels courses, and students come and go. In the end, every rule
/// is proven from the journal alone.
///
/// Without arguments the journal is in a temporary folder, and goes with it. A
/// folder that holds a morning already is read and proven, and nothing is added.
#[derive(Debug, Parser)]
#[command(name = "course_registration", verbatim_doc_comment, after_help = EXAMPLES)]
pub struct Args {
    /// The folder of the journal, which is kept
    #[arg(long, value_name = "DIR", conflicts_with = "memory")]
    pub data: Option<PathBuf>,
    /// A journal in memory, which ends with the program
    #[arg(long)]
    pub memory: bool,
    /// How many students come
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub students: u32,
    /// How many seconds they take to come
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub seconds: u64,
    /// The same seed, the same wishes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub color: Color,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::assert_help_fits;
    use crate::usage::one_line;

    #[test]
    fn wrong_arguments_are_named_in_one_line() {
        let wrong = |args: &[&str]| {
            let args = ["course_registration"].iter().chain(args);
            one_line(&Args::try_parse_from(args).unwrap_err())
        };
        assert_eq!(
            wrong(&["--students", "0"]),
            "invalid value '0' for '--students <N>': 0 is not in 1..=100000; see --help"
        );
        assert_eq!(
            wrong(&["--data", "x", "--memory"]),
            "the argument '--data <DIR>' cannot be used with '--memory'; see --help"
        );
    }

    #[test]
    fn the_help_is_no_wider_than_a_terminal() {
        assert_help_fits::<Args>();
    }
}
