//! The facts about a provider, as data.
//!
//! A [`Profile`] has the provider's token endpoint, its deviations from RFC 6749, the origins that may get its tokens,
//! and the signs of a rejected token. Four providers are built in: [`Profile::gotab`], [`Profile::goto`],
//! [`Profile::gbg_go`] and [`Profile::octotable`]. Any other provider needs only a value, no code:
//!
//! ```
//! use auth_layer::{ClientAuth, Encoding, Profile};
//!
//! let profile = Profile::new("example", "https://auth.example.com/token")?
//!     .with_encoding(Encoding::Json)
//!     .with_client_auth(ClientAuth::body_named("key_id", "key_secret"))
//!     .with_origin("https://api.example.com")?;
//! # Ok::<(), auth_layer::ConfigError>(())
//! ```

mod answer;
mod dead_grant;
mod device;
mod moved;
mod origin;
mod pointer;
mod providers;
mod rate_limit;
mod recipe;
mod rejection;
mod request;
mod sign_in;
mod token_url;

pub(crate) use rejection::{BYTE_ORDER_MARK, document};

pub use answer::{AnswerNames, ExpiryFormat, LifetimeUnit, ScopeSeparator};
pub use device::DeviceNames;
pub use origin::{Origin, Origins};
pub use rate_limit::RateLimit;
pub use recipe::{Profile, ReplayRule};
pub use rejection::BodySign;
pub use request::{ClientAuth, Encoding};
pub use token_url::TokenUrl;
