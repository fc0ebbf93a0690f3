//! One trial: twenty callers, one server, and a count of everything that went wrong.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auth_layer::leaf::reqwest::ReqwestLeaf;
use auth_layer::{
    BoxError, Credential, Exchange, Grant, Profile, RefreshToken, ReplayRule, TokenManager, Transport, leaf,
    stack,
};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio::time::{Instant, sleep, sleep_until};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt};

use crate::server::{Manners, Server};

/// The leaf that sends the requests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leaf {
    Hyper,
    Reqwest,
}

#[derive(Clone, Debug)]
pub(crate) struct Trial {
    name: &'static str,
    length: Duration,
    manners: Manners,
    leaf: Leaf,
    /// The mean time between two revocations.
    revocations: Option<Duration>,
    pauses_for_a_second: bool,
    has_refresh_token: bool,
    may_fail: bool,
}

/// The figures of a trial.
#[derive(Debug)]
pub(crate) struct Row {
    trial: Trial,
    tally: Tally,
    token_requests: u64,
    revocations: u64,
}

#[derive(Debug, Default)]
struct Tally {
    calls: u64,
    early_rejections: u64,
    rejections: u64,
    errors: u64,
    first_error: Option<String>,
}

type Client = BoxCloneSyncService<Request<Full<Bytes>>, StatusCode, BoxError>;

impl Trial {
    pub(crate) const fn new(name: &'static str, length: Duration, manners: Manners) -> Self {
        Self {
            name,
            length,
            manners,
            leaf: Leaf::Hyper,
            revocations: None,
            pauses_for_a_second: false,
            has_refresh_token: false,
            may_fail: false,
        }
    }

    pub(crate) const fn with_leaf(mut self, leaf: Leaf) -> Self {
        self.leaf = leaf;
        self
    }

    pub(crate) const fn with_revocations(mut self, mean: Duration) -> Self {
        self.revocations = Some(mean);
        self
    }

    /// Makes all callers call together once a second, when the server is about to close the connections.
    pub(crate) const fn with_pauses_of_a_second(mut self) -> Self {
        self.pauses_for_a_second = true;
        self
    }

    pub(crate) const fn with_refresh_token(mut self) -> Self {
        self.has_refresh_token = true;
        self
    }

    /// Makes the trial only report its figures.
    pub(crate) const fn may_fail(mut self) -> Self {
        self.may_fail = true;
        self
    }

    pub(crate) async fn run(&self) -> Row {
        let server = Server::start(self.manners.clone()).await.expect("a port is free");
        let client = self.client(&server).expect("the client is configured correctly");
        let tally = Arc::<Mutex<Tally>>::default();
        let start = Instant::now();
        let callers = (0..CALLERS).map(|seed| self.call(&server, client.clone(), seed, start, tally.clone()));
        let (revocations, _) =
            futures_util::future::join(self.revoke(&server, start), futures_util::future::join_all(callers))
                .await;
        let tally = std::mem::take(&mut *tally.lock().unwrap_or_else(PoisonError::into_inner));
        Row { trial: self.clone(), tally, token_requests: server.token_requests(), revocations }
    }

    fn client(&self, server: &Server) -> Result<Client, BoxError> {
        let origin = format!("http://{}", server.address);
        let profile = Profile::new("trial", &format!("{origin}/token"))?
            .with_origin(&origin)?
            .with_replay_rule(ReplayRule::KillsFamily);
        let grant = if self.has_refresh_token {
            Grant::RefreshToken(RefreshToken::new("refresh-0"))
        } else {
            Grant::ClientCredentials
        };
        let builder = Exchange::builder(profile.clone(), Credential::new("trial", "trial-secret"), grant);
        Ok(match self.leaf {
            Leaf::Hyper => {
                let leaf = leaf::hyper_util::client()?;
                let exchange = builder.transport(Transport::new(leaf.clone())).build()?;
                let client = stack(&profile, TokenManager::new(exchange)).layer(leaf);
                BoxCloneSyncService::new(client.map_response(|response| response.status()))
            }
            Leaf::Reqwest => {
                let leaf = ReqwestLeaf::new()?;
                let exchange = builder.transport(Transport::new(leaf.clone())).build()?;
                let client = stack(&profile, TokenManager::new(exchange)).layer(leaf);
                let client =
                    ServiceExt::<Request<Full<Bytes>>>::map_response(client, |response| response.status());
                BoxCloneSyncService::new(client)
            }
        })
    }

    async fn call(
        &self,
        server: &Server,
        client: Client,
        seed: u64,
        start: Instant,
        tally: Arc<Mutex<Tally>>,
    ) {
        let mut chance = fastrand::Rng::with_seed(seed);
        let target = format!("http://{}/me", server.address);
        while start.elapsed() < self.length {
            let request = Request::get(&target).body(Full::default()).expect("a valid request");
            let outcome = client.clone().oneshot(request).await;
            tally.lock().unwrap_or_else(PoisonError::into_inner).add(outcome, start.elapsed());
            if self.pauses_for_a_second {
                let whole_seconds = start.elapsed().as_secs() + 1;
                let chance = Duration::from_micros(chance.u64(0..100_000));
                sleep_until(start + Duration::from_secs(whole_seconds) + chance).await;
            } else {
                sleep(Duration::from_millis(chance.u64(2..20))).await;
            }
        }
    }

    /// Revokes tokens at random times, half to one and a half of the mean apart. Returns the number of revocations.
    async fn revoke(&self, server: &Server, start: Instant) -> u64 {
        let Some(mean) = self.revocations else { return 0 };
        let mut chance = fastrand::Rng::with_seed(1);
        for count in 0.. {
            let pause = mean.mul_f64(0.5 + chance.f64());
            if start.elapsed() + pause >= self.length {
                return count;
            }
            sleep(pause).await;
            server.revoke();
        }
        0
    }
}

impl Tally {
    fn add(&mut self, outcome: Result<StatusCode, BoxError>, passed: Duration) {
        self.calls += 1;
        match outcome {
            Ok(StatusCode::OK) => {}
            Ok(StatusCode::UNAUTHORIZED) if passed < SETTLING => self.early_rejections += 1,
            Ok(StatusCode::UNAUTHORIZED) => self.rejections += 1,
            Ok(status) => self.error(format!("status {status}")),
            Err(error) => self.error(format!("{error:?}")),
        }
    }

    fn error(&mut self, error: String) {
        self.errors += 1;
        self.first_error.get_or_insert(error);
    }
}

impl Row {
    /// Returns whether no call failed after the first two seconds, or the trial only reports.
    pub(crate) fn passes(&self) -> bool {
        self.trial.may_fail || self.tally.rejections == 0 && self.tally.errors == 0
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trial, tally, token_requests, revocations } = self;
        let Tally { calls, early_rejections, rejections, errors, first_error } = tally;
        let (name, leaf, seconds) = (trial.name, trial.leaf, trial.length.as_secs());
        write!(f, "| {name}, {seconds} s | {leaf:?} | {calls} | {early_rejections} | {rejections} ")?;
        write!(f, "| {errors} | {token_requests} | ")?;
        if *revocations > 0 {
            let share = 100.0 * *rejections as f64 / *calls as f64;
            write!(f, "{revocations} revocations, {share:.1} % rejected; ")?;
        }
        match first_error {
            Some(error) => write!(f, "first error: {error} |"),
            None => write!(f, "{} |", if self.passes() { "passed" } else { "FAILED" }),
        }
    }
}

const CALLERS: u64 = 20;

/// Rejections before this time are counted separately.
const SETTLING: Duration = Duration::from_secs(2);
