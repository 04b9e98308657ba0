//! What is stored, and who emits and reads it, as one text that is compared with a file.

use std::convert::Infallible;
use std::fs;
use std::panic::catch_unwind;

use bailiwick::{
    Aggregate, BoxError, Builder, Catalogue, Context, Event, Fields, MemoryJournal, Runtime,
    StartError, Timestamp, View, commands, id,
};
use serde::{Deserialize, Serialize};

id!(DishId: "dish" was "meal", GuestId: "guest");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[event(retired("MenuPrinted"))]
enum DishEvent {
    #[event(was = "DishAdded", version = 3, upcast(in_cents, of::taste))]
    DishListed {
        cents: u64,
        #[serde(default)]
        vegan: Option<bool>,
        #[serde(flatten)]
        more: Vec<(String, u8)>,
    },
    #[serde(rename_all = "camelCase")]
    DishEaten {
        #[tag]
        eaten_by: GuestId,
    },
}

fn in_cents(_: &mut Fields) -> Result<(), BoxError> {
    Ok(())
}

mod of {
    use super::{BoxError, Fields};

    pub fn taste(_: &mut Fields) -> Result<(), BoxError> {
        Ok(())
    }
}

struct Dish;

impl View for Dish {
    type Key = DishId;
    type Event = DishEvent;
    fn new(_: &DishId) -> Self {
        Dish
    }
    fn apply(&mut self, _: &DishEvent, _: Timestamp) {}
}

impl Aggregate for Dish {
    const NAME: &'static str = "kitchen::Dish";
    const WAS: &'static [&'static str] = &["Meal"];
}

struct Eat;

#[commands]
impl Dish {
    fn eat(&self, _: &Eat, _: &mut Context<DishEvent>) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Somebody else's.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[event(version = 2, upcast = in_cents)]
struct Tipped {
    #[tag]
    guest: GuestId,
}

fn kitchen() -> Builder {
    Runtime::builder(MemoryJournal::new()).aggregate::<Dish>().emits::<Tipped>()
}

fn catalogue() -> Catalogue {
    kitchen().ignores_events(["Invoiced"]).catalogue().unwrap()
}

const TEXT: &str = "\
aggregate kitchen::Dish by dish, was Meal, by meal before

event DishEaten, version 1, of DishEvent
  serde       rename_all = \"camelCase\"
  field       eaten_by: GuestId
  tags        guest
  emitted by  aggregate kitchen::Dish
  read by     aggregate kitchen::Dish by dish

event DishListed, version 3, of DishEvent
  was         DishAdded
  upcast      from 1 by in_cents
  upcast      from 2 by of::taste
  field       cents: u64
  field       vegan: Option<bool>, serde(default)
  field       more: Vec<(String, u8)>, serde(flatten)
  read back   when it is emitted
  emitted by  aggregate kitchen::Dish
  read by     aggregate kitchen::Dish by dish

event MenuPrinted, retired from DishEvent

event Tipped, version 2, of Tipped
  upcast      from 1 by in_cents, called by nobody
  field       guest: GuestId
  tags        guest
  emitted by  elsewhere Tipped
  read by     nobody

ignored event Invoiced
";

#[test]
fn it_says_all_that_is_stored_and_who_reads_it() {
    assert_eq!(catalogue().to_string(), TEXT);
}

#[test]
fn the_order_in_which_things_are_added_does_not_matter() {
    let builder = Runtime::builder(MemoryJournal::new()).ignores_events(["Invoiced"]);
    let other = builder.emits::<Tipped>().aggregate::<Dish>().catalogue().unwrap();
    assert_eq!(other, catalogue());
}

#[test]
fn as_data_it_has_the_same() {
    let json = serde_json::to_value(catalogue()).unwrap();
    assert_eq!(json["names"][0]["was"][0], "Meal");
    assert_eq!(json["events"][1]["upcasters"][1], "of::taste");
    assert_eq!(json["events"][1]["fields"][1]["serde"], "default");
    assert_eq!(json["events"][3]["read_by"].as_array().map(Vec::len), Some(0));
}

#[test]
fn what_has_changed_fails_the_test_and_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stored.txt");
    let failure = |path: &std::path::Path| {
        let failed = catch_unwind(|| catalogue().assert_file(path)).unwrap_err();
        failed.downcast_ref::<String>().expect("a text").clone()
    };
    assert!(failure(&path).contains("run this test once with UPDATE_CATALOGUE=1"));
    fs::write(&path, TEXT).unwrap();
    catalogue().assert_file(&path);
    fs::write(&path, TEXT.replace("\n", "\r\n")).unwrap();
    catalogue().assert_file(&path);
    fs::write(&path, TEXT.replace("cents: u64", "euros: u64")).unwrap();
    let failure = failure(&path);
    let differs = "  event DishListed\n-   field       euros: u64\n+   field       cents: u64\n";
    assert!(failure.contains(differs), "{failure}");
    assert!(failure.contains("UPDATE_CATALOGUE=1"), "{failure}");
    assert!(failure.contains(&*path.to_string_lossy()), "{failure}");
}

#[test]
fn names_that_contradict_each_other_are_found_without_a_journal() {
    #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct DishEaten {}
    let refused = kitchen().emits::<DishEaten>().catalogue();
    assert!(
        matches!(refused, Err(StartError::EventTypeClaimedTwice { event: "DishEaten", .. })),
        "{refused:?}"
    );
}
