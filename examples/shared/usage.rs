//! Arguments: what is wrong with them is one line on stderr.

use std::process::ExitCode;

use clap::Parser;

/// Parses the program's arguments. If there is nothing to run, says why and with which code to end.
pub fn parse<A: Parser>() -> Result<A, ExitCode> {
    A::try_parse().map_err(|error| {
        if !error.use_stderr() {
            // Help was asked for. Whoever closed the pipe has read enough of it.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        anstream::eprintln!("error: {}", one_line(&error));
        ExitCode::from(2)
    })
}

/// The error and its tips, without the usage that follows it.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(joined);
    let problem = paragraphs.next().unwrap_or_default();
    let tips = paragraphs.filter_map(|text| text.strip_prefix("tip: ").map(str::to_owned));
    let problem = problem.trim_start_matches("error: ").to_owned();
    let all: Vec<String> = [problem].into_iter().chain(tips).collect();
    format!("{}; see --help", all.join("; "))
}

fn joined(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}
