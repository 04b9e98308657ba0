//! Cases of two writers whose conditions look at one thing from different sides: whatever a journal
//! locks or indexes by, they must not both win.

use super::build::{any_of, event, item, slow, tag, unless};
use super::client::{Client, Outcome, won};
use super::racing::race_in_rounds;
use crate::journal::{AppendCondition, EncodedEvent, Query, QueryItem};
use crate::position::Position;

/// Many: the two must run into each other, and often do not.
const ROUNDS: usize = 250;

/// What one writer appends, unless what is there already.
type Side = (EncodedEvent, AppendCondition);

/// The names of a round: nothing of another round matches.
struct Round {
    types: [String; 3],
    tags: [String; 3],
}

impl Round {
    fn new(number: usize) -> Round {
        Round {
            types: ["A", "B", "C"].map(|name| format!("{name}{number}")),
            tags: ["x", "y", "z"].map(|key| format!("{key}:{number}")),
        }
    }

    fn item(&self, types: &[usize], tags: &[usize]) -> QueryItem {
        let types = types.iter().map(|n| self.types[*n].clone());
        let tags = tags.iter().map(|n| tag(&self.tags[*n]));
        QueryItem::new(types, tags).expect("a side selects something")
    }

    fn event(&self, event_type: usize, tags: &[usize]) -> EncodedEvent {
        let tags: Vec<&str> = tags.iter().map(|n| self.tags[*n].as_str()).collect();
        event(self.types[event_type].clone(), &tags)
    }
}

/// In every round one of the two sides wins, and only one.
fn one_side_wins(client: &Client, sides: impl Fn(&Round) -> [Side; 2]) {
    let sides: Vec<[Side; 2]> = (0..ROUNDS).map(|n| sides(&Round::new(n))).collect();
    let rounds = race_in_rounds(2, ROUNDS, |round, side| {
        let (event, mut condition) = sides[round][side].clone();
        if round % 2 == 1 {
            condition.query = slow(&condition.query);
        }
        client.append_if(condition, [event])
    });
    one_winner_each(&rounds);
    let stored = client.found(Query::all());
    assert_eq!(stored.len(), ROUNDS, "an event per round");
}

fn one_winner_each(rounds: &[Vec<Outcome>]) {
    for (round, outcomes) in rounds.iter().enumerate() {
        let winners = outcomes.iter().filter_map(won).count();
        assert_eq!(winners, 1, "winners of round {round}: {outcomes:?}");
    }
}

pub(super) fn a_type_and_a_tag_of_one_event(client: &Client) {
    one_side_wins(client, |round| {
        let by_type = unless(round.item(&[0], &[]));
        let by_tag = unless(round.item(&[], &[0]));
        let event = round.event(0, &[0]);
        [(event.clone(), by_type), (event, by_tag)]
    });
}

pub(super) fn a_type_guarded_and_a_tag_appended(client: &Client) {
    one_side_wins(client, |round| {
        let by_type = (round.event(1, &[0]), unless(round.item(&[0], &[])));
        let by_tag = (round.event(0, &[1]), unless(round.item(&[], &[0])));
        [by_type, by_tag]
    });
}

pub(super) fn one_tag_and_two_tags(client: &Client) {
    one_side_wins(client, |round| {
        let wide = unless(round.item(&[], &[0]));
        let narrow = unless(round.item(&[], &[0, 1]));
        let event = round.event(0, &[0, 1]);
        [(event.clone(), wide), (event, narrow)]
    });
}

pub(super) fn two_tags_of_three(client: &Client) {
    one_side_wins(client, |round| {
        let left = unless(round.item(&[], &[0, 1]));
        let right = unless(round.item(&[], &[1, 2]));
        let event = round.event(0, &[0, 1, 2]);
        [(event.clone(), left), (event, right)]
    });
}

pub(super) fn one_type_and_several(client: &Client) {
    one_side_wins(client, |round| {
        let narrow = unless(round.item(&[0], &[0]));
        let wide = unless(round.item(&[0, 1, 2], &[0]));
        let event = round.event(0, &[0]);
        [(event.clone(), narrow), (event, wide)]
    });
}

pub(super) fn items_that_share_one_part(client: &Client) {
    one_side_wins(client, |round| {
        let left = any_of([round.item(&[0], &[0]), round.item(&[], &[1])]);
        let right = any_of([round.item(&[], &[1]), round.item(&[2], &[])]);
        let event = round.event(1, &[1]);
        [(event.clone(), unless(left)), (event, unless(right))]
    });
}

pub(super) fn each_guards_what_the_other_appends(client: &Client) {
    one_side_wins(client, |round| {
        let left = (round.event(0, &[0]), unless(round.item(&[1], &[1])));
        let right = (round.event(1, &[1]), unless(round.item(&[0], &[0])));
        [left, right]
    });
}

pub(super) fn never_and_a_moving_boundary(client: &Client) {
    one_side_wins(client, |round| {
        let nothing = || unless(item(&["Nothing"], &[]));
        let never = nothing().never(round.item(&[], &[0]).into());
        let moving = unless(round.item(&[0], &[]));
        let event = round.event(0, &[0]);
        [(event.clone(), never), (event, moving)]
    });
}

pub(super) fn everything_and_one_tag(client: &Client) {
    let rounds = race_in_rounds(2, ROUNDS, |number, side| {
        let round = Round::new(number);
        // Every round before this one appended one event.
        let after = Position::new(number as u64);
        let query = [Query::all(), round.item(&[], &[0]).into()][side].clone();
        client.append_if(unless(query).after(after), [round.event(0, &[0])])
    });
    one_winner_each(&rounds);
}
