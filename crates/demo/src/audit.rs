//! Compares the client's account with the provider's.

use crate::claims::Claims;
use crate::stage::{Account, Seen};

/// Returns the differences. Empty if the two agree.
pub(crate) fn audit(said: &Account, saw: &Seen) -> Vec<String> {
    let expected = said.as_seen();
    let mut claims = Claims::default();
    let mut agree = |what, said, saw| claims.exactly(&format!("{what} at the provider"), said, saw);
    agree("token requests", expected.token_requests, saw.token_requests);
    agree("tokens issued", expected.tokens, saw.tokens);
    agree("calls", expected.calls, saw.calls);
    agree("calls served", expected.served, saw.served);
    agree("rejections", expected.rejected, saw.rejected);
    agree("requests with two Authorization headers", 0, saw.double_authorization);
    claims.into_misses()
}

#[cfg(test)]
mod tests {
    use super::audit;
    use crate::stage::{Account, Seen};

    const SAID: Account =
        Account { calls: 10, lost: 0, token_requests: 3, failures: 1, rejections: 4, resends: 4 };
    const SAW: Seen =
        Seen { token_requests: 3, tokens: 2, calls: 14, served: 10, rejected: 4, double_authorization: 0 };

    #[test]
    fn two_accounts_that_agree_leave_nothing_to_say() {
        assert!(audit(&SAID, &SAW).is_empty());
    }

    #[track_caller]
    fn told(saw: Seen, expected: &str) {
        assert_eq!(audit(&SAID, &saw), [expected]);
    }

    #[test]
    fn each_difference_is_shown() {
        told(Seen { token_requests: 4, ..SAW }, "token requests at the provider: 4 instead of 3");
        told(Seen { tokens: 3, ..SAW }, "tokens issued at the provider: 3 instead of 2");
        told(Seen { calls: 13, ..SAW }, "calls at the provider: 13 instead of 14");
        told(Seen { served: 9, ..SAW }, "calls served at the provider: 9 instead of 10");
        told(Seen { rejected: 5, ..SAW }, "rejections at the provider: 5 instead of 4");
        let two = "requests with two Authorization headers at the provider: 1 instead of 0";
        told(Seen { double_authorization: 1, ..SAW }, two);
    }
}
