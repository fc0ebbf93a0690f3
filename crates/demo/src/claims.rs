//! The requirements of an act, and those that are not met.

use crate::stage::Account;

/// A list of the requirements that are not met.
#[derive(Debug, Default)]
pub(crate) struct Claims(Vec<String>);

impl Claims {
    /// Checks the requirement of every act: no call is lost. `did` is the client's account of the act, in which there
    /// were `calls` calls.
    pub(crate) fn of(did: &Account, calls: u64) -> Self {
        let mut claims = Self::default();
        claims.exactly("calls", calls, did.calls);
        claims.exactly("calls lost", 0, did.lost);
        claims
    }

    /// Requires that a count has this value.
    pub(crate) fn exactly(&mut self, what: &str, demanded: u64, found: u64) {
        if demanded != found {
            self.0.push(format!("{what}: {found} instead of {demanded}"));
        }
    }

    /// Requires that something is true.
    pub(crate) fn holds(&mut self, what: &str, found: bool) {
        if !found {
            self.0.push(format!("not true: {what}"));
        }
    }

    pub(crate) fn into_misses(self) -> Vec<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Claims;
    use crate::stage::Account;

    #[test]
    fn only_wrong_counts_are_shown() {
        let mut claims = Claims::of(&Account { calls: 5, lost: 1, ..Account::default() }, 5);
        claims.exactly("token requests", 1, 1);
        claims.exactly("resends", 5, 4);
        claims.holds("the sky is green", false);
        let told = ["calls lost: 1 instead of 0", "resends: 4 instead of 5", "not true: the sky is green"];
        assert_eq!(claims.into_misses(), told);
    }
}
