//! The last requests, without their secrets.

use std::collections::VecDeque;

use crate::endpoint::Endpoint;

/// One request in the log of a site.
///
/// The query is left out, because a faulty client may put a secret there. Of a token, only its ordinal is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The request's number at this site, from 1.
    pub sequence: u64,
    /// The host that it reached.
    pub endpoint: Endpoint,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The operation that it was for, if there is one.
    pub operation_id: Option<String>,
    /// The ordinal of the token that it carried: 1 for the first token that this site issued.
    pub token: Option<u64>,
    /// The status of the answer. `None` before the answer, and if a fault dropped the connection.
    pub status: Option<u16>,
    /// True if the whole answer was handed to the connection. `false` before the answer, if the caller closed the
    /// connection first, and if a fault lost or cut the answer.
    ///
    /// `true` does not mean that the caller has read the answer.
    pub handed_over: bool,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: VecDeque<LoggedRequest>,
    last: u64,
}

impl RequestLog {
    pub(crate) fn begin(&mut self, endpoint: Endpoint, method: &str, path: &str) -> u64 {
        self.last += 1;
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(LoggedRequest {
            sequence: self.last,
            endpoint,
            method: method.to_owned(),
            path: path.to_owned(),
            operation_id: None,
            token: None,
            status: None,
            handed_over: false,
        });
        self.last
    }

    /// Returns the entry of a request, unless newer entries have replaced it.
    pub(crate) fn entry(&mut self, sequence: u64) -> Option<&mut LoggedRequest> {
        // The entries are numbered without gaps, so the number gives the position.
        let first = self.entries.front()?.sequence;
        let at = usize::try_from(sequence.checked_sub(first)?).ok()?;
        self.entries.get_mut(at)
    }

    pub(crate) fn entries(&self) -> Vec<LoggedRequest> {
        self.entries.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        // `last` is kept, so a request that is in progress now cannot write into a later entry.
        self.entries.clear();
    }
}

/// More than any test looks back, and small enough for a load test that runs for days.
const CAPACITY: usize = 4096;

#[cfg(test)]
mod tests {
    use super::{CAPACITY, RequestLog};
    use crate::endpoint::Endpoint;

    #[test]
    fn the_log_forgets_the_oldest() {
        let mut log = RequestLog::default();
        for _ in 0..=CAPACITY {
            log.begin(Endpoint::Api, "GET", "/");
        }
        assert!(log.entry(1).is_none());
        assert_eq!(log.entry(2).map(|entry| entry.sequence), Some(2));
        assert_eq!(log.entries().len(), CAPACITY);
    }
}
