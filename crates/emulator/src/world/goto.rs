//! GoTo: webinars and their registrants.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::{Call, Outcome, World, id_text, overlay, put, shown};
use super::paging::{number, page};
use crate::document::Document;
use crate::voice;

const WEBINARS: &str = "/organizers/{}/webinars";
const WEBINAR: &str = "/organizers/{}/webinars/{}";
const REGISTRANTS: &str = "/organizers/{}/webinars/{}/registrants";
const REGISTRANT: &str = "/organizers/{}/webinars/{}/registrants/{}";

#[derive(Debug)]
pub(super) struct Webinars {
    webinars: Vec<Webinar>,
    /// The example webinar. It supplies the members that a new webinar does not set.
    pattern: Value,
    last_key: u64,
}

#[derive(Debug)]
struct Webinar {
    key: String,
    record: Value,
    registrants: Vec<Value>,
}

impl Webinars {
    pub(super) fn new(documents: &[Arc<Document>]) -> Self {
        let details = documents.iter().find_map(|document| document.example(&Method::GET, WEBINAR));
        let mut pattern = details.cloned().unwrap_or_else(|| json!({}));
        let listed = shown(documents, WEBINARS, "/_embedded/webinars");
        let mut registrants = shown(documents, REGISTRANTS, "");
        let webinars: Vec<Webinar> = listed
            .into_iter()
            .map(|listed| {
                // The list shows fewer members than the details, so each entry is completed from the details.
                overlay(&mut pattern, &listed);
                Webinar {
                    key: id_text(&pattern["webinarKey"]),
                    record: pattern.clone(),
                    // The documents show the registrants of one webinar, so the first webinar gets them all.
                    registrants: std::mem::take(&mut registrants),
                }
            })
            .collect();
        Self { webinars, pattern, last_key: FIRST_KEY }
    }

    fn next_key(&mut self) -> String {
        self.last_key += 1;
        self.last_key.to_string()
    }

    fn list(&self, call: &Call<'_>) -> Outcome {
        let size = number(call.query_value("size"), 20).filter(|size| (1..=200).contains(size));
        let (Some(size), Some(at)) = (size, number(call.query_value("page"), 0)) else {
            return invalid("page or size is out of range");
        };
        let all: Vec<&Value> = self.webinars.iter().map(|webinar| &webinar.record).collect();
        Outcome::Done(json!({
            "_embedded": {"webinars": page(&all, at, size)},
            "page": {
                "size": size,
                "totalElements": all.len(),
                "totalPages": all.len().div_ceil(size),
                "number": at,
            },
        }))
    }

    fn create(&mut self, call: &mut Call<'_>) -> Outcome {
        let key = self.next_key();
        let mut record = self.pattern.clone();
        overlay(&mut record, call.body);
        let own = json!({
            "webinarKey": key,
            "webinarID": (FIRST_ID + self.webinars.len()).to_string(),
            "organizerKey": call.parameter(0),
            "numberOfRegistrants": 0,
            "registrationUrl": format!("https://attendee.gotowebinar.com/register/{key}"),
        });
        overlay(&mut record, &own);
        self.webinars.push(Webinar { key: key.clone(), record, registrants: Vec::new() });
        Outcome::Created(json!({"webinarKey": key}))
    }

    fn about_one(&mut self, call: &mut Call<'_>) -> Outcome {
        let wanted = call.parameter(1);
        let Some(at) = self.webinars.iter().position(|webinar| webinar.key == wanted) else {
            return not_found("no such webinar");
        };
        if (call.method, call.shape) == (&Method::DELETE, WEBINAR) {
            self.webinars.remove(at);
            return Outcome::Done(Value::Null);
        }
        // The key is made before the webinar is borrowed. For other operations it is unused, and a gap in the keys does
        // no harm.
        let registrant_key = self.next_key();
        let Some(webinar) = self.webinars.get_mut(at) else {
            return not_found("no such webinar");
        };
        match (call.method, call.shape) {
            (&Method::GET, WEBINAR) => {
                // The number is written only when it is read, so registrations need not keep it up to date.
                put(&mut webinar.record, "numberOfRegistrants", webinar.registrants.len());
                Outcome::Done(webinar.record.clone())
            }
            (&Method::PUT, WEBINAR) => {
                overlay(&mut webinar.record, call.body);
                Outcome::Done(Value::Null)
            }
            (&Method::GET, REGISTRANTS) => webinar.registrants(call),
            (&Method::POST, REGISTRANTS) => webinar.register(call, &registrant_key),
            (&Method::GET, REGISTRANT) => webinar.registrant(call.parameter(2)),
            (&Method::DELETE, REGISTRANT) => webinar.unregister(call.parameter(2)),
            _ => Outcome::Example,
        }
    }
}

