//! `Metadata`: the document, checked.

use serde::Serialize;
use serde_json::Value;

use crate::endpoint::Members;
use crate::error::{ConfigError, shown};
use crate::profile::Origin;
use crate::url::endpoint_url;

/// The metadata of an issuer (RFC 8414 section 2): the members that this crate uses.
///
/// The issuer is the one that was asked for, and all URLs are https or loopback. An optional member with the wrong type
/// or with another URL is left out, and a warning is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata(pub(super) Document);

/// The members that are read, under their names in RFC 8414. Others are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Document {
    pub(super) issuer: String,
    pub(super) token_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorization_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device_authorization_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revocation_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Reads a document, and checks that it belongs to `issuer`. An optional member that cannot be used is left out
    /// with a warning, and the rest of the document counts.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the issuer or the token endpoint is missing, occurs twice or cannot be used, or if
    /// the document names another issuer.
    pub(super) fn read(members: &Members, issuer: &str) -> Result<Self, ConfigError> {
        let named = required(members, "issuer")?;
        // Compared byte by byte (RFC 8414 section 3.3): a slash at the end makes another issuer.
        if named != issuer {
            let problem =
                format!("is {:?}, but {issuer:?} was asked for (RFC 8414 section 3.3)", shown(named));
            return Err(ConfigError::new("the document's issuer", problem));
        }
        let reader = Reader { members, issuer, own: issuer.parse()? };
        let token_endpoint = required(members, "token_endpoint")?;
        reader.check("token_endpoint", token_endpoint)?;
        Ok(Self(Document {
            issuer: issuer.to_owned(),
            token_endpoint: token_endpoint.to_owned(),
            authorization_endpoint: reader.endpoint("authorization_endpoint"),
            device_authorization_endpoint: reader.endpoint("device_authorization_endpoint"),
            revocation_endpoint: reader.endpoint("revocation_endpoint"),
            token_endpoint_auth_methods_supported: reader.list("token_endpoint_auth_methods_supported"),
            authorization_response_iss_parameter_supported: reader
                .flag("authorization_response_iss_parameter_supported"),
        }))
    }

    /// Writes the members as JSON, which [`from_json`](Self::from_json) reads.
    #[cfg(feature = "file-store")]
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(&self.0)
    }

    /// Reads the document of `issuer` from JSON, with the same checks as for one that was fetched.
    #[cfg(feature = "file-store")]
    pub(crate) fn from_json(json: &[u8], issuer: &str) -> Result<Self, ConfigError> {
        let members = Members::document(json)
            .ok_or_else(|| ConfigError::new("the document", "is not a JSON object"))?;
        Self::read(&members, issuer)
    }

    /// Returns the issuer's name.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Returns the URL of the token endpoint.
    pub fn token_url(&self) -> &str {
        &self.0.token_endpoint
    }

    /// Returns the URL of the page where a person signs in.
    pub fn authorize_url(&self) -> Option<&str> {
        self.0.authorization_endpoint.as_deref()
    }

    /// Returns the URL where a device asks for its codes.
    pub fn device_url(&self) -> Option<&str> {
        self.0.device_authorization_endpoint.as_deref()
    }

    /// Returns the URL where tokens are revoked.
    pub fn revocation_url(&self) -> Option<&str> {
        self.0.revocation_endpoint.as_deref()
    }

    /// Returns how clients may authenticate at the token endpoint, by the names of RFC 7591 section 2. A server that
    /// lists no methods accepts `client_secret_basic` (RFC 8414 section 2).
    pub fn client_auth_methods(&self) -> impl Iterator<Item = &str> {
        let listed = self.0.token_endpoint_auth_methods_supported.as_deref();
        let default = listed.is_none().then_some("client_secret_basic");
        listed.unwrap_or_default().iter().map(String::as_str).chain(default)
    }

    /// Returns whether the issuer names itself in each answer to a sign-in (RFC 9207 section 3).
    pub const fn names_issuer_in_callback(&self) -> bool {
        self.0.authorization_response_iss_parameter_supported
    }
}

/// Reads the optional members of one document.
struct Reader<'a> {
    members: &'a Members,
    issuer: &'a str,
    /// The issuer's origin.
    own: Origin,
}

impl Reader<'_> {
    /// Checks the URL of an endpoint.
    fn check(&self, name: &'static str, url: &str) -> Result<(), ConfigError> {
        let origin = Origin::of(&endpoint_url(&format!("the document's {name}"), url)?)?;
        if origin != self.own {
            // Large providers have such endpoints, so this is not a warning. It helps to find a mistake.
            tracing::info!(issuer = self.issuer, endpoint = name, %origin, "an endpoint is on another origin than its issuer");
        }
        Ok(())
    }

    fn endpoint(&self, name: &'static str) -> Option<String> {
        let url = match self.value(name)? {
            Value::String(url) => url,
            _ => return self.leave_out(name, "is not a string"),
        };
        match self.check(name, url) {
            Ok(()) => Some(url.clone()),
            Err(error) => self.leave_out(name, error.problem()),
        }
    }

    /// Returns the strings of a list.
    fn list(&self, name: &'static str) -> Option<Vec<String>> {
        match self.value(name)? {
            Value::Array(list) => Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            _ => self.leave_out(name, "is not a list"),
        }
    }

    fn flag(&self, name: &'static str) -> bool {
        let flag = self.value(name).and_then(|value| match value {
            Value::Bool(flag) => Some(*flag),
            // The flag makes sign-ins safer, so the string "true", which some servers send, counts as well
            // (RFC 9207 section 3).
            Value::String(text) => Some(text.eq_ignore_ascii_case("true")),
            _ => self.leave_out(name, "is not a boolean"),
        });
        flag.unwrap_or_default()
    }

    fn value(&self, name: &'static str) -> Option<&Value> {
        match self.members.find(&[name]) {
            Ok(found) => found.map(|(_, value)| value),
            Err(_) => self.leave_out(name, "occurs twice"),
        }
    }

    fn leave_out<T>(&self, name: &'static str, problem: &str) -> Option<T> {
        let issuer = self.issuer;
        tracing::warn!(
            issuer,
            member = name,
            problem,
            "a member of the issuer's metadata cannot be used, and is left out"
        );
        None
    }
}

fn required<'a>(members: &'a Members, name: &'static str) -> Result<&'a str, ConfigError> {
    let refuse = |problem| ConfigError::new(format!("the document's {name}"), problem);
    match members.find(&[name]) {
        Err(_) => Err(refuse("occurs twice")),
        Ok(None) => Err(refuse("is missing")),
        Ok(Some((_, Value::String(text)))) => Ok(text),
        Ok(Some(_)) => Err(refuse("is not a string")),
    }
}
