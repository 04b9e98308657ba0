//! Calls to the other process.

use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;

/// How long a call may take, connecting included.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(3);

/// Who makes the calls. Every one has a time-out.
///
/// # Errors
/// If there can be none on this machine.
pub fn client(timeout: Duration) -> reqwest::Result<Client> {
    Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout)
        // What is idle is closed before the other side does so, just when it is used again.
        .pool_idle_timeout(Duration::from_secs(5))
        .redirect(Policy::none())
        .no_proxy()
        .build()
}
