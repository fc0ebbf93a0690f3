//! Writes the requests to a provider's endpoints.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use zeroize::Zeroizing;

use super::parameter::Parameter;
use super::sending::Sending;
use super::transport::TransportBody;
use crate::error::{ConfigError, Error};
use crate::profile::{ClientAuth, Encoding, Profile};
use crate::secret::{Credential, Secret, blankness};

/// One request to an endpoint, before the client's credentials are added.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) url: &'a Uri,
    /// The name of the endpoint in errors.
    pub(super) endpoint: &'static str,
    pub(super) parameters: &'a [Parameter<'a>],
    /// True if the request also has the profile's parameters and scope.
    pub(super) fixed: bool,
    pub(super) sending: Sending,
    /// The encoding, if it is not that of token requests.
    pub(super) encoding: Option<Encoding>,
    /// Called just before the first byte of the request may be sent.
    pub(super) leaving: &'a (dyn Fn() + Sync),
}

/// The parts that are the same in all requests of a client.
#[derive(Debug)]
pub(crate) struct Recipe {
    client_auth: ClientAuth,
    credential: Credential,
    fixed: Vec<(String, String)>,
    /// The parameters of requests with one `grant_type` only.
    fixed_for: BTreeMap<String, Vec<(String, String)>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The client's credentials for one exchange.
#[derive(Debug)]
pub(crate) struct Proof {
    secret: Secret,
    /// The Basic header, if the client authenticates with one.
    basic: Option<HeaderValue>,
}

impl Recipe {
    /// Makes a recipe. It checks everything that can be checked without a request.
    pub(crate) fn new(profile: &Profile, credential: Credential) -> Result<Self, ConfigError> {
        let client_auth = profile.facts().client_auth.clone();
        if let Some(problem) = blankness(credential.id()) {
            return Err(ConfigError::new("client id", problem));
        }
        if client_auth == ClientAuth::BasicRaw && credential.id().contains(':') {
            // The server splits the header at the first colon (RFC 7617 section 2).
            let problem = "has a colon, which a raw Basic header cannot carry; use `ClientAuth::Basic`";
            return Err(ConfigError::new("client id", problem));
        }
        if client_auth != ClientAuth::Public {
            credential.check()?;
        }
        let mut fixed: Vec<(String, String)> = Vec::new();
        let mut taken = BY_GRANT.to_vec();
        // A provider may have its own name for the redirect URI, which the exchange of a code sends.
        taken.push(profile.redirect_uri_name());
        for name in client_auth.names() {
            claim(&mut taken, name)?;
        }
        taken.extend(BY_CLIENT);
        for (name, value) in profile.parameters.iter().filter(|(_, value)| !value.is_empty()) {
            claim(&mut taken, name)?;
            fixed.push((name.to_string(), value.to_string()));
        }
        let mut fixed_for = BTreeMap::new();
        for (grant_type, parameters) in &profile.facts().parameters_for {
            let mut taken = taken.clone();
            let mut of_grant = Vec::new();
            for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
                claim(&mut taken, name)?;
                of_grant.push((name.to_string(), value.to_string()));
            }
            fixed_for.insert(grant_type.to_string(), of_grant);
        }
        if let Some(scope) = &profile.scope {
            fixed.push(("scope".to_owned(), profile.request_scope(scope)));
        }
        let headers = profile.facts().headers.clone();
        Ok(Self { client_auth, credential, fixed, fixed_for, headers })
    }

    /// Returns an error if a parameter of the grant is already set by the profile or the client.
    pub(crate) fn leave_to_grant(&self, grant_type: &str, names: &[&str]) -> Result<(), ConfigError> {
        let mut taken = vec!["grant_type", "scope"];
        taken.extend(self.client_auth.names());
        taken.extend(BY_CLIENT);
        taken.extend(self.fixed.iter().chain(self.fixed_for(grant_type)).map(|(name, _)| name.as_str()));
        names.iter().try_for_each(|name| claim(&mut taken, name))
    }

    /// Returns the parameters that only requests with this `grant_type` have.
    fn fixed_for(&self, grant_type: &str) -> &[(String, String)] {
        self.fixed_for.get(grant_type).map_or(&[], Vec::as_slice)
    }

    /// Returns the client id.
    pub(crate) fn client_id(&self) -> &str {
        self.credential.id()
    }

