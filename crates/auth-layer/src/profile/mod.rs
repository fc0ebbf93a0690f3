//! The facts about a provider, as data.
//!
//! A [`Profile`] has the provider's token endpoint, its departures from RFC 6749, the origins that may get its tokens,
//! and the signs of a rejected token. This crate knows no provider. The crate `auth-profiles` has files for many.
//!
//! A profile is built with methods, or read from data. [`Profile::KEYS`] has all keys of the data:
//!
//! ```
//! use auth_layer::{ClientAuth, Encoding, Profile};
//!
//! let built = Profile::new("example", "https://auth.example.com/token")?
//!     .with_encoding(Encoding::Json)
//!     .with_client_auth(ClientAuth::body_named("key_id", "key_secret"))
//!     .with_origin("https://api.example.com")?;
//!
//! let read: Profile = toml::from_str(
//!     r#"
//!     name = "example"
//!     token_url = "https://auth.example.com/token"
//!     encoding = "json"
//!     client_auth = { id = "key_id", secret = "key_secret" }
//!     origins = ["https://api.example.com"]
//!     "#,
//! )?;
//! assert_eq!(read, built);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod api;
mod api_header;
mod data;
mod dead_grant;
mod device;
mod facts;
mod key_check;
mod keys;
mod moved;
mod origin;
mod origin_from;
mod pointer;
#[expect(clippy::module_inception, reason = "the file has the type for which the folder is named")]
mod profile;
mod rate_limit;
mod read;
mod rejection;
mod replay_rule;
mod request;
mod sign_in;
mod token_answer;
mod token_request;
mod token_url;
mod wire;
mod words;
mod write;

pub(crate) use api_header::ApiHeader;
pub(crate) use origin_from::OriginFrom;
pub(crate) use pointer::Pointer;
pub(crate) use rejection::{BYTE_ORDER_MARK, document};

pub use answer::{AnswerNames, ExpiryFormat, LifetimeUnit, ScopeSeparator};
pub use device::DeviceNames;
pub use keys::Key;
pub use origin::{Origin, Origins};
pub use profile::Profile;
pub use rate_limit::RateLimit;
pub use rejection::BodySign;
pub use replay_rule::ReplayRule;
pub use request::{ClientAuth, Encoding};
pub use token_url::TokenUrl;
