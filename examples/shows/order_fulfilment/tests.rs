//! The whole day, with hardly a pause: the shop is killed, and started again.

use std::ffi::OsString;
use std::process::Command;

use clap::Parser;

use super::*;

const TOLD: &str = "ORDER_FULFILMENT_SHOP";

/// Not a test: the shop, in a process that a test starts and kills.
#[test]
#[ignore = "run by a test"]
fn the_shop() {
    if let Ok(told) = std::env::var(TOLD) {
        let args = Args::parse_from(["order_fulfilment"].into_iter().chain(told.lines()));
        run(&args, &mut Vec::new(), &|_| unreachable!("a shop has none")).unwrap();
    }
}

fn again(args: &[OsString]) -> std::io::Result<Command> {
    let args: Vec<_> = args.iter().map(|arg| arg.to_str().unwrap()).collect();
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "tests::the_shop", "--ignored", "--nocapture"]);
    command.env(TOLD, args.join("\n"));
    Ok(command)
}

/// What is printed, without colours.
fn printed(folder: &Path) -> String {
    let args = ["order_fulfilment", "--fast", "--data", folder.to_str().unwrap()];
    let mut page = Vec::new();
    run(&Args::parse_from(args), &mut page, &again).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(page).unwrap()).to_string()
}

#[test]
fn the_day_is_killed_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let page = printed(folder.path());
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text:?}: {page}"));
    let story = [
        place("110 items"),
        place("A is paid"),
        place("since the parcel was sent"),
        place("A is complete"),
        place("SIGKILL"),
        place("under the same key"),
        place("B is complete"),
        place("gives up"),
    ];
    assert!(story.is_sorted(), "{story:?}: {page}");
    assert_eq!(page.matches('✓').count(), 8, "{page}");
    // But for what the test's own process adds.
    let mut lines = page.lines().filter(|line| !line.starts_with("test "));
    let wide = lines.find(|line| line.chars().count() >= style::WIDTH);
    assert_eq!(wide, None, "{page}");
    // It is over: nothing happens any more, and the same is proven.
    let again = printed(folder.path());
    assert!(again.contains("is closed"), "{again}");
    assert_eq!(again.matches('✓').count(), 8, "{again}");
}
