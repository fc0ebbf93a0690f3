//! Fills a builder from environment variables.

use std::cell::RefCell;
use std::sync::Arc;

use auth_layer::{ConfigError, FileStore, Grant};

use crate::Builder;
use crate::provider::{Login, Provider, Variables};

impl<P: Provider> Builder<P> {
    /// Reads credentials and URLs from the environment.
    ///
    /// After `tokenctl login`, the refresh token is in a file store. `AUTH_LAYER_STORE`, `AUTH_LAYER_STORE_KEY` and
    /// `AUTH_LAYER_STORE_KEY_FILE` set its folder and its key (see
    /// [`FileStore::from_env`](auth_layer::FileStore::from_env)); without them it is in the default folder. A refresh
    /// token from the environment is kept in the file store only if `AUTH_LAYER_STORE` is set.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] with the name of the variable if a required one is missing or empty.
    pub fn env(self) -> Result<Self, ConfigError> {
        self.variables(|name| std::env::var(name).ok())
    }

    /// Reads credentials and URLs from variables that a function looks up. A file store found this way uses the clock
    /// that was set before this call.
    ///
    /// # Errors
    ///
    /// The same as for [`env`](Self::env).
    pub fn variables(mut self, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let required = RefCell::default();
        let variables = Variables::new(&lookup);
        let login: Login = P::credentials(&variables.noting(&required))?.into();
        self.credential_variables = required.take();
        let wanted = login.grant == Grant::Stored || variables.get(FileStore::FOLDER_VARIABLE).is_some();
        // Only a single-use grant needs a store: its refresh token changes with each exchange.
        if self.store.is_none() && login.grant.is_used_up() && wanted {
            let store = FileStore::builder_from_env(&lookup)?.clock(self.clock.clone()).build();
            self.store = Some(Arc::new(store));
        }
        self.login = Some(login);
        self.token_url = variables.get(P::TOKEN_URL_VARIABLE).or(self.token_url);
        for (slot, api) in self.base_urls.iter_mut().zip(P::APIS) {
            // A URL from the environment has precedence, so that a deployment can change one that is set in code.
            *slot = variables.get(api.variable).or_else(|| slot.take());
        }
        Ok(self)
    }
}
