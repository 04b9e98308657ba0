//! The classic cases of dynamic boundaries, raced: by 16 and by 64 callers, of one runtime and of two
//! on the same journal, in memory and durably. Each time exactly as many win as the rules say.
//!
//! That callers of one runtime do not conflict is asserted, and that those of two do: all of them
//! have decided on the same snapshot before anything is written, see [`setup`].

mod course_aggregate;
mod invoice_number;
mod opt_in_token;
mod place_order;
mod product_price;
mod setup;
mod user_name;

/// A module of tests per race: each is run in all settings.
macro_rules! races {
    ($($race:ident),+ $(,)?) => {$(
        mod $race {
            use bailiwick_tests::journals::place::Kept::{Durably, InMemory};
            use super::super::setup::Setting;
            use super::super::races;

            races! { @of $race
                by_16_in_memory: InMemory, 16, 1;
                by_64_in_memory: InMemory, 64, 1;
                by_16_durably: Durably, 16, 1;
                by_64_durably: Durably, 64, 1;
                by_16_of_two_runtimes_in_memory: InMemory, 16, 2;
                by_64_of_two_runtimes_in_memory: InMemory, 64, 2;
                by_16_of_two_runtimes_durably: Durably, 16, 2;
                by_64_of_two_runtimes_durably: Durably, 64, 2;
            }
        }
    )+};
    (@of $race:ident $($name:ident: $kept:expr, $callers:expr, $runtimes:expr;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $name() {
            let setting = Setting { kept: $kept, callers: $callers, runtimes: $runtimes };
            super::$race(setting).await;
        }
    )+};
}
use races;
