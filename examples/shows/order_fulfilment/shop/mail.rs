//! The mail: outside of the shop, in a file of its own. It knows the key of every message that it has taken.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, read_to_string};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bailiwick::Failed;
use bailiwick_examples::notifier::{Message, Notifier};
use tokio::sync::watch;

use super::heard::Heard;
use super::who::Who;
use crate::args::Args;
use crate::failure::Failure;
use crate::killed::may_be_killed;
use crate::page::Page;
use crate::reader::position_of;

/// The mail. Cloning shares it.
#[derive(Clone)]
pub struct Mail {
    taken: Arc<Mutex<Taken>>,
    down: Arc<AtomicBool>,
    /// How often it was asked while it was down.
    in_vain: Arc<watch::Sender<u32>>,
    outage: Duration,
    /// Whoever has told somebody is killed.
    dark: bool,
    heard: watch::Receiver<Heard>,
    page: Page,
}

struct Taken {
    file: File,
    keys: BTreeSet<String>,
}

impl Mail {
    pub fn open(
        path: PathBuf,
        page: Page,
        heard: watch::Receiver<Heard>,
        args: &Args,
    ) -> Result<Mail, Failure> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let keys = read_to_string(path)?;
        let keys = keys.lines().filter_map(|line| line.split('\t').next()).map(str::to_owned);
        let taken = Arc::new(Mutex::new(Taken { file, keys: keys.collect() }));
        let (outage, dark) = (args.outage(), args.show.dark);
        let (down, in_vain) = (Arc::default(), Arc::new(watch::Sender::new(0)));
        Ok(Mail { taken, down, in_vain, outage, dark, heard, page })
    }

    /// From now on it is down, or not any more.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Waits until somebody has asked it while it was down.
    pub async fn is_asked_in_vain(&self) {
        let _ = self.in_vain.subscribe().wait_for(|times| *times > 0).await;
    }

    /// Takes a message. Whether it had it already.
    fn take(&self, key: &str, messages: &[Message]) -> io::Result<bool> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for Message { to, text } in messages {
            writeln!(taken.file, "{key}\t{to}\t{text}")?;
        }
        taken.file.sync_all()?;
        Ok(!taken.keys.insert(key.to_owned()))
    }

    fn says(&self, key: &str, messages: &[Message]) -> io::Result<()> {
        let known = self.take(key, messages)?;
        for Message { to, text } in messages {
            self.page.says(Who::Mail, "tells", &format!("{to}: {text}"))?;
        }
        let position = position_of(key);
        match known {
            true => {
                let text = format!("under the same key, …/{position}: the mail knows it has it");
                self.page.says(Who::Mail, "again", &text)
            }
            false => self.page.says(Who::Mail, "takes it", &format!("under the key …/{position}")),
        }
    }
}

impl Notifier for Mail {
    async fn tell(&self, key: &str, messages: &[Message]) -> Result<(), Failed> {
        // What it is about is said first.
        let mut heard = self.heard.clone();
        let about = position_of(key);
        heard.wait_for(|heard| heard.upto >= about).await.map_err(Failed::retry)?;
        if self.down.load(Ordering::SeqCst) {
            let text = format!("and asks to be called in {:.1} s", self.outage.as_secs_f64());
            self.page.says(Who::Mail, "is down", &text).map_err(Failed::retry)?;
            self.in_vain.send_modify(|times| *times += 1);
            return Err(Failed::retry_after(self.outage, "the mail is down"));
        }
        self.says(key, messages).map_err(Failed::retry)?;
        if self.dark {
            // It has arrived, and nobody will ever hear of that.
            may_be_killed().map_err(Failed::retry)?;
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}
