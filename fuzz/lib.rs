//! A token endpoint whose answers come from the fuzzer.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use auth_layer::clock::{Now, Sleep};
use auth_layer::{
    BoxError, Clock, Credential, Error, Exchange, Grant, Profile, Token, TokenManager, Transport,
};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;

/// The client's secret, which the answers may echo. Nothing may show it.
pub const CLIENT_SECRET: &str = "cl13nt/s3cret+word";

/// The refresh token that is sent, which the answers may echo. Nothing may show it.
pub const REFRESH_TOKEN: &str = "r3fresh/t0ken+first==";

/// Requests a token from an endpoint that gives this answer.
pub fn token(profile: Profile, grant: Grant, answer: Response<Bytes>) -> Result<Arc<Token>, Error> {
    let transport = Transport::new(tower::service_fn(move |_| {
        let answer = answer.clone().map(Full::new);
        async { Ok::<_, BoxError>(answer) }
    }));
    let clock = Arc::new(StandingStill);
    let exchange = Exchange::builder(profile, Credential::new("client", CLIENT_SECRET), grant)
        .transport(transport)
        .clock(clock.clone())
        .build()
        .expect("a good configuration");
    let manager = TokenManager::builder(exchange).clock(clock).jitter_seed(1).build();
    // The answer is there at once, so one poll is enough, and no runtime is needed.
    let mut request = pin!(manager.token());
    match request.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the request waits, though its answer is there"),
    }
}

/// Returns the texts of an error and of its causes.
pub fn said(error: &Error) -> String {
    let mut said = format!("{error} {error:?} {error:#?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said += &format!("{error} {error:?}");
        cause = error.source();
    }
    said
}

/// A clock that shows the start of the year 2026.
#[derive(Debug)]
pub struct StandingStill;

impl Clock for StandingStill {
    fn now(&self) -> Now {
        Now::new(Duration::from_secs(1_000), Duration::from_secs(1_767_225_600))
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::pending())
    }
}
