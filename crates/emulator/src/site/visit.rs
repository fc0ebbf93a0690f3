//! One request on its way through a site. It is counted when it arrives, and again when it ends, however it ends.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::handover::Watched;
use crate::api;
use crate::demand::Demands;
use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::reply::Reply;
use crate::sign_in;
use crate::state::SiteState;
use crate::switches::Switches;
use crate::token_endpoint;

pub(super) struct Visit {
    state: Arc<SiteState>,
    endpoint: Endpoint,
    sequence: u64,
    operation_id: Option<String>,
}

impl Visit {
    /// Counts and logs a request before it is handled.
    pub(super) fn begin(state: Arc<SiteState>, endpoint: Endpoint, head: &Parts) -> Self {
        let mut guard = state.books();
        let books = &mut *guard;
        let path = head.uri.path();
        // All of this is one critical section, so a test never sees a counter without its entry in the log.
        let sequence = books.log.begin(endpoint, head.method.as_str(), path);
        books.in_flight.enter(endpoint, &mut books.counters);
        if head.headers.get_all(AUTHORIZATION).iter().count() > 1 {
            books.counters.double_authorization += 1;
        }
        let mut operation_id = None;
        match endpoint {
            Endpoint::Token => books.counters.token_requests += 1,
            Endpoint::SignIn => {
                books.counters.sign_in_requests += 1;
                operation_id = sign_in::operation_id(state.provider, path).map(str::to_owned);
            }
            Endpoint::Api => {
                books.counters.api_calls += 1;
                let mut desk = state.desk(books, sequence);
                operation_id = api::operation_id(&desk, head);
                let known =
                    api::bearer(&head.headers).and_then(|token| desk.books.tokens.look_up(token, desk.now));
                if let Some((ordinal, _)) = known {
                    desk.note_token(ordinal);
                }
            }
        }
        if let Some(id) = &operation_id {
            books.counters.meant_for(id);
            if let Some(entry) = books.log.entry(sequence) {
                entry.operation_id = Some(id.clone());
            }
        }
        drop(guard);
        Self { state, endpoint, sequence, operation_id }
    }

    /// Returns the refusal of a request that is not sent as this site demands.
    pub(super) fn refusal(&self, head: &Parts) -> Option<Reply> {
        let mut books = self.state.books();
        let demands = self.demands(&books.switches, head);
        let demand = demands.unmet(head)?;
        let mut desk = self.state.desk(&mut books, self.sequence);
        Some(match self.endpoint {
            Endpoint::Api => api::refuse_unmet(&mut desk, head, demand),
            Endpoint::Token | Endpoint::SignIn => token_endpoint::refuse_unmet(&mut desk, demand),
        })
    }

    fn demands(&self, switches: &Switches, head: &Parts) -> Demands {
        // Every POST needs a length, even to a path that does not exist, because a server checks it before the path.
        let length = !switches.lenient;
        if self.endpoint == Endpoint::Api {
            return Demands { unchunked: false, length, user_agent: switches.user_agent_at_api };
        }
        let (provider, path) = (self.state.provider, head.uri.path());
        let takes_credentials =
            token_endpoint::is_token_path(provider, path) || sign_in::takes_credentials(provider, path);
        let is_strict = takes_credentials && !switches.lenient;
        Demands { unchunked: is_strict, length, user_agent: is_strict }
    }

    /// Takes the fault that waits for this request, if there is one.
    pub(super) fn fault(&self) -> Option<Fault> {
        let mut books = self.state.books();
        let fault = books.faults(self.endpoint).take(self.operation_id.as_deref())?;
        books.counters.faults_played += 1;
        Some(fault)
    }

    /// Returns the provider's answer.
    pub(super) fn answer(&self, head: &Parts, body: &[u8]) -> Reply {
        let mut books = self.state.books();
        let mut desk = self.state.desk(&mut books, self.sequence);
        match self.endpoint {
            Endpoint::Token => token_endpoint::answer(&mut desk, head, body),
            Endpoint::SignIn => sign_in::answer(&mut desk, head, body),
            Endpoint::Api => api::answer(&mut desk, head, body),
        }
    }

    /// Logs the status of the answer, and watches its body.
    pub(super) fn answered(&self, response: Response<Body>) -> Response<Body> {
        if let Some(entry) = self.state.books().log.entry(self.sequence) {
            entry.status = Some(response.status().as_u16());
        }
        let state = Arc::clone(&self.state);
        response.map(|body| Body::new(Watched::new(body, state, self.sequence)))
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        // `Drop` also runs if the client closes the connection while its request waits.
        self.state.books().in_flight.leave(self.endpoint);
    }
}
