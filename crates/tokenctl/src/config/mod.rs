//! The configuration: a file, and the environment, which takes precedence.

mod commands;
mod file;
mod home;
mod member;
mod metadata;
mod profile;
mod provider;
mod reason;
mod settings;
mod variable;

pub(crate) use commands::Commands;
pub(crate) use home::expand;
pub(crate) use profile::Described;
pub(crate) use provider::{Provider, SecretPlace};
pub(crate) use settings::Settings;
pub(crate) use variable::{secret, variable};
