//! How the page begins: with a story, or with what there is of one.

use std::io::{self, Write};

use bailiwick::{Clock, SystemClock};

use super::narrator::Narrator;
use super::past::{Past, Scene};
use crate::journal::Place;
use crate::style::{counted, longer_than_a_second};

/// Says what is told, and where the journal is.
pub fn print<W: Write>(narrator: &mut Narrator<W>, place: &Place, past: &Past) -> io::Result<()> {
    let (title, mut text) = match (past.scene, past.events) {
        (Scene::Beginning, 0) => ("what happens when nobody says goodbye", household()),
        (Scene::Beginning, _) => ("another evening", another_evening(past)),
        _ => ("the story goes on", goes_on(past)),
    };
    text.push(String::new());
    text.extend(journal(place));
    narrator.opening(&format!("lease_expiry: {title}"), &text)
}

fn household() -> Vec<String> {
    let lines = [
        "A household may run two streams at once. A slot is taken on a lease of three",
        "seconds, and the streaming side renews it while the stream plays.",
    ];
    lines.map(str::to_owned).into()
}

fn another_evening(past: &Past) -> Vec<String> {
    let events = counted(past.events, "event");
    let before = format!("Told before; the journal has {events}. This is written behind them.");
    household().into_iter().chain([String::new(), before]).collect()
}

fn goes_on(past: &Past) -> Vec<String> {
    let events = counted(past.events, "event");
    let ago = longer_than_a_second(SystemClock::new().now().since(past.latest));
    let ago = ago.unwrap_or_else(|| "less than a second".to_owned());
    vec![
        format!("The program ended before its story. The journal has {events}, the latest"),
        format!("written {ago} ago. What ran out since then comes first."),
    ]
}

fn journal(place: &Place) -> Vec<String> {
    match place {
        Place::Memory => vec!["The journal is in memory: it ends with the program.".to_owned()],
        Place::Folder(folder) => vec![
            "Kill the program at any moment and start it again: the story goes on.".to_owned(),
            format!("The journal is in {}", folder.display()),
        ],
    }
}
