//! The entries of the index, side by side in chunks.
//!
//! 1. Growth moves nothing: a chunk is never copied, only the short list of chunks is.
//! 2. There are never more chunks than the most entries there ever were at once need, and a chunk
//!    without entries gives its memory back; one is kept in reserve, so that an entry that comes
//!    and goes does not allocate.
//! 3. A key stays good until its entry is removed; a new entry may get it then.

/// No entry.
pub(super) const NONE: u32 = u32::MAX;

/// Entries per chunk: what is allocated, or given back, at once.
const CHUNK: usize = 1 << CHUNK_BITS;
const CHUNK_BITS: u32 = 10;
/// How many chunks are looked at in one go.
const LOOKED_AT_ONCE: usize = 4;

/// One deadline. 24 bytes and the ID.
pub(super) struct Entry<I> {
    pub(super) at: u64,
    /// The neighbours in its bucket of the wheel; without an ID, `next` is the next free entry.
    pub(super) next: u32,
    pub(super) prev: u32,
    /// The hash under which it is stored, so that a growing table need not read the ID.
    pub(super) hash: u32,
    /// Where in the wheel it hangs.
    pub(super) bucket: u16,
    /// How often it was handed out, or put off, since it was last settled.
    pub(super) tries: u8,
    pub(super) id: Option<I>,
}

pub(super) struct Slab<I> {
    chunks: Vec<Chunk<I>>,
    /// The chunks with room. What came last is filled first: it is the likeliest to be in a cache.
    open: Vec<u32>,
    /// Without entries, and with room for a chunk or for nothing.
    reserve: Vec<Entry<I>>,
    len: usize,
}

struct Chunk<I> {
    /// Those that were used since it last had none. Beyond them nothing was ever written, so a new
    /// chunk costs no more than what is put into it.
    entries: Vec<Entry<I>>,
    free: u32,
    used: u32,
}

impl<I> Slab<I> {
    pub(super) const fn new() -> Self {
        Slab { chunks: Vec::new(), open: Vec::new(), reserve: Vec::new(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, id: I, at: u64) -> u32 {
        let number = self.open.last().copied().unwrap_or_else(|| self.grow());
        let chunk = &mut self.chunks[number as usize];
        let entry = Entry { at, id: Some(id), ..Entry::free() };
        let place = if chunk.free == NONE {
            if chunk.entries.capacity() == 0 {
                chunk.entries = std::mem::take(&mut self.reserve);
                chunk.entries.reserve_exact(CHUNK);
            }
            chunk.entries.push(entry);
            chunk.fresh() - 1
        } else {
            let place = chunk.free;
            chunk.free = std::mem::replace(&mut chunk.entries[place as usize], entry).next;
            place
        };
        chunk.used += 1;
        if chunk.used as usize == CHUNK {
            self.open.pop();
        }
        self.len += 1;
        number << CHUNK_BITS | place
    }

    pub(super) fn remove(&mut self, key: u32) -> Option<I> {
        let number = key >> CHUNK_BITS;
        let chunk = &mut self.chunks[number as usize];
        let entry = chunk.entries.get_mut(key as usize % CHUNK)?;
        let id = entry.id.take()?;
        entry.next = std::mem::replace(&mut chunk.free, key % (1 << CHUNK_BITS));
        if chunk.used as usize == CHUNK {
            self.open.push(number);
        }
        chunk.used -= 1;
        if chunk.used == 0 {
            let mut entries = std::mem::take(&mut chunk.entries);
            entries.clear();
            chunk.free = NONE;
            if self.reserve.capacity() == 0 {
                self.reserve = entries;
            }
        }
        self.len -= 1;
        Some(id)
    }

    pub(super) fn get(&self, key: u32) -> &Entry<I> {
        &self.chunks[(key >> CHUNK_BITS) as usize].entries[key as usize % CHUNK]
    }

    pub(super) fn get_mut(&mut self, key: u32) -> &mut Entry<I> {
        &mut self.chunks[(key >> CHUNK_BITS) as usize].entries[key as usize % CHUNK]
    }

    /// The keys of the entries with this ID. Looks at all entries.
    pub(super) fn keys_of(&self, id: &I) -> impl Iterator<Item = u32>
    where
        I: Eq,
    {
        (0_u32..).zip(&self.chunks).flat_map(move |(number, chunk)| {
            let entries = (0_u32..).zip(&chunk.entries);
            let of_it = entries.filter(|(_, entry)| entry.id.as_ref() == Some(id));
            of_it.map(move |(place, _)| number << CHUNK_BITS | place)
        })
    }

    /// Looks at the entries of some chunks, from that one on. Returns the next chunk, if there is one.
    pub(super) fn look_at_some(&self, from: usize, mut look: impl FnMut(&I, u64)) -> Option<usize> {
        let next = (from + LOOKED_AT_ONCE).min(self.chunks.len());
        let chunks = self.chunks.get(from..next).unwrap_or_default();
        for entry in chunks.iter().flat_map(|chunk| &chunk.entries) {
            if let Some(id) = &entry.id {
                look(id, entry.at);
            }
        }
        (next < self.chunks.len()).then_some(next)
    }

    /// How many chunks hold memory, the reserve included.
    #[cfg(test)]
    pub(super) fn chunks(&self) -> usize {
        let held = self.chunks.iter().filter(|chunk| chunk.entries.capacity() > 0).count();
        held + usize::from(self.reserve.capacity() > 0)
    }

    fn grow(&mut self) -> u32 {
        // The last number is left out: it would hold the key that says `NONE`.
        let number = u32::try_from(self.chunks.len()).ok();
        let number = number.filter(|number| *number < NONE >> CHUNK_BITS);
        let number = number.expect("fewer than four billion deadlines of one type");
        self.chunks.push(Chunk { entries: Vec::new(), free: NONE, used: 0 });
        self.open.push(number);
        number
    }
}

impl<I> Chunk<I> {
    /// From here on, no entry was ever used.
    #[expect(clippy::cast_possible_truncation, reason = "a chunk is not that large")]
    fn fresh(&self) -> u32 {
        self.entries.len() as u32
    }
}

impl<I> Entry<I> {
    const fn free() -> Self {
        Entry { at: 0, next: NONE, prev: NONE, hash: 0, bucket: 0, tries: 0, id: None }
    }
}
