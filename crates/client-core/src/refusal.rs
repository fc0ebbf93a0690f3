//! `Refusal`: the code, the message and the request id of an API's error response, wherever they are in the body.

use std::borrow::Cow;

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use crate::redact::{clean, holds_sent};

/// The code, message and request id of a non-2xx response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) code: Option<Box<str>>,
    pub(crate) message: Option<Box<str>>,
    pub(crate) request_id: Option<Box<str>>,
}

impl Refusal {
    /// Reads a response. `sent` is the credential that its request carried; it is redacted.
    pub(crate) fn read(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        sent: Option<&HeaderValue>,
    ) -> Self {
        let body = parse(body).unwrap_or_default();
        let mut words = Words::default();
        words.take_from(&body, status, DEPTH);
        let code = words.code.and_then(|code| clean(&code, sent, LONGEST_CODE));
        let in_body = words.request_id.as_deref().filter(|id| is_id(id));
        let request_id = request_id(headers).or(in_body).filter(|id| !holds_sent(id, sent)).map(Into::into);
        Self {
            code,
            message: words.message.and_then(|message| clean(&message, sent, LONGEST_MESSAGE)),
            request_id,
        }
    }
}

/// Returns the id of a request from the headers of its response.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let id = REQUEST_IDS.iter().filter_map(|name| headers.get(name)?.to_str().ok()).find(|id| is_id(id));
    id.or_else(|| {
        // W3C Trace Context section 3.2: version, trace id, parent id, flags.
        let trace = headers.get("traceparent")?.to_str().ok()?.split('-').nth(1)?;
        (trace.len() == 32 && is_id(trace)).then_some(trace)
    })
}

fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Reads a body that may be JSON, whatever its content type is: some gateways send JSON errors as `text/plain`.
fn parse(body: &[u8]) -> Option<Value> {
    if body.len() > LONGEST_BODY {
        return None;
    }
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    // An invalid byte must cost one character, not the whole message.
    serde_json::from_str(&String::from_utf8_lossy(body)).ok()
}

/// The values found so far. The first one of each kind is kept.
#[derive(Default)]
struct Words<'a> {
    code: Option<Cow<'a, str>>,
    message: Option<Cow<'a, str>>,
    request_id: Option<Cow<'a, str>>,
}

impl<'a> Words<'a> {
    fn take_from(&mut self, value: &'a Value, status: StatusCode, depth: usize) {
        match value {
            Value::String(text) => self.message(text),
            // Only the first of several errors: the message must fit on one line.
            Value::Array(values) => {
                if let Some(first) = values.first().filter(|_| depth > 0) {
                    self.take_from(first, status, depth - 1);
                }
            }
            Value::Object(members) if depth > 0 => self.take_from_object(members, status, depth - 1),
            _ => {}
        }
    }

    fn take_from_object(&mut self, members: &'a Map<String, Value>, status: StatusCode, depth: usize) {
        let members: Vec<(String, &Value)> =
            members.iter().map(|(name, value)| (plain(name), value)).collect();
        let named = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
        // OAuth and many other APIs put the code in `error`. A text with spaces there is a message.
        if let Some(Value::String(text)) = named("error")
            && !text.contains(char::is_whitespace)
        {
            self.code(Cow::Borrowed(text));
        }
        for value in INSIDE.iter().filter_map(|name| named(name)) {
            if value.is_object() || value.is_array() {
                self.take_from(value, status, depth);
            }
        }
        for value in CODES.iter().filter_map(|name| named(name)) {
            match value {
                // The URI of a documentation page in `type` (RFC 9457 section 3.1.1) is not a code.
                Value::String(text) if text.contains("://") || text == "about:blank" => {}
                Value::String(text) if !FAILED.contains(&text.to_ascii_lowercase().as_str()) => {
                    // AWS writes a namespace before the code: `com.example#Throttling`.
                    self.code(Cow::Borrowed(text.rsplit('#').next().unwrap_or(text)));
                }
                // A number that repeats the HTTP status adds nothing.
                Value::Number(number) if number.as_u64() != Some(status.as_u16().into()) => {
                    self.code(Cow::Owned(number.to_string()));
                }
                _ => {}
            }
        }
        for value in MESSAGES.iter().filter_map(|name| named(name)) {
            match value {
                Value::String(text) => self.message(text),
                Value::Array(texts) => {
                    if let Some(Value::String(text)) = texts.first() {
                        self.message(text);
                    }
                }
                _ => {}
            }
        }
        for value in REQUESTS.iter().filter_map(|name| named(name)) {
            if let Value::String(id) = value {
                self.request_id.get_or_insert(Cow::Borrowed(id));
            }
        }
        // Some APIs list errors under the names of the invalid members: `{"errors": {"name": ["is too long"]}}`.
        if self.message.is_none()
            && let Some(Value::Object(errors)) = named("errors")
            && let Some((_, first)) = errors.iter().next()
        {
            self.take_from(first, status, depth);
        }
    }

