//! The strings that a token server issues or accepts. Each kind has its own type.
//!
//! ```
//! use auth_layer::Scope;
//!
//! let scope: Scope = "collab: identity:".parse()?;
//! assert_eq!(scope.to_string(), "collab: identity:");
//! assert!("a\"b".parse::<Scope>().is_err());
//! # Ok::<(), auth_layer::ConfigError>(())
//! ```

mod access_token;
mod call_bearer;
mod kept;
mod refresh_token;
mod resource;
mod scope;
mod type_id;

pub use access_token::{AccessToken, Generation};
pub use call_bearer::CallBearer;
pub use kept::Kept;
pub use refresh_token::RefreshToken;
pub use resource::Resource;
pub use scope::Scope;
pub use type_id::TokenTypeId;