impl World for Webinars {
    fn answer(&mut self, call: &mut Call<'_>) -> Outcome {
        match (call.method, call.shape) {
            (&Method::GET, WEBINARS) => self.list(call),
            (&Method::POST, WEBINARS) => self.create(call),
            (_, shape) if shape.starts_with(WEBINAR) => self.about_one(call),
            _ => Outcome::Example,
        }
    }
}

impl Webinar {
    /// Returns all registrants as a bare array, or one page of them if the query asks for a page.
    fn registrants(&self, call: &Call<'_>) -> Outcome {
        let (at, limit) = (call.query_value("page"), call.query_value("limit"));
        if at.is_none() && limit.is_none() {
            return Outcome::Done(json!(self.registrants));
        }
        let size = number(limit, 20).filter(|size| (1..=200).contains(size));
        let (Some(size), Some(at)) = (size, number(at, 0)) else {
            return invalid("page or limit is out of range");
        };
        let all: Vec<&Value> = self.registrants.iter().collect();
        Outcome::Done(json!({
            "data": page(&all, at, size),
            "total": all.len(),
            "page": at,
            "pageSize": size,
            "limit": size,
        }))
    }

    /// Registers an address. An address can register once; the refusal names the registrant.
    fn register(&mut self, call: &mut Call<'_>, key: &str) -> Outcome {
        let email = id_text(&call.body["email"]);
        let known = self
            .registrants
            .iter()
            .find(|registrant| id_text(&registrant["email"]).eq_ignore_ascii_case(&email));
        if let Some(known) = known {
            let mut body = voice::goto_error("DuplicateRegistrant", "the address is registered already");
            put(&mut body, "registrantKey", known["registrantKey"].clone());
            put(&mut body, "joinUrl", known["joinUrl"].clone());
            return Outcome::Refused(StatusCode::CONFLICT, body);
        }
        let join_url = format!("https://global.gotowebinar.com/join/{}/{key}", self.key);
        let mut registrant = call.body.clone();
        let own = json!({
            "registrantKey": key,
            "status": "APPROVED",
            "registrationDate": "2026-11-22T09:30:00Z",
            "joinUrl": join_url,
            "timeZone": self.record["timeZone"],
        });
        overlay(&mut registrant, &own);
        self.registrants.push(registrant);
        Outcome::Created(json!({"registrantKey": key, "joinUrl": join_url}))
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.registrants.iter().position(|registrant| id_text(&registrant["registrantKey"]) == key)
    }

    fn registrant(&self, key: &str) -> Outcome {
        let found = self.position(key).and_then(|at| self.registrants.get(at));
        found.map_or_else(|| not_found("no such registrant"), |one| Outcome::Done(one.clone()))
    }

    fn unregister(&mut self, key: &str) -> Outcome {
        match self.position(key) {
            Some(at) => {
                self.registrants.remove(at);
                Outcome::Done(Value::Null)
            }
            None => not_found("no such registrant"),
        }
    }
}

fn not_found(description: &str) -> Outcome {
    Outcome::Refused(StatusCode::NOT_FOUND, voice::goto_error("NotFound", description))
}

fn invalid(description: &str) -> Outcome {
    let body = voice::goto_error("InvalidRequest", description);
    Outcome::Refused(StatusCode::BAD_REQUEST, body)
}

/// Keys have 19 digits, more than an `f64` can represent.
const FIRST_KEY: u64 = 8_100_000_000_000_000_001;
const FIRST_ID: usize = 500_000_001;
