//! Requests to the endpoints of a provider (token, device authorization, revocation): builds a request, sends it, reads
//! the answer and classifies errors.

mod answer;
mod body;
mod device;
mod fingerprint;
mod lifetime;
mod members;
mod parameter;
mod refusal;
mod request;
mod response;
mod salvage;
mod sending;
mod token_endpoint;
mod transport;
mod user_agent;

pub use transport::{Transport, TransportBody};
pub use user_agent::USER_AGENT;

pub(crate) use device::DeviceAnswer;
pub(crate) use members::Members;
pub(crate) use response::{Failed, Recovered, TokenAnswer};
pub(crate) use sending::Sending;
pub(crate) use token_endpoint::TokenEndpoint;
pub(crate) use transport::AnswerBody;
#[cfg(any(feature = "hyper-util", feature = "reqwest"))]
pub(crate) use transport::OneShot;
