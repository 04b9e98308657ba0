//! A disk in memory that keeps what a disk keeps, and loses what a disk may lose.
//!
//! 1. What was written and not synced survives a power loss by sectors, each by chance: so in part, and in any
//!    order. So do the length of a file and the names of a folder.
//! 2. A call may fail, or do half of its work, or be the last before the power goes. A sync that fails, of a file
//!    or a folder, has forgotten what it was to write: the next one succeeds, and that is not on the disk. A sync
//!    may lie.
//! 3. The same seed loses the same.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::{File, Folder, Identity};

/// What a disk writes wholly or not at all, in bytes.
pub const SECTOR: usize = 512;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The power goes. Of a write, some may have been done.
    PowerOff,
    /// It fails. A sync has forgotten what it was to write.
    Fails,
    /// There is no room: a write does half of its work, and fails the next time.
    NoRoom,
    /// A sync does nothing, and says that it did.
    Lies,
}

/// A folder on such a disk. Clones are the same one.
#[derive(Clone)]
pub struct Simulated(Arc<Mutex<State>>);

struct State {
    random: u64,
    calls: u64,
    plan: BTreeMap<u64, Fault>,
    is_off: bool,
    full: bool,
    /// The folder is not where it was any more.
    removed: bool,
    /// How often the power came back: who opened a file before has it no more.
    boots: u64,
    files: Vec<Contents>,
    names: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    /// What became of names since the last sync of the folder.
    renamed: Vec<Naming>,
}

enum Naming {
    Is(String, usize),
    IsGone(String),
}

#[derive(Default)]
struct Contents {
    durable: Vec<u8>,
    cached: Vec<u8>,
    /// The sectors that the next sync writes.
    dirty: BTreeSet<usize>,
}

impl Simulated {
    /// An empty one. `seed`: for what it loses.
    pub fn new(seed: u64) -> Simulated {
        Simulated(Arc::new(Mutex::new(State {
            random: seed,
            calls: 0,
            plan: BTreeMap::new(),
            is_off: false,
            full: false,
            removed: false,
            boots: 0,
            files: Vec::new(),
            names: BTreeMap::new(),
            durable: BTreeMap::new(),
            renamed: Vec::new(),
        })))
    }

    /// How many calls there were that change something.
    pub fn calls(&self) -> u64 {
        self.0.lock().calls
    }

    /// Has the `nth` call from now on, counted from 0, end like this. Calls are those that change something.
    pub fn plan(&self, nth: u64, fault: Fault) {
        let mut state = self.0.lock();
        let at = state.calls + nth;
        state.plan.insert(at, fault);
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.0.lock().is_off
    }

    /// There is room again.
    pub fn free_room(&self) {
        self.0.lock().full = false;
    }

    /// The folder is removed from its place, or moved: nothing is found by its name any more, and what is open
    /// is so still.
    pub fn remove_folder(&self) {
        self.0.lock().removed = true;
    }

    /// The power goes, if it has not, and comes back. What was not synced is lost by chance; whatever was
    /// planned is not any more.
    pub fn restart(&self) {
        self.0.lock().restart();
    }

    /// Flips one bit of what is in a file.
    ///
    /// # Panics
    /// If there is no such file, or no such bit.
    pub fn flip(&self, name: &str, bit: usize) {
        let mut state = self.0.lock();
        let file = state.names[name];
        let Contents { durable, cached, .. } = &mut state.files[file];
        for bytes in [durable, cached] {
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    /// What is in a file.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn contents(&self, name: &str) -> Vec<u8> {
        let state = self.0.lock();
        state.files[state.names[name]].cached.clone()
    }
}

impl State {
    /// Something is looked for by its name.
    fn begin_by_name(&self) -> io::Result<()> {
        match (self.is_off, self.removed) {
            (true, _) => Err(power()),
            (false, true) => Err(io::ErrorKind::NotFound.into()),
            (false, false) => Ok(()),
        }
    }

    /// The file of that name.
    fn file(&self, name: &str) -> io::Result<usize> {
        self.begin_by_name()?;
        Ok(*self.names.get(name).ok_or(io::ErrorKind::NotFound)?)
    }

    /// A call that changes something begins. What happens to it.
    fn begin(&mut self) -> io::Result<Option<Fault>> {
        if self.is_off {
            return Err(power());
        }
        let fault = self.plan.remove(&self.calls);
        self.calls += 1;
        match fault {
            Some(Fault::PowerOff) => self.is_off = true,
            Some(Fault::NoRoom) => self.full = true,
            _ => {}
        }
        Ok(fault)
    }

