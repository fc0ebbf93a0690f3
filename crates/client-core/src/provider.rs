//! `Provider`: the facts about a provider that let one builder make the clients of all providers.

use std::cell::RefCell;

use auth_layer::{ConfigError, Credential, Grant, Profile, Secret};

use crate::Client;

/// A provider's client, which a [`Builder`](crate::Builder) makes.
///
/// The client type of each provider's crate implements it. An application does not have to.
///
/// ```
/// use auth_layer::{ConfigError, Credential, Grant, Profile};
/// use client_core::{Api, Builder, Client, Login, Provider, Variables};
///
/// struct Example {
///     base_url: String,
///     client: Client,
/// }
///
/// impl Provider for Example {
///     type Credentials = Login;
///     type Api = ();
///     const APIS: &'static [Api<()>] = &[Api::new((), "https://api.example.com/v1", "EXAMPLE_BASE_URL")];
///     const TOKEN_URL_VARIABLE: &'static str = "EXAMPLE_TOKEN_URL";
///
///     fn profile() -> Profile {
///         Profile::new("example", "https://auth.example.com/token").expect("a good URL")
///     }
///
///     fn credentials(variables: &Variables<'_>) -> Result<Login, ConfigError> {
///         let (id, secret) = (variables.require("EXAMPLE_ID")?, variables.require("EXAMPLE_SECRET")?);
///         Ok(Login::new(Credential::new(id, secret), Grant::ClientCredentials))
///     }
///
///     fn from_parts(mut base_urls: Vec<String>, client: Client) -> Self {
///         Self { base_url: base_urls.remove(0), client }
///     }
/// }
///
/// let refused = Builder::<Example>::new().variables(|_| None).err().expect("nothing is set");
/// assert_eq!(refused.to_string(), "environment variable EXAMPLE_ID: is not set");
/// ```
pub trait Provider: Sized {
    /// The credentials that an application signs in with.
    type Credentials: Into<Login>;

    /// The type that names the provider's APIs; `()` if there is one API.
    type Api: Copy + PartialEq + 'static;

    /// The provider's APIs.
    const APIS: &'static [Api<Self::Api>];

    /// The environment variable that may hold the URL of another token endpoint.
    const TOKEN_URL_VARIABLE: &'static str;

    /// The `User-Agent` of the client's requests (RFC 9110 section 10.1.5): the name and version of the provider's
    /// crate. The default has the name and version of `client-core`.
    const USER_AGENT: &'static str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

    /// Returns the provider's profile.
    fn profile() -> Profile;

    /// Returns the advice for a person who has to sign in again, without the account. The default names `tokenctl` and
    /// the profile.
    fn sign_in_remedy() -> String {
        format!("run `tokenctl login {}`", Self::profile().name())
    }

    /// Returns the environment variable that may hold a refresh token. The default begins with the profile's name.
    fn refresh_token_variable() -> String {
        format!("{}_REFRESH_TOKEN", Self::profile().name().to_ascii_uppercase().replace('-', "_"))
    }

    /// Reads the credentials from environment variables.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] with the name of the variable if one is missing, empty, or has no visible character.
    fn credentials(variables: &Variables<'_>) -> Result<Self::Credentials, ConfigError>;

    /// Creates the client. The base URLs are in the order of [`APIS`](Self::APIS).
    fn from_parts(base_urls: Vec<String>, client: Client) -> Self;
}

/// One API of a provider: its name, its real base URL, and the environment variable that may hold another base URL.
///
/// ```
/// use client_core::Api;
///
/// let api = Api::new((), "https://api.example.com/v1", "EXAMPLE_BASE_URL");
/// assert_eq!(api.base_url(), "https://api.example.com/v1");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Api<A> {
    pub(crate) name: A,
    pub(crate) base_url: &'static str,
    pub(crate) variable: &'static str,
}

impl<A: Copy> Api<A> {
    /// Describes an API.
    pub const fn new(name: A, base_url: &'static str, variable: &'static str) -> Self {
        Self { name, base_url, variable }
    }

    /// Returns the name of the API.
    pub const fn name(&self) -> A {
        self.name
    }

    /// Returns the API's real base URL.
    pub const fn base_url(&self) -> &'static str {
        self.base_url
    }
}

/// The credential of a client, and the grant that it exchanges for tokens.
#[derive(Clone, Debug)]
pub struct Login {
    pub(crate) credential: Credential,
    pub(crate) grant: Grant,
    pub(crate) account: Option<String>,
}

impl Login {
    /// Creates a login from a client's credential and its grant.
    pub const fn new(credential: Credential, grant: Grant) -> Self {
        Self { credential, grant, account: None }
    }

    /// Creates a login for which a person signed in. The refresh token is in the store, under the name of
    /// `account`. `tokenctl login` uses [`DEFAULT_ACCOUNT`] unless `--account` names another.
    pub fn signed_in(credential: Credential, account: impl Into<String>) -> Self {
        Self { credential, grant: Grant::Stored, account: Some(account.into()) }
    }
}

/// The account that holds a sign-in if no other is named.
pub const DEFAULT_ACCOUNT: &str = "default";

/// A lookup of environment variables, or of a test's values.
///
/// ```
/// use client_core::Variables;
///
/// let lookup = |name: &str| (name == "EXAMPLE_ID").then(|| "id".to_owned());
/// let variables = Variables::new(&lookup);
/// assert_eq!(variables.require("EXAMPLE_ID")?, "id");
/// assert!(variables.require("EXAMPLE_SECRET").is_err());
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Variables<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    /// The names of the variables that were required. An error about the credentials lists them.
    required: Option<&'a RefCell<Vec<String>>>,
}

impl<'a> Variables<'a> {
    /// Creates a lookup from a function.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, required: None }
    }

    /// Returns the same variables, which also write down the names that are required.
    pub(crate) const fn noting<'b>(self, required: &'b RefCell<Vec<String>>) -> Variables<'b>
    where
        'a: 'b,
    {
        Variables { lookup: self.lookup, required: Some(required) }
    }

    /// Returns the value of a variable, if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<String> {
        // An empty variable counts as unset: deployment tools often set unused variables to an empty text.
        self.look_up(name).filter(|value| !value.is_empty())
    }

    /// Returns the value of a variable without the line ends at its end. A secret that a shell or a deployment tool
    /// read from a file often has one, and no value here can end in one.
    fn look_up(&self, name: &str) -> Option<String> {
        let mut value = (self.lookup)(name)?;
        value.truncate(value.trim_end_matches(['\r', '\n']).len());
        Some(value)
    }

    /// Returns the value of a required variable.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] with the name of the variable if it is not set, is empty, or has no visible character.
    pub fn require(&self, name: &str) -> Result<String, ConfigError> {
        if let Some(required) = self.required {
            required.borrow_mut().push(name.to_owned());
        }
        let problem = match self.look_up(name) {
            Some(value) if value.is_empty() => "is empty",
            Some(value) if Secret::new(&*value).is_blank() => {
                "has no visible character; set it to the real value"
            }
            Some(value) => return Ok(value),
            None => "is not set",
        };
        Err(ConfigError::new(format!("environment variable {name}"), problem))
    }
}

impl std::fmt::Debug for Variables<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Variables(..)")
    }
}
