//! One conversation with a token endpoint, or with one of those beside it: build, send, read, classify.

mod answer;
mod device;
mod lifetime;
mod members;
mod refusal;
mod request;
mod response;
mod token_endpoint;
mod transport;

pub use transport::{Transport, TransportBody};

pub(crate) use device::DeviceAnswer;
pub(crate) use members::Members;
pub(crate) use response::{Failed, Recovered, TokenAnswer};
pub(crate) use token_endpoint::TokenEndpoint;
pub(crate) use transport::AnswerBody;
