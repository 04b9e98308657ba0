//! A user name goes to one account, whoever asks for it and however it becomes free.

use std::time::Duration;

use bailiwick_examples::classics::user_name::{
    ChangeUserName, CloseAccount, NameRefused, RETENTION, RegisterAccount, UserName, UserNameEvent,
};

use super::races;
use super::setup::{Call, Setting, Setup, ruled};

races!(
    a_name_goes_to_one,
    names_do_not_disturb_each_other,
    a_name_is_registered_or_changed_to,
    a_name_that_was_given_back_goes_to_one_after_three_days,
);

fn register(name: impl AsRef<str>) -> RegisterAccount {
    RegisterAccount(named(name))
}

fn named(name: impl AsRef<str>) -> UserName {
    name.as_ref().parse().unwrap()
}

fn claimed() -> NameRefused {
    NameRefused::Claimed("u".into())
}

async fn a_name_goes_to_one(setting: Setting) {
    let setup = Setup::open(setting).await;
    let outcome = setup.race(|_, runtime| ruled(runtime.decide(register("u")))).await;
    outcome.won_by(1, &claimed());
    let registered = UserNameEvent::AccountRegistered { name: "u".into() };
    assert_eq!(setup.events::<UserNameEvent>().await, [registered]);
}

async fn names_do_not_disturb_each_other(setting: Setting) {
    let setup = Setup::open(setting).await;
    let call = |n, runtime: &bailiwick::Runtime| ruled(runtime.decide(register(format!("u{n}"))));
    setup.at_once(call).await.won_by_all();
    assert_eq!(setup.events::<UserNameEvent>().await.len(), setting.callers);
}

async fn a_name_is_registered_or_changed_to(setting: Setting) {
    let setup = Setup::open(setting).await;
    let registered = |n| UserNameEvent::AccountRegistered { name: named(format!("u{n}")) };
    setup.happened((0..setting.callers).map(registered)).await;
    let outcome = setup
        .race(|n, runtime| -> Call<(), NameRefused> {
            if (n / setting.runtimes).is_multiple_of(2) {
                return Box::pin(ruled(runtime.decide(register("u"))));
            }
            let (old, new) = (named(format!("u{n}")), named("u"));
            Box::pin(ruled(runtime.decide(ChangeUserName { old, new })))
        })
        .await;
    outcome.won_by(1, &claimed());
    assert_eq!(setup.events::<UserNameEvent>().await.len(), setting.callers + 1);
}

async fn a_name_that_was_given_back_goes_to_one_after_three_days(setting: Setting) {
    let setup = Setup::open(setting).await;
    setup.runtime().decide(register("u")).await.unwrap();
    setup.runtime().decide(CloseAccount(named("u"))).await.unwrap();
    setup.clock.advance(RETENTION);
    let early = setup.at_once(|_, runtime| ruled(runtime.decide(register("u")))).await;
    early.won_by(0, &claimed());
    setup.clock.advance(Duration::from_millis(1));
    let outcome = setup.race(|_, runtime| ruled(runtime.decide(register("u")))).await;
    outcome.won_by(1, &claimed());
}
