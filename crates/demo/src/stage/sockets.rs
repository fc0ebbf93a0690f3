//! Room for the sockets of many calls in flight.

/// Raises the limit of open files as far as the demo may need. Where that is not allowed, it stays as it is.
pub(crate) fn make_room() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};

        let mut limit = getrlimit(Resource::Nofile);
        let wanted = limit.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
        if limit.current.is_some_and(|current| current < wanted) {
            limit.current = Some(wanted);
            let _ = setrlimit(Resource::Nofile, limit);
        }
    }
}

/// A thousand calls in flight have two ends each, both in this process.
#[cfg(unix)]
const ENOUGH: u64 = 4096;
