//! Profiles of OAuth2 providers, one file for each.
//!
//! A provider that departs from the RFCs needs a [`Profile`]: its endpoints, the shape of its answers, the signs of a
//! rejected token. [`named`] returns the one of a known provider, and [`ProfileFile::read`] reads one from a file of
//! yours.
//!
//! ```
//! use auth_layer::{AuthLayer, Credential, Exchange, Grant, RefreshToken, TokenManager};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let profile = auth_profiles::named("hubspot").ok_or("there is no such file")?.profile()?;
//! let grant = Grant::refresh_token(RefreshToken::new("the token of the first sign-in"));
//! let exchange = Exchange::builder(profile.clone(), Credential::new("client-id", "secret"), grant)
//! #     .transport(auth_layer::Transport::new(tower::service_fn(|_| async {
//! #         Ok::<_, auth_layer::BoxError>(http::Response::new(http_body_util::Empty::<bytes::Bytes>::new()))
//! #     })))
//!     .build()?;
//! let layer = AuthLayer::new(&profile, TokenManager::new(exchange));
//! # Ok(())
//! # }
//! ```
//!
//! A file has the [keys](auth_layer::Profile::KEYS) of a profile at its top, then four kinds of tables:
//!
//! - `[inputs.<name>]`: a text that each customer has of its own, such as a tenant. `{<name>}` stands for it in the
//!   profile. See [`Input`].
//! - `[variant.<name>]`: keys that replace those of the profile, for another product or another edition.
//! - `[environment]`: the environment variables of the provider's clients. See [`Environment`].
//! - `[[example]]`: documented answers, and what must come of them. See [`Example`].
//!
//! [`Profile`]: auth_layer::Profile

mod environment;
mod error;
mod example;
mod file;
mod input;
mod template;

pub use environment::{Environment, Person};
pub use error::ProfileError;
pub use example::{ApiAnswer, Authorize, Example, Expected, Refusal, SentRequest, Token};
pub use file::ProfileFile;
pub use input::Input;

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Returns the file of a known provider, one of [`names`].
///
/// ```
/// let file = auth_profiles::named("goto").expect("a known provider");
/// assert_eq!(file.environment().variable("CLIENT_ID"), "GOTO_CLIENT_ID");
/// ```
pub fn named(name: &str) -> Option<ProfileFile> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    // The tests read every file, so that none of them can fail here.
    ProfileFile::read(text).ok()
}

/// Returns the names of the known providers, in alphabetical order.
pub const fn names() -> &'static [&'static str] {
    NAMES
}

/// The README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
