//! Room for the sockets of many calls in flight.

/// Raises the limit of open files as far as the demo may need. If that is not allowed, the limit stays the same.
pub(crate) fn make_room() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};

        let mut limit = getrlimit(Resource::Nofile);
        // A process may raise its limit only up to the maximum of the system.
        let wanted = limit.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
        if limit.current.is_some_and(|current| current < wanted) {
            limit.current = Some(wanted);
            // If this fails, only a demo with very many calls can run out of sockets, and its calls say so.
            let _ = setrlimit(Resource::Nofile, limit);
        }
    }
}

/// A thousand calls have two sockets each, both in this process. The rest is spare.
#[cfg(unix)]
const ENOUGH: u64 = 4096;
