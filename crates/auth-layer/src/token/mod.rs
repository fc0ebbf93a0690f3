//! The strings that a token server issues or accepts. Each kind has its own type.

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
