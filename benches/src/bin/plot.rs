//! Makes the figures of a README from the JSON of `versus`.

use std::path::PathBuf;

use benches::figures::{markdown, plot};
use benches::report::Row;
use clap::Parser;

/// Draws the results of `versus all --json FILE`, or prints them as Markdown tables.
#[derive(Parser)]
struct Arguments {
    /// What `versus` wrote.
    results: PathBuf,
    /// The SVG to write.
    #[arg(required_unless_present = "markdown")]
    svg: Option<PathBuf>,
    /// Prints Markdown tables.
    #[arg(long)]
    markdown: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let rows: Vec<Row> = serde_json::from_slice(&std::fs::read(arguments.results)?)?;
    if let Some(svg) = arguments.svg {
        std::fs::write(svg, plot(&rows))?;
    }
    if arguments.markdown {
        print!("{}", markdown(&rows));
    }
    Ok(())
}
