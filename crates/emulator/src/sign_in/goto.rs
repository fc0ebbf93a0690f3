//! GoTo's authorize page: RFC 6749 with PKCE (S256 only), and loopback redirects to any port.

use super::ending::{Ending, ErrorPage, Objection};
use super::fields::{Decision, Fields};
use super::page::{complaint, escape, form, page, sign_in_fields};
use super::paths::AUTHORIZE;
use super::redirect::{is_loopback, with_parameters};
use crate::state::{Desk, PRINCIPAL};
use crate::token::{Approval, Challenge, SCOPES, scopes};

/// The parts of a valid request.
struct Asked {
    /// The URL to which the browser is sent afterwards.
    target: String,
    /// The `redirect_uri` parameter as the request had it.
    redirect: Option<String>,
    state: Option<String>,
    challenge: Option<Challenge>,
    scopes: Vec<String>,
}

/// Shows the page, if the request is valid.
pub(super) fn show(desk: &Desk<'_>, fields: &Fields) -> Result<Ending, Objection> {
    let asked = check(desk, fields)?;
    Ok(Ending::Page(consent(&asked, fields, None)))
}

/// Handles a pressed button.
pub(super) fn decide(desk: &mut Desk<'_>, fields: &Fields) -> Result<Ending, Objection> {
    let asked = check(desk, fields)?;
    if Decision::of(fields)? == Decision::Deny {
        return Err(asked.object(desk, "access_denied"));
    }
    let Some(principal) = fields.get("email").filter(|email| is_email(email)) else {
        return Ok(Ending::Again(consent(&asked, fields, Some("This is not a valid e-mail address."))));
    };
    let code = desk.issue_code(Approval {
        redirect: asked.redirect.clone(),
        challenge: asked.challenge.clone(),
        scope: asked.scopes.join(" "),
        targets: fields.targets(),
        principal: principal.to_owned(),
    });
    Ok(Ending::Callback(asked.callback(desk, ("code", &code))))
}

/// Fills in the fields that a person would type.
pub(super) fn fill_in(fields: &mut Fields) {
    fields.add("email", PRINCIPAL);
}

pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

fn check(desk: &Desk<'_>, fields: &Fields) -> Result<Asked, Objection> {
    fields.check_once(&PARAMETERS)?;
    match fields.get("client_id") {
        None => return Err(ErrorPage::new("client_id is missing").into()),
        Some(id) if id != desk.books.credentials.id() => {
            return Err(ErrorPage::new("this client is not known").into());
        }
        Some(_) => {}
    }
    let redirect = fields.get("redirect_uri").map(str::to_owned);
    let mut asked = Asked {
        // The client and the redirect URL are checked first. Until both are known to be right, no error may be sent to
        // that URL (RFC 6749 section 4.1.2.1).
        target: target(desk, redirect.as_deref())?,
        redirect,
        state: fields.get("state").map(str::to_owned),
        challenge: None,
        scopes: Vec::new(),
    };
    match fields.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(asked.object(desk, "unsupported_response_type")),
        None => return Err(asked.object(desk, "invalid_request")),
    }
    asked.challenge = challenge(fields).map_err(|()| asked.object(desk, "invalid_request"))?;
    asked.scopes = scopes(fields.get("scope")).ok_or_else(|| asked.object(desk, "invalid_scope"))?;
    if !fields.targets().are_valid() {
        return Err(asked.object(desk, "invalid_target"));
    }
    Ok(asked)
}

/// Returns the URL to which the browser is sent. It must be registered or loopback. The parameter may be left out if
/// only one URL is registered.
fn target(desk: &Desk<'_>, redirect: Option<&str>) -> Result<String, ErrorPage> {
    let registered = &desk.books.redirect_urls;
    match (redirect, registered.as_slice()) {
        (Some(url), _) if is_loopback(url) || registered.iter().any(|known| known == url) => {
            Ok(url.to_owned())
        }
        (Some(_), _) => Err(ErrorPage::new("redirect_uri is not one of those registered for this client")),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(ErrorPage::new("redirect_uri is missing")),
    }
}

/// Returns the challenge. One without a method would be a plain one (RFC 7636 section 4.3), which GoTo does not accept.
fn challenge(fields: &Fields) -> Result<Option<Challenge>, ()> {
    match (fields.get("code_challenge"), fields.get("code_challenge_method")) {
        // GoTo does not require PKCE.
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) if Challenge::is_s256(challenge) => {
            Ok(Some(Challenge::S256(challenge.to_owned())))
        }
        _ => Err(()),
    }
}

impl Asked {
    fn callback(&self, desk: &Desk<'_>, outcome: (&str, &str)) -> String {
        let switches = &desk.books.switches;
        let issuer = switches.issuer_in_callback.then(|| desk.issuer());
        let (name, value) = outcome;
        let parameters = [(name, Some(value)), ("state", self.state.as_deref()), ("iss", issuer)];
        with_parameters(&self.target, &parameters)
    }

    fn object(&self, desk: &Desk<'_>, error: &str) -> Objection {
        Objection::Callback(self.callback(desk, ("error", error)))
    }
}

fn consent(asked: &Asked, fields: &Fields, message: Option<&str>) -> String {
    let client = fields.get("client_id").map(escape).unwrap_or_default();
    let email = fields.get("email").unwrap_or(PRINCIPAL);
    let inside = sign_in_fields(email);
    let body = format!(
        "{complaint}<p>The application <code>{client}</code> asks for:</p>\n{list}\n{form}\n\
         <p class=\"note\">Both buttons lead back to <code>{target}</code>.</p>",
        complaint = complaint(message),
        list = scope_list(&asked.scopes),
        form = form(AUTHORIZE, fields, &PARAMETERS, &inside),
        target = escape(&asked.target),
    );
    page("GoTo", "Sign in and allow access", &body)
}

/// Returns the scopes and their descriptions as a list in HTML.
pub(super) fn scope_list(scopes: &[String]) -> String {
    let items: String = scopes
        .iter()
        .map(|scope| {
            let meaning = SCOPES.iter().find(|(known, _)| known == scope).map_or("", |(_, meaning)| meaning);
            format!("<li><code>{}</code> {meaning}</li>", escape(scope))
        })
        .collect();
    format!("<ul>{items}</ul>")
}

/// The parameters that the page keeps in hidden fields.
const PARAMETERS: [&str; 7] = [
    "client_id",
    "response_type",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];