    fn code(&mut self, code: Cow<'a, str>) {
        if !code.is_empty() && !code.contains(char::is_whitespace) {
            self.code.get_or_insert(code);
        }
    }

    fn message(&mut self, message: &'a str) {
        if !message.trim().is_empty() {
            self.message.get_or_insert(Cow::Borrowed(message));
        }
    }
}

/// Returns a member's name in one spelling: `errorCode`, `error_code` and `ErrorCode` become `errorcode`.
fn plain(name: &str) -> String {
    name.chars().filter(|sign| !"_-".contains(*sign)).map(|sign| sign.to_ascii_lowercase()).collect()
}

/// The members that contain the error object or list, in the order of the search. Octotable uses `error`, GBG `errors`,
/// API gateways `fault`, GraphQL `extensions`.
const INSIDE: [&str; 6] = ["error", "errors", "fault", "detail", "extensions", "response"];

/// The members that hold a code. GoTo uses `errorCode` and `int_err_code`.
const CODES: [&str; 7] = ["code", "errorcode", "interrcode", "errcode", "status", "name", "type"];

/// Values of `status` that only say that the call failed. They are not codes.
const FAILED: [&str; 4] = ["error", "fail", "failed", "failure"];

/// The members that hold a message. GoTo uses `msg` and `description`, GBG `problem`, RFC 9457 `detail` and `title`. A
/// text in `error` is used last, because it is mostly a code or the name of the status.
const MESSAGES: [&str; 13] = [
    "message",
    "errormessage",
    "errordescription",
    "msg",
    "description",
    "detail",
    "problem",
    "faultstring",
    "reason",
    "title",
    "errors",
    "text",
    "error",
];

/// The members that hold a request id. GoTo uses `incident` and `reference`.
const REQUESTS: [&str; 6] = ["requestid", "correlationid", "traceid", "incident", "incidentid", "reference"];

/// The headers that hold a request id, in the order of the search.
const REQUEST_IDS: [HeaderName; 11] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-requestid"),
    HeaderName::from_static("x-correlation-id"),
    HeaderName::from_static("correlation-id"),
    HeaderName::from_static("x-amzn-requestid"),
    HeaderName::from_static("x-amz-request-id"),
    HeaderName::from_static("x-ms-request-id"),
    HeaderName::from_static("x-trace-id"),
    HeaderName::from_static("x-b3-traceid"),
    HeaderName::from_static("cf-ray"),
];

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The largest body that is parsed: 64 KiB. No known API sends a larger error, and a parsed body takes several times
/// its size in memory.
const LONGEST_BODY: usize = 64 * 1024;

/// The maximum depth of the search: `errors[0].extensions.code`, and one more level for a wrapper.
const DEPTH: usize = 5;

