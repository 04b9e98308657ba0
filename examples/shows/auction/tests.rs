//! The whole evening, with hardly a pause: the house is killed, and started again.

use std::ffi::OsString;
use std::process::Command;

use clap::Parser;

use super::*;

const TOLD: &str = "AUCTION_HOUSE";

/// Not a test: the house, in a process that a test starts and kills.
#[test]
#[ignore = "run by a test"]
fn the_house() {
    if let Ok(told) = std::env::var(TOLD) {
        let args = Args::parse_from(["auction"].into_iter().chain(told.lines()));
        run(&args, &mut Vec::new(), &|_| unreachable!("a house has none")).unwrap();
    }
}

fn again(args: &[OsString]) -> std::io::Result<Command> {
    let args: Vec<_> = args.iter().map(|arg| arg.to_str().unwrap()).collect();
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "tests::the_house", "--ignored", "--nocapture"]);
    command.env(TOLD, args.join("\n"));
    Ok(command)
}

/// What is printed, without colours.
fn printed(folder: &Path) -> String {
    let args = ["auction", "--fast", "--data", folder.to_str().unwrap()];
    let mut page = Vec::new();
    run(&Args::parse_from(args), &mut page, &again).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(page).unwrap()).to_string()
}

#[test]
fn what_got_in_before_the_kill_is_taken_out_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let page = printed(folder.path());
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text:?}: {page}"));
    let story = [
        place("900 EUR for the piano"),
        place("SIGKILL"),
        place("Eve's bid for the piano"),
        place("the bidder is suspended"),
        place("The last second"),
    ];
    assert!(story.is_sorted(), "{story:?}: {page}");
    assert_eq!(page.matches("takes out Eve's").count(), 1, "{page}");
    assert_eq!(page.matches('✓').count(), 7, "{page}");
    // But for what the test's own process adds.
    let mut lines = page.lines().filter(|line| !line.starts_with("test "));
    let wide = lines.find(|line| line.chars().count() >= style::WIDTH);
    assert_eq!(wide, None, "{page}");
    // It is over: nothing happens any more, and the same is proven.
    let again = printed(folder.path());
    assert!(again.contains("is closed"), "{again}");
    let proven = |page: &str| page.lines().filter(|line| line.contains('✓')).count();
    assert_eq!((proven(&again), again.matches("takes out Eve's").count()), (7, 0), "{again}");
}