    /// Returns whether the client's secret cannot change: it was given as a text, or the client has none.
    pub(crate) fn has_fixed_secret(&self) -> bool {
        self.client_auth == ClientAuth::Public || self.credential.secret().is_some()
    }

    /// Reads the client's secret for one exchange. A public client has an empty one.
    pub(crate) async fn prove(&self) -> Result<Proof, Error> {
        if self.client_auth == ClientAuth::Public {
            return Ok(Proof { secret: Secret::new(""), basic: None });
        }
        let secret = self.credential.read().await?;
        let (id, text) = (self.credential.id(), secret.expose());
        let pair = match self.client_auth {
            ClientAuth::Basic => Some(pair(&form_encoded(id), &form_encoded(text))),
            ClientAuth::BasicRaw => Some(pair(id, text)),
            ClientAuth::Body { .. } | ClientAuth::Public => None,
        };
        Ok(Proof { basic: pair.map(|pair| basic_header(&pair)), secret })
    }

    /// Writes one request, with its own parameters, the fixed parameters and the client's.
    pub(super) fn write(&self, ask: &Ask<'_>, encoding: Encoding, proof: &Proof) -> Request<TransportBody> {
        let grant_type =
            ask.parameters.iter().find(|(name, _)| *name == "grant_type").map(|(_, value)| *value);
        let of_grant = grant_type.map_or(&[][..], |grant_type| self.fixed_for(grant_type));
        let fixed = self.fixed.iter().filter(|_| ask.fixed).chain(of_grant);
        let fixed = fixed.map(|(name, value)| (name.as_str(), value.as_str()));
        let (id, secret) = (self.credential.id(), proof.secret.expose());
        let client = match &self.client_auth {
            ClientAuth::Basic | ClientAuth::BasicRaw => [None, None],
            ClientAuth::Body { id: id_name, secret: secret_name } => {
                [Some((id_name.as_ref(), id)), Some((secret_name.as_ref(), secret))]
            }
            ClientAuth::Public => [Some(("client_id", id)), None],
        };
        let parameters: Vec<Parameter<'_>> = ask
            .parameters
            .iter()
            .copied()
            .chain(fixed)
            .chain(client.into_iter().flatten())
            // A parameter without a value counts as absent (RFC 6749 section 3.2).
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let body = match encoding {
            Encoding::Form => form(&parameters),
            Encoding::Json => json(&parameters),
        };
        let mut request = Request::new(TransportBody::new(Bytes::from_owner(Zeroizing::new(body))));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = ask.url.clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(encoding.media_type()));
        // No cache may store the request or the answer, since both contain secrets (RFC 9111 section 5.2.1.5).
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(basic) = &proof.basic {
            headers.insert(AUTHORIZATION, basic.clone());
        }
        // The profile's own headers may replace `Accept`, for a provider that wants another value.
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        request
    }
}

impl Proof {
    /// Returns the client's secret. It is empty for a public client.
    pub(super) fn secret(&self) -> &str {
        self.secret.expose()
    }

    /// Redacts secrets in a text of the server, which may repeat parts of the request.
    ///
    /// The secrets are the client's secret and the secret parameters of the request. Each is redacted in plain, in
    /// form-encoded and in base64 form.
    pub(super) fn redact(&self, text: &str, parameters: &[Parameter<'_>]) -> String {
        let secret = self.secret.expose();
        let sent = parameters.iter().filter(|(name, _)| !OPEN.contains(name)).map(|(_, value)| *value);
        let secrets = sent.chain([secret]);
        let spellings = secrets.filter(|secret| secret.len() >= SHORTEST_SECRET).flat_map(|secret| {
            let in_body = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            let in_basic = form_encoded(secret).to_string();
            [secret.to_owned(), in_body, in_basic, STANDARD_NO_PAD.encode(secret)].map(Zeroizing::new)
        });
        // The padding is left out, so that a copy of the header without padding is found as well.
        let basic = self.basic.as_ref().and_then(|basic| basic.to_str().ok());
        let basic = basic.map(|basic| Zeroizing::new(basic[BASIC.len()..].trim_end_matches('=').to_owned()));
        spellings.chain(basic).fold(text.to_owned(), |text, secret| text.replace(&*secret, "[redacted]"))
    }
}

impl ClientAuth {
    /// Returns the parameters that the client's authentication adds to a request.
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Basic | Self::BasicRaw => Vec::new(),
            Self::Body { id, secret } => vec![id, secret],
            Self::Public => vec!["client_id"],
        }
    }
}

