//! What has to hold, and what of it does not.

use crate::stage::Account;

/// Collects what is not as it has to be.
#[derive(Debug, Default)]
pub(crate) struct Claims(Vec<String>);

impl Claims {
    /// What every act demands: that nothing is lost. `did` is what was done in it, in `calls` calls.
    pub(crate) fn of(did: &Account, calls: u64) -> Self {
        let mut claims = Self::default();
        claims.exactly("calls", calls, did.calls);
        claims.exactly("calls lost", 0, did.lost);
        claims
    }

    /// Claims that a count is what it has to be.
    pub(crate) fn exactly(&mut self, what: &str, demanded: u64, found: u64) {
        if demanded != found {
            self.0.push(format!("{what}: {found} instead of {demanded}"));
        }
    }

    /// Claims that something holds.
    pub(crate) fn holds(&mut self, what: &str, found: bool) {
        if !found {
            self.0.push(format!("not so: {what}"));
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
    fn only_what_is_wrong_is_told() {
        let mut claims = Claims::of(&Account { calls: 5, lost: 1, ..Account::default() }, 5);
        claims.exactly("token requests", 1, 1);
        claims.exactly("resends", 5, 4);
        claims.holds("the sky is green", false);
        let told = ["calls lost: 1 instead of 0", "resends: 4 instead of 5", "not so: the sky is green"];
        assert_eq!(claims.into_misses(), told);
    }
}
