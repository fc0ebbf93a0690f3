//! The page where a person types the code that a device shows (RFC 8628 section 3.3).
//!
//! GoTo has no such page. It is off by default, and is here to test tools.

use super::ending::{Ending, ErrorPage, Objection};
use super::fields::{Decision, Fields};
use super::goto::{is_email, scope_list};
use super::page::{complaint, escape, form, notice, page, sign_in_fields};
use super::paths::VERIFICATION;
use crate::state::{Desk, PRINCIPAL};

pub(super) fn show(desk: &Desk<'_>, fields: &Fields) -> Result<Ending, Objection> {
    check(desk, fields)?;
    Ok(Ending::Page(question(desk, fields, None)))
}

pub(super) fn decide(desk: &mut Desk<'_>, fields: &Fields) -> Result<Ending, Objection> {
    check(desk, fields)?;
    let decision = Decision::of(fields)?;
    let principal = fields.get("email").filter(|email| is_email(email));
    if decision == Decision::Allow && principal.is_none() {
        return Ok(Ending::Again(question(desk, fields, Some("This is not a valid e-mail address."))));
    }
    let principal = principal.filter(|_| decision == Decision::Allow);
    let user_code = fields.get(USER_CODE).unwrap_or_default();
    if !desk.books.device_codes.decide(user_code, principal, desk.now) {
        let message = "This code is unknown or has expired.";
        return Ok(Ending::Again(question(desk, fields, Some(message))));
    }
    let message = match decision {
        Decision::Allow => "The device is signed in. You may close this page.",
        Decision::Deny => "The device was denied. You may close this page.",
    };
    Ok(Ending::Page(notice("GoTo", "Done", message)))
}

fn check(desk: &Desk<'_>, fields: &Fields) -> Result<(), ErrorPage> {
    match desk.books.switches.device_sign_in {
        true => fields.check_once(&[USER_CODE, "email"]),
        false => Err(ErrorPage::not_found()),
    }
}

fn question(desk: &Desk<'_>, fields: &Fields, message: Option<&str>) -> String {
    let user_code = fields.get(USER_CODE).unwrap_or_default();
    let scope = desk.books.device_codes.waiting(user_code, desk.now);
    let list = scope.map_or_else(String::new, |scope| {
        let scopes: Vec<String> = scope.split(' ').map(str::to_owned).collect();
        format!("<p>It asks for:</p>\n{}\n", scope_list(&scopes))
    });
    let inside = format!(
        "<label>Code<input class=\"code\" name=\"{USER_CODE}\" value=\"{}\" placeholder=\"XXXX-XXXX\" \
         autocomplete=\"off\" required></label>\n{list}{}",
        escape(user_code),
        sign_in_fields(fields.get("email").unwrap_or(PRINCIPAL))
    );
    let body = format!(
        "{}<p>Type the code that your device shows. Continue only if you have just started this sign-in.</p>\n{}",
        complaint(message),
        form(VERIFICATION, fields, &[], &inside)
    );
    page("GoTo", "Sign a device in", &body)
}

const USER_CODE: &str = "user_code";
