//! What a story of a whole set records is what a runtime records.

use bailiwick::quiesce::{Quiesce, quiesce};
use bailiwick_tests::stage::settle;

use crate::fixture::Kind::{Empty, Plain, Refused, Registered, Unreadable};
use crate::fixture::{Author, Broken, LetterReceived, Office, Post, PostBox, Register, Write};

fn letters() -> impl Iterator<Item = Write> {
    let kinds = [Plain, Refused, Empty, Unreadable, Registered, Plain];
    (1..).zip(kinds).map(|(n, kind)| Write("b", n, kind))
}

fn story() -> Quiesce {
    quiesce()
        .aggregate::<Author>()
        .aggregate::<PostBox>()
        .decision::<Register>()
        // In a runtime the policy begins here.
        .event(LetterReceived { into: "nobody".into(), n: 0 })
        .policy(Post(Broken::default()))
        .at(1_000)
}

#[tokio::test]
async fn a_story_records_what_a_runtime_records() {
    let office = Office::new().await;
    let author = office.authors.get("ann");
    let mut story = story();
    for letter in letters() {
        let asked = match letter.1 % 2 {
            0 => {
                author.correlation("c").principal("p").ask(letter.clone()).await.unwrap();
                let story = story.correlation("c").principal("p");
                story.get::<Author>("ann").ask(letter)
            }
            _ => {
                author.ask(letter.clone()).await.unwrap();
                story.get::<Author>("ann").ask(letter)
            }
        };
        settle().await;
        story = asked.result().1.refusals().1;
    }
    let mut recorded = office.events().await;
    for event in &mut recorded {
        // Of those that it has in memory. A story has none.
        event.event.metadata.extra_mut().deadlines.clear();
    }
    story.journal(|rehearsed| {
        assert_eq!(rehearsed.len(), recorded.len());
        for (rehearsed, recorded) in rehearsed.iter().zip(&recorded).skip(1) {
            assert_eq!(rehearsed, recorded);
        }
    });
}
