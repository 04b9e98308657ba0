//! Ghosts: who gave way lately, as fingerprints.
//!
//! 1. They take 4 bytes each, and there are never more than [`make_room`](Ghosts::make_room) was
//!    told, rounded up to a bucket: who comes is one too many for its bucket, whose oldest goes.
//! 2. A fingerprint may be mistaken for another once in some hundred million times; then somebody
//!    is welcomed back who never was here.

/// Ghosts in the table, in buckets; the youngest of each bucket first.
#[derive(Default)]
pub(super) struct Ghosts(Box<[[u32; BUCKET]]>);

const BUCKET: usize = 8;
const NOBODY: u32 = 0;

impl Ghosts {
    /// Has room for about `most`. Forgets all of them if it had much more room, or much less.
    pub(super) fn make_room(&mut self, most: usize) {
        let wanted = most.div_ceil(BUCKET).max(1);
        if wanted > self.0.len() * 2 || wanted < self.0.len() / 4 {
            self.0 = vec![[NOBODY; BUCKET]; wanted].into();
        }
    }

    /// Forgets all, and gives the memory back.
    pub(super) fn clear(&mut self) {
        *self = Ghosts::default();
    }

    pub(super) fn insert(&mut self, hash: u64) {
        if let Some((bucket, print)) = self.bucket(hash) {
            bucket.rotate_right(1);
            bucket[0] = print;
        }
    }

    /// Whether it gave way lately; if so, that is forgotten.
    pub(super) fn take(&mut self, hash: u64) -> bool {
        let Some((bucket, print)) = self.bucket(hash) else { return false };
        let Some(found) = bucket.iter().position(|ghost| *ghost == print) else { return false };
        bucket[found..].rotate_left(1);
        bucket[BUCKET - 1] = NOBODY;
        true
    }

    /// The halves of the hash say where it belongs, and who it is.
    fn bucket(&mut self, hash: u64) -> Option<(&mut [u32; BUCKET], u32)> {
        let (high, low) = ((hash >> 32) as u32, hash & u64::from(u32::MAX));
        let at = (u64::try_from(self.0.len()).ok()? * low) >> 32;
        let bucket = self.0.get_mut(usize::try_from(at).ok()?)?;
        Some((bucket, high.max(NOBODY + 1)))
    }

    /// Those who are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.iter().flatten().filter(|ghost| **ghost != NOBODY).count()
    }

    /// How many there may be.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.0.len() * BUCKET
    }
}
