//! The books of the policy and of the effect.

use super::book::Book;

#[derive(Debug)]
pub struct Books {
    pub policy: Book,
    pub effect: Book,
}

impl Books {
    pub fn new() -> Books {
        Books { policy: Book::of_policy(), effect: Book::of_effect() }
    }

    pub fn each(&self) -> [&Book; 2] {
        [&self.policy, &self.effect]
    }

    pub fn each_mut(&mut self) -> [&mut Book; 2] {
        [&mut self.policy, &mut self.effect]
    }

    /// That of the policy or effect with this name.
    pub fn of(&mut self, name: &str) -> &mut Book {
        if name == self.policy.name() { &mut self.policy } else { &mut self.effect }
    }
}
