//! GoTab's two pages: one for a code in a person's name, one for the locations that an application may reach.

use super::ending::{Ending, ErrorPage, Objection};
use super::fields::{Decision, Fields};
use super::page::{complaint, escape, form, page, sign_in_fields};
use super::paths::MANAGER;
use super::redirect::with_parameters;
use crate::state::{Desk, PRINCIPAL};
use crate::token::{Approval, Challenge};
use crate::world::gotab_locations;

/// The kind of page. The two kinds have different names for their parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Locations,
}

/// The parts of a valid request.
struct Asked {
    kind: Kind,
    target: String,
    /// The maximum number of locations. Without a parameter it is GoTab's own limit.
    limit: usize,
}

pub(super) fn show(desk: &Desk<'_>, fields: &Fields) -> Result<Ending, Objection> {
    let asked = check(desk, fields)?;
    Ok(Ending::Page(consent(desk, &asked, fields, None)))
}

pub(super) fn decide(desk: &mut Desk<'_>, fields: &Fields) -> Result<Ending, Objection> {
    let asked = check(desk, fields)?;
    if Decision::of(fields)? == Decision::Deny {
        // GoTab does not document what a refusal looks like, so this is RFC 6749's form.
        let parameters = [("error", Some("access_denied")), ("state", fields.get("state"))];
        return Ok(Ending::Callback(with_parameters(&asked.target, &parameters)));
    }
    match asked.kind {
        Kind::Code => {
            let code = desk.issue_code(Approval {
                redirect: Some(asked.target.clone()),
                challenge: challenge(fields),
                scope: String::new(),
                targets: fields.targets(),
                principal: fields.get("email").unwrap_or(PRINCIPAL).to_owned(),
            });
            let parameters = [("code", Some(code.as_str())), ("state", fields.get("state"))];
            Ok(Ending::Callback(with_parameters(&asked.target, &parameters)))
        }
        Kind::Locations => Ok(pick(desk, &asked, fields)),
    }
}

/// Selects as many locations as are allowed.
pub(super) fn fill_in(desk: &Desk<'_>, fields: &mut Fields) {
    let limit = limit(fields).unwrap_or(usize::MAX);
    for (id, _) in gotab_locations(desk.documents).into_iter().take(limit) {
        fields.add(LOCATION, &id);
    }
}

fn pick(desk: &Desk<'_>, asked: &Asked, fields: &Fields) -> Ending {
    let known = gotab_locations(desk.documents);
    let picked: Vec<&str> = fields.all(LOCATION).collect();
    let again = |message| Ending::Again(consent(desk, asked, fields, Some(message)));
    if picked.is_empty() {
        return again("Pick a location, or deny.");
    }
    if picked.len() > asked.limit {
        return again("The application accepts fewer locations.");
    }
    if picked.iter().any(|id| !known.iter().any(|(other, _)| other == id)) {
        return again("There is no such location.");
    }
    // The separators are sent unencoded. The older one, `%`, makes a query that no strict reader can decode.
    let (name, separator) = match desk.books.switches.older_locations {
        true => ("locations", "%"),
        false => ("locationUuids", ","),
    };
    let joint = if asked.target.contains('?') { '&' } else { '?' };
    Ending::Callback(format!("{}{joint}{name}={}", asked.target, picked.join(separator)))
}

fn check(desk: &Desk<'_>, fields: &Fields) -> Result<Asked, ErrorPage> {
    fields.check_once(&PARAMETERS)?;
    let (kind, id_name) = match fields.get("response_type") {
        Some("code") => (Kind::Code, "api_access_id"),
        Some("token") | None => (Kind::Locations, "access_id"),
        Some(_) => return Err(ErrorPage::new("this response_type is not offered")),
    };
    match fields.get(id_name) {
        None => return Err(ErrorPage::new(format!("{id_name} is missing"))),
        Some(id) if id != desk.books.credentials.id() => {
            return Err(ErrorPage::new("this application is not known"));
        }
        Some(_) => {}
    }
    let Some(target) = fields.get("redirect_url") else {
        return Err(ErrorPage::new("redirect_url is missing"));
    };
    // The browser must not be sent to an unregistered URL, so the person sees the error.
    if !desk.books.redirect_urls.iter().any(|known| known == target) {
        return Err(ErrorPage::new("redirect_url is not one of those configured for this integration"));
    }
    if !fields.targets().are_valid() {
        return Err(ErrorPage::new("resource is not an absolute URI without a fragment"));
    }
    let limit = limit(fields).ok_or_else(|| ErrorPage::new("loc_limit is not a whole number above 0"))?;
    Ok(Asked { kind, target: target.to_owned(), limit })
}

fn limit(fields: &Fields) -> Option<usize> {
    match fields.get("loc_limit") {
        None => Some(usize::MAX),
        Some(text) => text.parse().ok().filter(|limit| *limit > 0),
    }
}

/// Returns the challenge of any kind. GoTab does not document PKCE, so no challenge is refused here.
fn challenge(fields: &Fields) -> Option<Challenge> {
    let challenge = fields.get("code_challenge")?.to_owned();
    Some(match fields.get("code_challenge_method") {
        Some("S256") => Challenge::S256(challenge),
        _ => Challenge::Plain(challenge),
    })
}

fn consent(desk: &Desk<'_>, asked: &Asked, fields: &Fields, message: Option<&str>) -> String {
    let id = fields.get("api_access_id").or(fields.get("access_id")).map(escape).unwrap_or_default();
    let (title, request, inside) = match asked.kind {
        Kind::Code => (
            "Sign in and allow access",
            "asks to act in your name.",
            sign_in_fields(fields.get("email").unwrap_or(PRINCIPAL)),
        ),
        Kind::Locations => {
            ("Choose locations", "asks to reach your locations.", boxes(desk, asked.limit, fields))
        }
    };
    let body = format!(
        "{complaint}<p>The application <code>{id}</code> {request}</p>\n{form}\n\
         <p class=\"note\">Both buttons lead back to <code>{target}</code>.</p>",
        complaint = complaint(message),
        form = form(MANAGER, fields, &PARAMETERS, &inside),
        target = escape(&asked.target),
    );
    page("GoTab", title, &body)
}

fn boxes(desk: &Desk<'_>, limit: usize, fields: &Fields) -> String {
    let known = gotab_locations(desk.documents);
    let legend = match limit < known.len() {
        true => format!("Locations, at most {limit}"),
        false => "Locations".to_owned(),
    };
    let items: String = known
        .iter()
        .map(|(id, name)| {
            let checked = if fields.all(LOCATION).any(|picked| picked == id) { " checked" } else { "" };
            format!(
                "<label class=\"box\"><input type=\"checkbox\" name=\"{LOCATION}\" value=\"{}\"{checked}>{}</label>\n",
                escape(id),
                escape(name)
            )
        })
        .collect();
    format!("<fieldset><legend>{legend}</legend>\n{items}</fieldset>\n")
}

const LOCATION: &str = "location";

/// The parameters that the page keeps in hidden fields.
const PARAMETERS: [&str; 8] = [
    "response_type",
    "api_access_id",
    "access_id",
    "redirect_url",
    "state",
    "loc_limit",
    "code_challenge",
    "code_challenge_method",
];
