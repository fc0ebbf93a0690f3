//! One conversation with a token endpoint: build, send, read, classify.

mod request;
mod response;
mod token_endpoint;
mod transport;

pub use transport::{Transport, TransportBody};

pub(crate) use response::TokenAnswer;
pub(crate) use token_endpoint::TokenEndpoint;
pub(crate) use transport::AnswerBody;
