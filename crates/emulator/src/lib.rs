//! An HTTP server on loopback for tests. It stands in for four OAuth2-protected providers (GoTab, GoTo, GBG GO and
//! Octotable), with faults on demand.
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
//! // Then move the clock, and make the next call go wrong.
//! clock.advance(Duration::from_secs(3600));
//! site.inject(Endpoint::Api, Fault::RateLimited { retry_after: Some(Duration::from_secs(1)) });
//!
//! // At the end, check what the site received.
//! assert_eq!(site.counters().double_authorization, 0);
//! # Ok(()) }
//! ```
//!
//! - An [`Emulator`] has one [`Site`] for each [`Provider`]. Each site has its own auth host and API host.
//! - [`Credentials`] are the secrets that a site accepts. A [`Clock`] decides when tokens expire.
//! - A [`Fault`] makes a request go wrong at an [`Endpoint`].
//! - [`Counters`] and [`LoggedRequest`] show what a site received.
//!
//! GoTo and GoTab have sign-ins for people:
//!
//! - [`Site::authorize_url`] is a page for a browser, without scripts.
//! - [`Site::approve`] does what a person does there, for tests without a browser.
//! - Codes are valid once, for ten minutes of the clock. For PKCE, GoTo accepts only S256.
//! - GoTo serves its metadata, revokes tokens at [`Site::revocation_url`], and treats refresh tokens according to
//!   [`RefreshTokenMode`].
//! - [`Site::offer_device_sign_in`] switches on the sign-in for devices. It is the only part that no provider offers.
//!
//! By default the emulator refuses the following requests, because strict servers refuse them. It checks the bytes that
//! arrive.
//!
//! | request | answer | counted as |
//! | --- | --- | --- |
//! | for a token, a revocation or a device code, with a `transfer-encoding` | 404 | [`TokenRefusal::Chunked`] |
//! | POST, PUT or PATCH without a `content-length` (an API also takes chunks) | 411 | [`TokenRefusal::NoLength`], [`Rejection::NoLength`] |
//! | for a token, a revocation or a device code, without a `User-Agent` | 403 | [`TokenRefusal::NoUserAgent`] |
//! | to an API after [`Site::demand_user_agent`], without a `User-Agent` | 403 | [`Rejection::NoUserAgent`] |
//!
//! These refusals come before faults, and [`Counters::badly_sent`] counts them. [`Emulator::lenient`] and
//! [`EmulatorBuilder::lenient`] switch them off.
//!
//! The token endpoints have the same strictness and the same quirks as the providers. The API hosts serve the OpenAPI
//! documents of this workspace: every operation in a document exists, requires what the document requires, and answers
//! with the document's example. The main operations have state: an object that was created can be read again.

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
mod state;
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
pub use site::{AuthHost, Site};
pub use state::Hold;
pub use switches::{RefreshTokenMode, TokenEncoding};

/// The README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
