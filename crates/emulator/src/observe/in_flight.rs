//! The number of requests in progress, and its maximum.

use crate::endpoint::Endpoint;

use super::counters::Counters;

#[derive(Debug, Default)]
pub(crate) struct InFlight {
    token_requests: u64,
    api_calls: u64,
}

impl InFlight {
    pub(crate) fn enter(&mut self, endpoint: Endpoint, counters: &mut Counters) {
        let (now, most) = match endpoint {
            Endpoint::Token => (&mut self.token_requests, &mut counters.max_concurrent_token_requests),
            Endpoint::Api => (&mut self.api_calls, &mut counters.max_concurrent_api_calls),
            Endpoint::SignIn => return,
        };
        *now += 1;
        *most = (*most).max(*now);
    }

    pub(crate) fn leave(&mut self, endpoint: Endpoint) {
        let now = match endpoint {
            Endpoint::Token => &mut self.token_requests,
            Endpoint::Api => &mut self.api_calls,
            Endpoint::SignIn => return,
        };
        *now = now.saturating_sub(1);
    }
}
