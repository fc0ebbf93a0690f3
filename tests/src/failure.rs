//! The error of a call, without the type of its documented errors.

use std::error::Error as _;

use auth_layer::ErrorKind;
use client_core::{Denial, Error, StatusCode};

/// A [`client_core::Error`] of any operation.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "tests read it")]
pub struct Failure {
    /// The variant of the error.
    pub shape: Shape,
    /// The error about the token, found in the chain of causes.
    pub auth: Option<auth_layer::Error>,
    /// The status, if there was a response.
    pub status: Option<StatusCode>,
    /// True if a later call may succeed without a change.
    pub is_transient: bool,
    /// The missing permission that the API's challenge names.
    pub denial: Option<Denial>,
    /// `Display` and `Debug` of the error and of all its causes.
    pub text: String,
}

/// The variants of [`client_core::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests read it")]
#[expect(missing_docs, reason = "they mirror the variants of the error")]
pub enum Shape {
    InvalidRequest,
    Auth,
    Transport,
    ErrorResponse,
    UnexpectedResponse,
    InvalidResponsePayload,
    ResponseBody,
    Unknown,
}

impl Failure {
    /// Returns the kind of the error about the token.
    pub fn kind(&self) -> Option<ErrorKind> {
        self.auth.as_ref().map(auth_layer::Error::kind)
    }

    /// Returns the OAuth code of the token endpoint's answer.
    pub fn code(&self) -> Option<&str> {
        self.auth.as_ref()?.oauth().map(auth_layer::OAuthError::code)
    }

    /// Returns the status of the token endpoint's answer.
    pub fn token_status(&self) -> Option<u16> {
        self.auth.as_ref()?.status().map(|status| status.as_u16())
    }

    /// Returns the status of the API's answer.
    pub fn api_status(&self) -> Option<u16> {
        self.status.map(|status| status.as_u16())
    }
}

impl<E: 'static> From<Error<E>> for Failure {
    fn from(error: Error<E>) -> Self {
        let shape = match &error {
            Error::InvalidRequest(_) => Shape::InvalidRequest,
            Error::Auth(_) => Shape::Auth,
            Error::Transport(_) => Shape::Transport,
            Error::ErrorResponse(_) => Shape::ErrorResponse,
            Error::UnexpectedResponse(_) => Shape::UnexpectedResponse,
            Error::InvalidResponsePayload { .. } => Shape::InvalidResponsePayload,
            Error::ResponseBody { .. } => Shape::ResponseBody,
            _ => Shape::Unknown,
        };
        let mut text = format!("{error} {error:?} {error:#?}");
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(" {error} {error:?} {error:#?}"));
            cause = error.source();
        }
        Self {
            shape,
            auth: auth_layer::Error::find(&error).cloned(),
            status: error.status(),
            is_transient: error.is_transient(),
            denial: error.denial(),
            text,
        }
    }
}
