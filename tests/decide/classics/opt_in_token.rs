//! A token confirms one sign-up, within an hour.

use std::time::Duration;

use bailiwick::Runtime;
use bailiwick_examples::classics::opt_in_token::{
    ConfirmRefused, ConfirmSignUp, SignUpEvent, VALIDITY,
};

use super::races;
use super::setup::{Setting, Setup, ruled};

races!(a_token_is_used_once_within_the_hour, a_token_is_of_no_use_after_the_hour);

fn confirm(
    _: usize,
    runtime: &Runtime,
) -> impl Future<Output = Result<(), ConfirmRefused>> + Send + use<> {
    ruled(runtime.decide(ConfirmSignUp { email: "john".into(), token: "111111".into() }))
}

async fn initiated(setting: Setting) -> Setup {
    let setup = Setup::open(setting).await;
    let (email, token) = ("john".into(), "111111".into());
    let name = "John Doe".to_owned();
    setup.happened([SignUpEvent::SignUpInitiated { email, token, name }]).await;
    setup
}

async fn a_token_is_used_once_within_the_hour(setting: Setting) {
    let setup = initiated(setting).await;
    setup.clock.advance(VALIDITY);
    setup.race(confirm).await.won_by(1, &ConfirmRefused::Used);
    assert_eq!(setup.events::<SignUpEvent>().await.len(), 2);
    // That it was used is said first.
    setup.clock.advance(Duration::from_millis(1));
    setup.at_once(confirm).await.won_by(0, &ConfirmRefused::Used);
}

async fn a_token_is_of_no_use_after_the_hour(setting: Setting) {
    let setup = initiated(setting).await;
    setup.clock.advance(VALIDITY + Duration::from_millis(1));
    setup.at_once(confirm).await.won_by(0, &ConfirmRefused::Expired);
}
