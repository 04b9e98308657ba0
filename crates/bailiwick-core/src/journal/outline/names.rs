//! Names, each with a number: they are few, and stand beside many.

use std::collections::HashMap;

use crate::text::Text;

/// The names that events have shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Names {
    /// Of event types.
    pub(super) types: Table,
    /// Keys of tags.
    pub(super) keys: Table,
    /// Of aggregate types.
    pub(super) aggregates: Table,
}

/// Texts by their numbers, from 0 on, and the other way round.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    texts: Vec<Text>,
    numbers: HashMap<Text, u32>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Text> {
        self.texts.iter()
    }

    /// The text with a number that was given.
    pub(super) fn text(&self, number: u32) -> &str {
        self.shared(number).as_str()
    }

    pub(super) fn shared(&self, number: u32) -> &Text {
        &self.texts[number as usize]
    }

    pub(super) fn get(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// The number of a text: a new one, if it has none.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(known) = self.get(text) {
            return known;
        }
        let number = u32::try_from(self.texts.len()).expect("there are few names");
        let text = Text::from(text.to_owned());
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }
}
