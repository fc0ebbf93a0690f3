//! What the configuration file and the environment say. The environment comes first.

mod file;
mod metadata;
mod provider;
mod settings;
mod variable;

pub(crate) use provider::{Provider, SecretPlace};
pub(crate) use settings::Settings;
pub(crate) use variable::variable;
