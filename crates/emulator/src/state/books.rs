//! The state of a site that changes, under one lock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::credentials::Credentials;
use crate::document::Document;
use crate::endpoint::Endpoint;
use crate::fault::FaultQueue;
use crate::observe::{Counters, InFlight, RequestLog};
use crate::provider::Provider;
use crate::random::Random;
use crate::switches::Switches;
use crate::token::{
    AccessTokens, Codes, DeviceCodes, GOTO_TOKEN_LENGTH, LastingTokens, RefreshTokens, Targets,
};
use crate::world::{World, world};

#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) random: Random,
    pub(crate) credentials: Credentials,
    pub(crate) tokens: AccessTokens,
    /// `None` except at GoTo.
    pub(crate) refresh_tokens: Option<RefreshTokens>,
    /// Empty except at GoTab.
    pub(crate) lasting_tokens: LastingTokens,
    pub(crate) codes: Codes,
    pub(crate) device_codes: DeviceCodes,
    /// The resources and audiences of each family that started with a sign-in.
    ///
    /// A family that is missing here did not start with an authorization request. Its tokens may be requested for any
    /// target.
    pub(crate) targets: HashMap<u64, Targets>,
    /// The person to whom the refresh token belongs.
    pub(crate) principal: String,
    /// The URLs to which the browser may be sent after a sign-in.
    pub(crate) redirect_urls: Vec<String>,
    pub(crate) switches: Switches,
    pub(crate) counters: Counters,
    pub(crate) in_flight: InFlight,
    pub(crate) log: RequestLog,
    pub(crate) world: Box<dyn World>,
    token_faults: FaultQueue,
    sign_in_faults: FaultQueue,
    api_faults: FaultQueue,
    /// The minute of the last call, and the number of calls in it.
    minute: (u64, u64),
}

impl Books {
    pub(crate) fn new(
        provider: Provider,
        documents: &[Arc<Document>],
        mut random: Random,
        credentials: Credentials,
        refresh_token: Option<&str>,
        now: SystemTime,
    ) -> Self {
        let refresh_tokens = (provider == Provider::GoTo).then(|| {
            let value = refresh_token.map(str::to_owned);
            let value = value.unwrap_or_else(|| random.token(GOTO_TOKEN_LENGTH));
            RefreshTokens::new(value, now)
        });
        Self {
            world: world(provider, documents),
            random,
            credentials,
            tokens: AccessTokens::default(),
            refresh_tokens,
            lasting_tokens: LastingTokens::default(),
            codes: Codes::default(),
            device_codes: DeviceCodes::default(),
            targets: HashMap::new(),
            principal: PRINCIPAL.to_owned(),
            redirect_urls: vec![REDIRECT_URL.to_owned()],
            switches: Switches::default(),
            counters: Counters::default(),
            in_flight: InFlight::default(),
            log: RequestLog::default(),
            token_faults: FaultQueue::default(),
            sign_in_faults: FaultQueue::default(),
            api_faults: FaultQueue::default(),
            minute: (0, 0),
        }
    }

    pub(crate) fn faults(&mut self, endpoint: Endpoint) -> &mut FaultQueue {
        match endpoint {
            Endpoint::Token => &mut self.token_faults,
            Endpoint::SignIn => &mut self.sign_in_faults,
            Endpoint::Api => &mut self.api_faults,
        }
    }

    /// Counts a call, and returns how many there were in this minute.
    pub(crate) fn calls_in_minute(&mut self, minute: u64) -> u64 {
        if self.minute.0 != minute {
            self.minute = (minute, 0);
        }
        self.minute.1 += 1;
        self.minute.1
    }
}

/// The person who signs in by default.
pub(crate) const PRINCIPAL: &str = "organizer@example.com";

/// The redirect URL that is registered at the start.
const REDIRECT_URL: &str = "https://app.example.com/callback";
