//! Who is there that morning: the courses, and what each student wishes for.

use std::time::Duration;

use bailiwick_examples::registration::{CourseId, StudentId};

use crate::args::Args;
use crate::dice::Dice;

/// A course: its seats for every 400 students, and how many of a hundred wishes are for it.
struct Offer {
    course: &'static str,
    seats: u32,
    wanted: u64,
}

const fn offer(course: &'static str, seats: u32, wanted: u64) -> Offer {
    Offer { course, seats, wanted }
}

const OFFERS: [Offer; 12] = [
    offer("algebra", 60, 12),
    offer("astronomy", 40, 14),
    offer("baroque-music", 30, 4),
    offer("botany", 50, 6),
    offer("chess", 24, 8),
    offer("drawing", 40, 10),
    offer("game-theory", 60, 11),
    offer("latin", 45, 4),
    offer("mechanics", 80, 9),
    offer("operating-systems", 60, 12),
    offer("optics", 40, 6),
    offer("pottery", 12, 4),
];

/// Where the office finds out that a full course cannot be made smaller, and makes it larger.
pub const RESIZED: &str = "astronomy";
/// What does not take place after all.
pub const CANCELLED: &str = "latin";

/// The courses, with their seats.
pub fn courses(args: &Args) -> Vec<(CourseId, u32)> {
    let seats = |offer: &Offer| (offer.seats * args.students / 400).max(1);
    OFFERS.iter().map(|offer| (offer.course.into(), seats(offer))).collect()
}

/// A student, and what the student is up to.
#[derive(Debug)]
pub struct Visitor {
    pub student: StudentId,
    /// How long after the opening the student comes.
    pub comes_after: Duration,
    /// The courses, each once, the dearest first.
    pub wishes: Vec<CourseId>,
    pub habit: Habit,
}

/// What a student does beside asking for one course after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Habit {
    None,
    /// Clicks twice.
    Impatient,
    /// Gives the first seat back.
    Undecided,
    /// Tries to leave with seats, then gives them back and leaves.
    Leaving,
}

/// The students. The same seed, the same students.
pub fn visitors(args: &Args) -> Vec<Visitor> {
    let mut dice = Dice::new(args.seed);
    (1..=args.students).map(|number| visitor(number, args, &mut dice)).collect()
}

fn visitor(number: u32, args: &Args, dice: &mut Dice) -> Visitor {
    // Most come at once: the third power of a chance.
    let late = dice.between(0, 1_000);
    let comes_after = Duration::from_micros(args.seconds * late * late * late / 1_000);
    let count = usize::try_from(dice.between(4, 8)).expect("few");
    let mut wishes = Vec::<CourseId>::new();
    while wishes.len() < count {
        let course = dice.one_of(OFFERS.each_ref().map(|offer| (offer.wanted, offer.course)));
        if !wishes.contains(&course.into()) {
            wishes.push(course.into());
        }
    }
    let habit = dice.one_of([
        (6, Habit::Impatient),
        (6, Habit::Undecided),
        (4, Habit::Leaving),
        (84, Habit::None),
    ]);
    let student = format!("s{number}").parse().expect("an ID");
    Visitor { student, comes_after, wishes, habit }
}