    /// The same, for one that is done wholly or not at all.
    fn begin_whole(&mut self) -> io::Result<()> {
        match self.begin()? {
            None => Ok(()),
            // It may have been done.
            Some(Fault::PowerOff) if self.chance() => Ok(()),
            Some(Fault::PowerOff) => Err(power()),
            Some(Fault::NoRoom) => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::Fails | Fault::Lies) => Err(io::Error::other("the disk failed")),
        }
    }

    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn chance(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn restart(&mut self) {
        for naming in std::mem::take(&mut self.renamed) {
            if self.chance() {
                naming.apply(&mut self.durable);
            }
        }
        self.names = self.durable.clone();
        for file in 0..self.files.len() {
            let dirty = std::mem::take(&mut self.files[file].dirty);
            if self.files[file].cached.len() > self.files[file].durable.len() && self.chance() {
                let len = self.files[file].cached.len();
                self.files[file].durable.resize(len, 0);
            }
            // Most often a part of them: all or none of many is rare.
            let (all, none) = (self.next().is_multiple_of(4), self.next().is_multiple_of(8));
            for sector in dirty {
                if all || (!none && self.chance()) {
                    self.files[file].write_back(sector);
                }
            }
            self.files[file].cached = self.files[file].durable.clone();
        }
        self.plan.clear();
        (self.is_off, self.full) = (false, false);
        self.boots += 1;
    }
}

impl Naming {
    fn apply(self, names: &mut BTreeMap<String, usize>) {
        match self {
            Naming::Is(name, file) => {
                names.retain(|_, other| *other != file);
                names.insert(name, file);
            }
            Naming::IsGone(name) => {
                names.remove(&name);
            }
        }
    }
}

impl Contents {
    /// A sector reaches the disk, as far as the file is there.
    fn write_back(&mut self, sector: usize) {
        let begin = sector * SECTOR;
        let end = (begin + SECTOR).min(self.durable.len()).min(self.cached.len());
        if begin < end {
            self.durable[begin..end].copy_from_slice(&self.cached[begin..end]);
        }
    }

    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        if !bytes.is_empty() {
            self.dirty.extend(offset / SECTOR..=(end - 1) / SECTOR);
        }
    }

    fn sync(&mut self) {
        self.durable.resize(self.cached.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.write_back(sector);
        }
    }
}

impl Folder for Simulated {
    fn names(&self) -> io::Result<Vec<String>> {
        let state = self.0.lock();
        state.begin_by_name()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut state = self.0.lock();
        state.begin_by_name()?;
        state.begin_whole()?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.files.len();
        state.files.push(Contents::default());
        state.names.insert(name.to_owned(), file);
        state.renamed.push(Naming::Is(name.to_owned(), file));
        Ok(self.opened(&state, file))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let state = self.0.lock();
        let file = state.file(name)?;
        Ok(self.opened(&state, file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.begin_by_name()?;
        state.begin_whole()?;
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        state.renamed.push(Naming::Is(to.to_owned(), file));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.begin_by_name()?;
        state.begin_whole()?;
        state.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.renamed.push(Naming::IsGone(name.to_owned()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        let synced = state.begin_whole();
        let renamed = std::mem::take(&mut state.renamed);
        if synced.is_ok() {
            renamed.into_iter().for_each(|naming| naming.apply(&mut state.durable));
        } else if state.is_off {
            state.renamed = renamed;
        }
        synced
    }

    fn identity(&self, name: &str) -> io::Result<Identity> {
        Ok(Identity::nth(self.0.lock().file(name)?))
    }

    fn is_in_place(&self) -> io::Result<bool> {
        let state = self.0.lock();
        if state.is_off { Err(power()) } else { Ok(!state.removed) }
    }
}

impl Simulated {
    fn opened(&self, state: &State, file: usize) -> Arc<dyn File> {
        Arc::new(OpenFile { disk: self.clone(), file, boot: state.boots })
    }
}

struct OpenFile {
    disk: Simulated,
    file: usize,
    boot: u64,
}

impl OpenFile {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.0.lock();
        if state.is_off || state.boots != self.boot { Err(power()) } else { Ok(state) }
    }
}

impl File for OpenFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.state()?.files[self.file].cached.len() as u64)
    }

    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.state()?;
        let cached = &state.files[self.file].cached;
        let begin = cached.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
        let some = to.len().min(cached.len() - begin);
        to[..some].copy_from_slice(&cached[begin..begin + some]);
        Ok(some)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state()?;
        let fault = state.begin()?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        if state.full && fault.is_none() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let some = match fault {
            None => bytes.len(),
            Some(Fault::Fails | Fault::Lies) => return Err(io::Error::other("the disk failed")),
            Some(Fault::NoRoom) => bytes.len() / 2,
            Some(Fault::PowerOff) => {
                let most = bytes.len() as u64 + 1;
                usize::try_from(state.next() % most).unwrap_or(0)
            }
        };
        state.files[self.file].write(&bytes[..some], offset);
        match fault {
            Some(Fault::PowerOff) => Err(power()),
            _ if some == 0 && !bytes.is_empty() => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(some),
        }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state()?;
        match state.begin()? {
            None => state.files[self.file].sync(),
            Some(Fault::PowerOff) => return Err(power()),
            Some(Fault::Lies) => state.files[self.file].dirty.clear(),
            Some(Fault::Fails | Fault::NoRoom) => {
                state.files[self.file].dirty.clear();
                return Err(io::Error::other("the disk failed"));
            }
        }
        Ok(())
    }

    fn identity(&self) -> io::Result<Identity> {
        self.state().map(|_| Identity::nth(self.file))
    }
}

fn power() -> io::Error {
    io::Error::other("the power is off")
}
