//! By what a command is recognised: equal values are the same command, whatever their maps and sets
//! are like in memory; another type, or another value, is another command.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::marker::PhantomData;

use bailiwick::{AskError, Cause, Context, Decide};
use serde::Serialize;

use crate::fixture::{CoinDropped, Jar, Jars};

/// Decides each command by dropping a coin.
macro_rules! drops {
    ($($command:ty)*) => {$(
        impl Decide<$command> for Jar<u64> {
            type Reply = u64;
            type Rejection = Infallible;

            fn decide(
                &self,
                _: &$command,
                ctx: &mut Context<CoinDropped>,
            ) -> Result<u64, Infallible> {
                Ok(self.drop_one(ctx))
            }
        }
    )*};
}

#[derive(Serialize)]
struct Label {
    labels: HashMap<String, HashMap<u8, HashSet<String>>>,
    marks: HashSet<(u8, char)>,
}

/// With maps and sets that are iterated differently each time.
fn label(values: u8) -> Label {
    let texts = |n: u8| (0..n).map(|n| n.to_string());
    let inner = |_| (0..values).map(|n| (n, texts(values).collect())).collect();
    let labels = texts(values).map(|text| (text, inner(()))).collect();
    Label { labels, marks: (0..values).map(|n| (n, 'x')).collect() }
}

mod order {
    #[derive(serde::Serialize)]
    pub struct Cancel;
}

mod subscription {
    #[derive(serde::Serialize)]
    pub struct Cancel;
}

#[derive(Serialize)]
struct Volume;
#[derive(Serialize)]
struct Brightness;
#[derive(Serialize)]
struct Set<T>(u8, PhantomData<T>);

/// As the program was once.
mod once {
    #[derive(serde::Serialize)]
    pub struct Empty;
    #[derive(serde::Serialize)]
    pub struct Shake;
}

/// And as it is today: everything was moved.
mod today {
    #[derive(serde::Serialize)]
    pub struct Emptied {
        pub slowly: Option<bool>,
    }
    #[derive(serde::Serialize)]
    pub struct Shake;
}

/// Decides it under a name of its own.
macro_rules! pinned {
    ($($command:ty)*) => {$(
        impl Decide<$command> for Jar<u64> {
            const COMMAND: Option<&'static str> = Some("Empty");
            type Reply = u64;
            type Rejection = Infallible;

            fn decide(
                &self,
                _: &$command,
                ctx: &mut Context<CoinDropped>,
            ) -> Result<u64, Infallible> {
                Ok(self.drop_one(ctx))
            }
        }
    )*};
}

pinned!(once::Empty today::Emptied);
drops!(once::Shake today::Shake);
drops!(Label order::Cancel subscription::Cancel Set<Volume> Set<Brightness>);

fn is_reused<C, R>(asked: &Result<u64, AskError<C, R>>) -> bool {
    let cause = asked.as_ref().err().and_then(AskError::not_run);
    matches!(cause, Some(Cause::KeyReused { .. }))
}

#[tokio::test]
async fn a_command_with_maps_and_sets_is_recognised() {
    let jars = Jars::<u64>::new().await;
    let jar = jars.all.get("a").once("k");
    for _ in 0..20 {
        assert_eq!(jar.ask(label(5)).await.unwrap(), 1, "it is the same command");
    }
    assert!(is_reused(&jar.ask(label(4)).await));
    assert_eq!(jars.coins().await, 1);
}

#[tokio::test]
async fn two_types_with_one_short_name_are_two_commands() {
    let jars = Jars::<u64>::new().await;
    let jar = |key: &'static str| jars.all.get("a").once(key);
    jar("cancel").ask(order::Cancel).await.unwrap();
    assert!(is_reused(&jar("cancel").ask(subscription::Cancel).await));
    jar("set").ask(Set(5, PhantomData::<Volume>)).await.unwrap();
    assert!(is_reused(&jar("set").ask(Set(5, PhantomData::<Brightness>)).await));
    assert_eq!(jars.coins().await, 2);
}

#[tokio::test]
async fn a_name_that_is_pinned_outlives_the_type() {
    let jars = Jars::<u64>::new().await;
    jars.all.get("a").once("empty").ask(once::Empty).await.unwrap();
    jars.all.get("a").once("shake").ask(once::Shake).await.unwrap();
    let jars = jars.later::<u64>().await;
    let jar = |key: &'static str| jars.all.get("a").once(key);
    assert_eq!(jar("empty").ask(today::Emptied { slowly: None }).await.unwrap(), 1);
    assert!(is_reused(&jar("empty").ask(today::Emptied { slowly: Some(true) }).await));
    // Whose name is that of its type has moved with it.
    assert!(is_reused(&jar("shake").ask(today::Shake).await));
    assert_eq!(jars.coins().await, 2);
    let read = bailiwick::journal::Read::new(bailiwick::journal::Query::all());
    let first = &jars.journal.inner().read(read).await.unwrap().events[0];
    assert_eq!(first.event.metadata.command.as_ref().unwrap().as_str(), "Empty");
}

/// The code of a command's form is the domain's: whatever it does, its caller is told.
#[tokio::test]
async fn a_command_without_a_form_is_not_run() {
    #[derive(Clone, Copy, PartialEq)]
    enum Bad {
        Fails,
        Panics,
    }
    impl Serialize for Bad {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            assert!(*self == Bad::Fails, "no form");
            Err(serde::ser::Error::custom("no form"))
        }
    }
    drops!(Bad);
    let jars = Jars::<u64>::new().await;
    let error = jars.all.get("a").once("k").ask(Bad::Fails).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Codec(_))), "{error:?}");
    let error = jars.all.get("a").once("k").ask(Bad::Panics).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Panicked { .. })), "{error:?}");
    assert_eq!(jars.runtime.counts().not_admitted, 2);
    assert_eq!(jars.coins().await, 0);
}
