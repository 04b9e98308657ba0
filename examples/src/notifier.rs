//! Who tells people something: the port behind which the mail is, or whatever brings it.

use std::future::Future;

use bailiwick_core::{Failed, MockService};

/// What somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who.
    pub to: String,
    /// What.
    pub text: String,
}

/// Whoever brings it to people.
pub trait Notifier: Send + Sync + 'static {
    /// Tells somebody, or several people at once.
    ///
    /// The same call may come again, under the same key and with the same messages: after a crash nobody knows
    /// whether it arrived. Who looks at the key tells everybody once.
    ///
    /// # Errors
    /// If it may not have arrived, or never will: [`Failed`].
    fn tell(
        &self,
        key: &str,
        messages: &[Message],
    ) -> impl Future<Output = Result<(), Failed>> + Send;
}

/// That of a test: it fails in every way that it is told to.
impl Notifier for MockService<Vec<Message>> {
    async fn tell(&self, key: &str, messages: &[Message]) -> Result<(), Failed> {
        self.call(key, messages.to_vec()).await
    }
}
