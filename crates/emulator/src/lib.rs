//! Stands in for four OAuth2-protected providers on loopback: GoTab, GoTo, GBG GO and Octotable, faults included.
//!
//! ```
//! # #[tokio::main] async fn main() -> std::io::Result<()> {
//! use std::time::{Duration, SystemTime};
//! use emulator::{Emulator, Endpoint, Fault, ManualClock, Provider};
//!
//! let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
//! let emulator = Emulator::builder().clock(&clock).start().await?;
//! let site = emulator.site(Provider::GoTo);
//!
//! // Point a client at it: site.token_url(), site.base_url("webinar"), site.credentials() and site.refresh_token().
//! // Then let time pass, and make the next call go wrong.
//! clock.advance(Duration::from_secs(3600));
//! site.inject(Endpoint::Api, Fault::RateLimited { retry_after: Some(Duration::from_secs(1)) });
//!
//! // In the end, look at what it saw.
//! assert_eq!(site.counters().double_authorization, 0);
//! # Ok(()) }
//! ```
//!
//! - [`Emulator`] runs, a [`Site`] for each [`Provider`], each with an auth host and an API host of its own.
//! - [`Credentials`] say whom a site lets in, a [`Clock`] how long.
//! - [`Fault`] says what is to go wrong at which [`Endpoint`].
//! - [`Counters`] and [`LoggedRequest`] tell what was seen.
//!
//! At GoTo and GoTab people sign in: [`Site::authorize_url`] is a page for a browser, without scripts, and
//! [`Site::approve`] does what a person does there, for tests that have no browser. Codes are good once, for ten minutes
//! of the clock; GoTo's PKCE is S256 alone. GoTo also serves its metadata, takes tokens back at
//! [`Site::revocation_url`], and rotates its refresh token as [`RefreshTokenMode`] says. Signing in a device
//! ([`Site::offer_device_sign_in`]) is the one thing here that no provider offers.
//!
//! By default requests are judged as strict servers judge them, on the bytes that arrive:
//!
//! | request | answer | counted as |
//! | --- | --- | --- |
//! | for a token, a revocation or a device code, with a `transfer-encoding` | 404 | [`TokenRefusal::Chunked`] |
//! | POST, PUT or PATCH without a `content-length` (an API also takes chunks) | 411 | [`TokenRefusal::NoLength`], [`Rejection::NoLength`] |
//! | for a token, a revocation or a device code, without a `User-Agent` | 403 | [`TokenRefusal::NoUserAgent`] |
//! | to an API after [`Site::demand_user_agent`], without a `User-Agent` | 403 | [`Rejection::NoUserAgent`] |
//!
//! Such a request is refused before faults are looked at, and [`Counters::badly_sent`] counts them all.
//! [`Emulator::lenient`] and [`EmulatorBuilder::lenient`] accept them.
//!
//! The token endpoints are as strict as the providers, quirk by quirk. The API hosts serve the OpenAPI documents of this
//! workspace: whatever operation is in a document is routed, asks for what the document requires, and answers with the
//! document's example. Behind the operations that matter there is state: what was created can be read again.

mod api;
mod builder;
mod clock;
mod credentials;
mod demand;
mod document;
mod emulator;
mod endpoint;
mod fault;
mod observe;
mod provider;
mod random;
mod reply;
mod server;
mod sign_in;
mod site;
mod switches;
mod token;
mod token_endpoint;
mod voice;
mod world;

pub use builder::EmulatorBuilder;
pub use clock::{Clock, ManualClock};
pub use credentials::Credentials;
pub use emulator::Emulator;
pub use endpoint::Endpoint;
pub use fault::{Fault, Malformed, Scheduled};
pub use observe::{Counters, LoggedRequest, Rejection, TokenRefusal};
pub use provider::Provider;
pub use sign_in::ErrorPage;
pub use site::{AuthHost, Hold, Site};
pub use switches::{RefreshTokenMode, TokenEncoding};