// The limits in characters are part of the docs of `Error::code`, `Error::message` and `Error::request_id`.
const LONGEST_CODE: usize = 64;
const LONGEST_MESSAGE: usize = 200;
const LONGEST_ID: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, code: &str, message: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        let refusal = Refusal::read(status, &HeaderMap::new(), body.as_bytes(), None);
        let words =
            (refusal.code.as_deref().unwrap_or_default(), refusal.message.as_deref().unwrap_or_default());
        assert_eq!(words, (code, message), "{body}");
    }

    #[test]
    fn code_and_message_are_found_in_every_providers_shape() {
        // GoTab has three shapes: flat, with an envelope, and GraphQL.
        check(
            403,
            r#"{"error":"forbidden","message":"Not yours.","statusCode":403}"#,
            "forbidden",
            "Not yours.",
        );
        let envelope =
            r#"{"data":null,"warnings":[],"errors":[{"type":"TAB_NOT_FOUND","message":"No such tab"}]}"#;
        check(404, envelope, "TAB_NOT_FOUND", "No such tab");
        let graphql =
            r#"{"data":null,"errors":[{"message":"Sign in","extensions":{"code":"UNAUTHENTICATED"}}]}"#;
        check(401, graphql, "UNAUTHENTICATED", "Sign in");
        // GoTo has several shapes, one per API.
        check(
            403,
            r#"{"int_err_code":"InvalidToken","msg":"Invalid token passed"}"#,
            "InvalidToken",
            "Invalid token passed",
        );
        check(
            404,
            r#"{"errorCode":"NoSuchWebinar","description":"It is gone.","incident":"42"}"#,
            "NoSuchWebinar",
            "It is gone.",
        );
        check(
            400,
            r#"{"reference":"r","errorCode":"VALIDATION","message":"Bad","constraintViolations":[{"field":"a"}]}"#,
            "VALIDATION",
            "Bad",
        );
        check(429, r#"{"errorCode":"TOO_MANY"}"#, "TOO_MANY", "");
        // GBG.
        let gbg = r#"{"errors":[{"code":"4002","name":"MISSING_FIELD","problem":"resourceId is missing","action":"Add it."}]}"#;
        check(400, gbg, "4002", "resourceId is missing");
        check(400, r#"{"status":"error","code":7,"message":"no"}"#, "7", "no");
        // Octotable, as documented and as observed.
        let octotable =
            r#"{"success":false,"error":{"code":"RESOURCE_NOT_FOUND","message":"No such","class_name":"X"}}"#;
        check(404, octotable, "RESOURCE_NOT_FOUND", "No such");
        check(404, r#"{"success":false,"error":{"message":"No such"}}"#, "", "No such");
    }

    #[test]
    fn code_and_message_are_found_in_the_shapes_of_other_apis() {
        check(400, r#"{"error":"invalid_scope","error_description":"No."}"#, "invalid_scope", "No.");
        check(
            403,
            r#"{"type":"https://example.com/out-of-credit","title":"No credit","detail":"30 short","status":403}"#,
            "",
            "30 short",
        );
        check(403, r#"{"title":"No credit","status":403}"#, "", "No credit");
        check(402, r#"{"error":{"type":"card_error","code":"declined","message":"No"}}"#, "declined", "No");
        check(404, r#"{"error":{"code":404,"message":"Gone","status":"NOT_FOUND"}}"#, "NOT_FOUND", "Gone");
        check(400, r#"{"__type":"com.example#Throttling","Message":"Slow down"}"#, "Throttling", "Slow down");
        check(
            500,
            r#"{"fault":{"faultstring":"Broken","detail":{"errorcode":"steps.Failed"}}}"#,
            "steps.Failed",
            "Broken",
        );
        check(
            404,
            r#"{"status":404,"error":"Not Found","message":"No message available"}"#,
            "",
            "No message available",
        );
        check(
            400,
            r#"{"statusCode":400,"message":["a must be short","b"],"error":"Bad Request"}"#,
            "",
            "a must be short",
        );
        check(
            422,
            r#"{"detail":[{"loc":["body","a"],"msg":"field required","type":"value_error.missing"}]}"#,
            "value_error.missing",
            "field required",
        );
        check(422, r#"{"errors":{"name":["is too long"]}}"#, "", "is too long");
        check(422, r#"{"errors":["is too long"]}"#, "", "is too long");
        check(404, r#"{"detail":"Not here"}"#, "", "Not here");
        check(400, r#"[{"errorCode":"A","message":"b"}]"#, "A", "b");
        check(400, r#"{"error":"something is wrong"}"#, "", "something is wrong");
        check(400, "\"No.\"", "", "No.");
        check(400, "\u{feff}{\"message\":\"No.\"}", "", "No.");
    }

    #[test]
    fn other_bodies_have_neither_code_nor_message() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let deeper = format!("{}{}", "{\"error\":".repeat(100), "}".repeat(100));
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(LONGEST_BODY));
        let none = [
            "",
            "{}",
            "[]",
            "null",
            "7",
            "true",
            "<html><title>secret</title></html>",
            "plain words",
            r#"{"message":"#,
            r#"{"message":null,"code":true,"error":7}"#,
            r#"{"message":" \n ","code":""}"#,
            r#"{"data":{"message":"x"}}"#,
            &deep,
            &deeper,
            &long,
        ];
        for body in none {
            check(500, body, "", "");
        }
        let refusal = Refusal::read(StatusCode::OK, &HeaderMap::new(), b"{\"message\":\"a\xffb\"}", None);
        assert_eq!(refusal.message.as_deref(), Some("a\u{fffd}b"));
    }

    #[test]
    fn code_and_message_are_cut_to_their_limits() {
        let body = format!(r#"{{"code":"{}","message":"{}"}}"#, "C".repeat(900), "m ".repeat(900));
        let refusal = Refusal::read(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes(), None);
        assert_eq!(refusal.code.unwrap().chars().count(), LONGEST_CODE);
        assert_eq!(refusal.message.unwrap().chars().count(), LONGEST_MESSAGE);
    }

    #[test]
    fn the_request_id_is_found_where_servers_put_it() {
        let with = |name: &'static str, value: &'static str| {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
            request_id(&headers).map(str::to_owned)
        };
        for name in REQUEST_IDS {
            assert_eq!(
                request_id(&HeaderMap::from_iter([(name, HeaderValue::from_static("r-1"))])),
                Some("r-1")
            );
        }
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(with("traceparent", trace).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        for bad in ["", "two words", "a\tb"] {
            assert_eq!(with("x-request-id", bad), None);
        }
        assert_eq!(with("traceparent", "00"), None);

        let read = |headers: &HeaderMap, body: &str, sent: &'static str| {
            let sent = HeaderValue::from_static(sent);
            Refusal::read(StatusCode::NOT_FOUND, headers, body.as_bytes(), Some(&sent)).request_id
        };
        let incident = r#"{"errorCode":"A","incident":"i-42"}"#;
        assert_eq!(read(&HeaderMap::new(), incident, "Bearer t0ken").as_deref(), Some("i-42"));
        assert_eq!(read(&HeaderMap::new(), incident, "Bearer i-42"), None);
        let headers = HeaderMap::from_iter([(REQUEST_IDS[0].clone(), HeaderValue::from_static("of-t0ken"))]);
        assert_eq!(read(&headers, incident, "Bearer t0ken"), None);
    }
}
