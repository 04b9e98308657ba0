//! How many connections there can be beside the files of the process.
//!
//! A connection is a file descriptor, and so is a file of the journal: a server that clients can bring to the limit of
//! its process has a journal that they can close.

/// How many descriptors are left to others: files of the journal and of databases, calls of effects.
pub(crate) const RESERVE: usize = 256;

/// As many connections as are wanted, if the process may have so many files; its limit is raised for that as far as it
/// may be.
#[cfg(unix)]
pub(crate) fn room_for(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let (raised, connections) = within(wanted, limit.current, limit.maximum);
    let set = match raised {
        None => Ok(()),
        Some(raised) => {
            setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum })
        }
    };
    let connections = match set {
        Ok(()) => connections,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files cannot be raised");
            within(wanted, limit.current, limit.current).1
        }
    };
    if connections < wanted {
        tracing::warn!(connections, wanted, "the process may have too few open files (ulimit -n)");
    }
    connections
}

#[cfg(not(unix))]
pub(crate) fn room_for(wanted: usize) -> usize {
    wanted
}

/// To what the limit is to be raised, if it is, and how many connections there are then. None is no limit.
#[cfg_attr(not(unix), allow(dead_code))]
fn within(wanted: usize, now: Option<u64>, most: Option<u64>) -> (Option<u64>, usize) {
    let Some(now) = now else { return (None, wanted) };
    let needed = u64::try_from(wanted.saturating_add(RESERVE)).unwrap_or(u64::MAX);
    let raised = needed.min(most.unwrap_or(u64::MAX)).max(now);
    // Never less than half: a process with so few files has other troubles.
    let room = usize::try_from(raised).unwrap_or(usize::MAX);
    let room = room.saturating_sub(RESERVE).max(room / 2).max(1);
    ((raised > now).then_some(raised), wanted.min(room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_may_be_and_others_are_left_something() {
        assert_eq!(within(4_096, Some(1_024), Some(1 << 20)), (Some(4_352), 4_096));
        assert_eq!(within(4_096, Some(1_024), Some(4_096)), (Some(4_096), 3_840));
        assert_eq!(within(4_096, Some(1_024), Some(1_024)), (None, 768));
        assert_eq!(within(100, Some(1_024), Some(1_024)), (None, 100));
        assert_eq!(within(4_096, Some(64), Some(64)), (None, 32));
        assert_eq!(within(4_096, None, None), (None, 4_096));
        assert_eq!(within(usize::MAX, Some(1_024), None), (Some(u64::MAX), usize::MAX - RESERVE));
    }
}