/// Adds a parameter's name to `taken`. Returns an error if it is there already: no parameter may be sent twice (RFC
/// 6749 section 3.2).
fn claim<'a>(taken: &mut Vec<&'a str>, name: &'a str) -> Result<(), ConfigError> {
    if taken.contains(&name) {
        let what = format!("token request parameter {}", name.escape_default());
        let problem = "is already set by the grant, the scope or the client, or is given twice; remove it";
        return Err(ConfigError::new(what, problem));
    }
    taken.push(name);
    Ok(())
}

/// Makes a Basic header from the id and the secret, which are joined by a colon (RFC 6749 section 2.3.1).
fn basic_header(pair: &str) -> HeaderValue {
    let mut value = Zeroizing::new(BASIC.as_bytes().to_vec());
    // The full size is reserved in one step: a buffer that grows leaves unwiped copies of the secret behind.
    value.resize(BASIC.len() + pair.len().div_ceil(3) * 4, 0);
    STANDARD.encode_slice(pair.as_bytes(), &mut value[BASIC.len()..]).expect("there is room for it");
    let mut header =
        HeaderValue::from_maybe_shared(Bytes::from_owner(value)).expect("base64 can stand in a header");
    header.set_sensitive(true);
    header
}

/// Joins the id and the secret by a colon.
fn pair(id: &str, secret: &str) -> Zeroizing<String> {
    let mut pair = Zeroizing::new(String::with_capacity(id.len() + 1 + secret.len()));
    pair.extend([id, ":", secret]);
    pair
}

/// Encodes a text as in a form body.
fn form_encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * LONGEST_ESCAPE));
    // A tilde needs no encoding (RFC 3986 section 2.3). Plain, it also works for a server that does not decode the
    // header.
    let pieces = form_urlencoded::byte_serialize(text.as_bytes());
    encoded.extend(pieces.map(|piece| if piece == "%7E" { "~" } else { piece }));
    encoded
}

/// Writes a form body.
fn form(parameters: &[Parameter<'_>]) -> Vec<u8> {
    let body = String::with_capacity(room(parameters));
    form_urlencoded::Serializer::new(body).extend_pairs(parameters).finish().into_bytes()
}

/// Writes a JSON body.
fn json(parameters: &[Parameter<'_>]) -> Vec<u8> {
    struct Object<'a>(&'a [Parameter<'a>]);

    impl serde::Serialize for Object<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().copied())
        }
    }
    let mut body = Vec::with_capacity(room(parameters));
    serde_json::to_writer(&mut body, &Object(parameters)).expect("a map of strings is JSON");
    body
}

/// Returns the largest size of a body with these parameters, in either encoding. With this capacity the buffer never
/// grows. A buffer that grows leaves unwiped copies of secrets behind.
fn room(parameters: &[Parameter<'_>]) -> usize {
    parameters.iter().map(|(name, value)| (name.len() + value.len() + 1) * LONGEST_ESCAPE).sum::<usize>() + 2
}

/// The parameters that only the grant and the profile's scope may set.
const BY_GRANT: [&str; 13] = [
    "grant_type",
    "scope",
    "refresh_token",
    "code",
    "code_verifier",
    "redirect_uri",
    "device_code",
    "assertion",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
];

/// The parameters that only the client's authentication may set. A request must not authenticate in two ways (RFC 6749
/// section 2.3).
const BY_CLIENT: [&str; 4] = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];

/// The parameters that hold no secret. Their values are not redacted in the server's texts.
const OPEN: [&str; 8] = [
    "grant_type",
    "scope",
    "audience",
    "resource",
    "subject_token_type",
    "actor_token_type",
    "requested_token_type",
    "token_type_hint",
];

const BASIC: &str = "Basic ";

/// The most bytes that one byte can become: `\u001f` in JSON.
const LONGEST_ESCAPE: usize = 6;

/// Shorter strings are not redacted: they are not secrets, and redacting them would make a text unreadable.
const SHORTEST_SECRET: usize = 6;
