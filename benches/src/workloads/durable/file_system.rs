//! On which file system a folder is: on one in memory, a sync costs nothing.

use std::path::Path;

/// Its name, from the table of mounts.
pub(in crate::workloads) fn of(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let places = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let above = places.filter(|(place, _)| folder.starts_with(place));
    // The later one hides the one before it.
    let nearest = above.max_by_key(|(place, _)| place.len());
    nearest.map_or_else(|| "an unknown file system".to_owned(), |(_, name)| name.to_owned())
}
