//! A profile that is written as data.

use std::collections::BTreeSet;

use auth_layer::Profile;
use serde_json::Value;

/// A profile with every key, each with another value than its default.
const FULL: &str = r#"
name = "example"
token_url = "https://auth.example.com/token"
refresh_url = "https://auth.example.com/refresh"
published_token_urls = ["https://auth.example.com/token", "https://id.example.com/token"]
moved_from = ["https://old.example.com/token"]
encoding = "json"
either_encoding = true
client_auth = { id = "key_id", secret = "key_secret" }
headers = { x-version = "2" }
parameters = { audience = "api" }
grant_type = "account_credentials"
parameters_for = { refresh_token = { kind = "offline" } }
scope = "a b"
scope_separator = { request = "comma", answer = "space" }
form_answers = true
default_token_type = "Bearer"
accepted_token_types = ["user"]
default_lifetime = "10m"
lifetime_unit = "minutes"
expiry_format = "date"
keep = ["site", "/data/region"]
dead_grant_codes = ["token_gone"]
replay = "grace:30s"
refresh_token_lifetime = "30days"
keep_access_token = true
authorize_url = "https://auth.example.com/authorize"
authorize_names = { client_id = "app", redirect_uri = "back" }
authorize_parameters = { prompt = "consent" }
pkce = false
keep_callback = ["realm"]
issuer = "https://auth.example.com"
issuer_in_callback = true
device_url = "https://auth.example.com/device"
revocation_url = "https://auth.example.com/revoke"
revocation_encoding = "form"
origins = ["https://api.example.com", "https://api.example.com:8443"]
origin_from = { member = "instance_url", below = ["example.com"] }
api_header = { name = "x-token", prefix = "t " }
bearer_challenges_only = true

[answer]
access_token = ["token", "/data/token"]
token_type = "type"
expires_in = "ttl"
expires_at = "expires"
refresh_token = "renewal"
refresh_token_expires_in = "renewal_ttl"
scope = "rights"
account = "/user/id"

[device]
device_code = "code"
user_code = "typed"
verification_uri = "page"
verification_uri_complete = "full_page"
expires_in = "ttl"
interval = "wait"

[[refusals]]
at = "/done"
values = ["false"]
statuses = [200]
absent = "/data"

[[rejections]]
at = "/errors/*/code"
values = ["EXPIRED", "190"]
statuses = [200, 403]
operations = ["graphql"]
absent = "/data"

[[rate_limits]]
class = "rest"
requests = 100
period = "1m"

[[rate_limit_headers]]
remaining = "x-left"
reset = "x-reset"
"#;

fn minimal(more: &str) -> String {
    format!("name = \"example\"\ntoken_url = \"https://auth.example.com/token\"\n{more}\n")
}

fn read(text: &str) -> Result<Profile, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
}

fn json(profile: &Profile) -> Value {
    serde_json::to_value(profile).unwrap()
}

#[test]
fn a_profile_with_every_key_is_written_as_it_was_read() {
    let profile = read(FULL).unwrap();
    let written: Value = toml::from_str(FULL).unwrap();
    assert_eq!(normal(json(&profile)), normal(written));
    let again: Profile = toml::from_str(&toml::to_string(&profile).unwrap()).unwrap();
    assert_eq!(again, profile);
    let again: Profile = serde_json::from_value(json(&profile)).unwrap();
    assert_eq!(again, profile);
}

/// Spans may be written in several ways.
fn normal(mut value: Value) -> Value {
    for key in ["default_lifetime", "refresh_token_lifetime"] {
        let span = value[key].as_str().map(|span| humantime::parse_duration(span).unwrap());
        value[key] = format!("{span:?}").into();
    }
    let period = value["rate_limits"][0]["period"].as_str();
    value["rate_limits"][0]["period"] = format!("{:?}", period.map(humantime::parse_duration)).into();
    value
}

#[test]
fn a_minimal_profile_is_written_with_its_two_keys() {
    let written = toml::to_string(&read(&minimal("")).unwrap()).unwrap();
    assert_eq!(written, minimal("").trim_end().to_owned() + "\n");
}

#[test]
fn the_table_of_keys_has_exactly_the_keys_of_a_profile() {
    let mut found = BTreeSet::new();
    collect("", &json(&read(FULL).unwrap()), &mut found);
    let table: BTreeSet<String> = Profile::KEYS.iter().map(|key| pattern(key.name())).collect();
    // A sign of a refusal belongs to no operation. A table in place of a word has its own rows.
    let mut expected = table;
    for word in ["client_auth", "scope_separator", "refusals[].operations"] {
        assert!(expected.remove(word), "{word}");
    }
    assert_eq!(found, expected);
    assert!(Profile::KEYS.iter().all(|key| key.meaning().ends_with('.') && !key.form().is_empty()));
}

/// Names of a user's own are left out.
fn pattern(name: &str) -> String {
    name.split(".<").next().unwrap_or_default().to_owned()
}

fn collect(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    const FREE: [&str; 4] = ["headers", "parameters", "parameters_for", "authorize_parameters"];
    match value {
        Value::Object(members) if !FREE.contains(&path) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(&path, member, found);
            }
        }
        Value::Array(items) if items.iter().all(Value::is_object) => {
            items.iter().for_each(|item| collect(&format!("{path}[]"), item, found));
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_nearest_one() {
    for (more, expected) in [
        ("refesh_url = \"x\"", "unknown key `refesh_url`; did you mean `refresh_url`?"),
        ("orgins = []", "unknown key `orgins`; did you mean `origins`?"),
        ("[answer]\nacess_token = \"x\"", "unknown key `answer.acess_token`; did you mean `access_token`?"),
        (
            "[[rejections]]\nat = \"/x\"\nvalue = [\"y\"]",
            "unknown key `rejections[0].value`; did you mean `values`?",
        ),
        ("origin_from = { zzz = 1 }", "unknown key `origin_from.zzz`; the keys here are member, below"),
    ] {
        assert_eq!(read(&minimal(more)).unwrap_err(), expected);
    }
    // A name of the user's own is not checked.
    read(&minimal("parameters = { tokn_url = \"x\" }\nparameters_for = { x = { y = \"z\" } }")).unwrap();
}

#[test]
fn a_wrong_value_is_an_error_with_the_key_and_without_the_value() {
    for (more, expected) in [
        ("encoding = \"s3cret\"", "`encoding` must be `form` or `json`"),
        ("either_encoding = \"s3cret\"", "`either_encoding` must be `true` or `false`"),
        ("default_lifetime = 600", "`default_lifetime` must be a span such as `30d`, `1h` or `90s`"),
        ("refresh_token_lifetime = \"s3cret\"", "`refresh_token_lifetime` must be a span"),
        ("replay = \"grace:0s\"", "`replay` must be `kills-family`"),
        ("client_auth = \"s3cret\"", "`client_auth` must be `basic`"),
        ("keep = 5", "`keep` must be a name, or a list"),
        ("origins = [5]", "`origins` must be a list of URLs"),
        ("answer = \"s3cret\"", "`answer` must be a table"),
        ("parameters = { \"a.b\" = 5 }", "`parameters.a.b` must be text"),
        // A list is not read as the values of a table's keys.
        ("answer = [\"s3cret\"]", "`answer` must be a table"),
        ("device = []", "`device` must be a table"),
        ("origin_from = [\"s3cret\", [\"example.com\"]]", "`origin_from` must be a table"),
        ("rejections = [[\"/x\", [\"s3cret\"]]]", "`rejections[0]` must be a table"),
        ("client_auth = [\"s3cret\", \"y\"]", "`client_auth` must be `basic`"),
        ("[[rejections]]\nat = \"/x\"\nvalues = [\"y\"]\nstatuses = [\"s3cret\"]", "`rejections[0].statuses"),
        (
            "[[rate_limits]]\nclass = \"x\"\nrequests = 0\nperiod = \"1s\"",
            "`rate_limits[0].requests` must be",
        ),
    ] {
        let error = read(&minimal(more)).unwrap_err();
        assert!(error.starts_with(expected) && !error.contains("s3cret"), "{error}");
    }
}

#[test]
fn a_missing_key_is_an_error_that_names_it() {
    for (text, expected) in [("", "name"), ("name = \"example\"", "token_url")] {
        assert_eq!(read(text).unwrap_err(), format!("`{expected}` is missing; add it"));
    }
    for (more, expected) in [
        ("[[rejections]]\nvalues = [\"y\"]", "rejections[0].at"),
        ("[[refusals]]\nat = \"/x\"", "refusals[0].values"),
        ("origin_from = { member = \"url\" }", "origin_from.below"),
        ("client_auth = { id = \"x\" }", "client_auth.secret"),
        ("rate_limits = [{ class = \"x\", requests = 1 }]", "rate_limits[0].period"),
    ] {
        assert_eq!(read(&minimal(more)).unwrap_err(), format!("`{expected}` is missing; add it"));
    }
}

#[test]
fn a_span_that_is_too_long_is_an_error() {
    for span in
        ["18446744073709551615s 1000ms", "1844674407 3709551615s 1000ms", "99999999999y", &"1y".repeat(40)]
    {
        let key = "default_lifetime";
        let error = read(&minimal(&format!("{key} = \"{span}\""))).unwrap_err();
        assert!(error.starts_with("`default_lifetime` must be a span"), "{error}");
        let error = read(&minimal(&format!("replay = \"grace:{span}\""))).unwrap_err();
        assert!(error.starts_with("`replay` must be"), "{error}");
    }
}

#[test]
fn what_a_method_refuses_is_refused_in_data() {
    for (more, expected) in [
        ("origins = [\"http://api.example.com\"]", "origins[0]: URL http://api.example.com: must be https"),
        ("authorize_url = \"x\"", "authorize_url: authorize URL: must begin with https://"),
        ("issuer = \"https://a.example?x=1\"", "issuer: issuer https://a.example: has a query"),
        (
            "headers = { \"a b\" = \"c\" }",
            "headers.a b: token request header a b: is not a valid header name",
        ),
        (
            "headers = { x = \"caf\u{e9}\" }",
            "headers.x: token request header x: has a value with a character",
        ),
        (
            "origin_from = { member = \"/a~2\", below = [\"example.com\"] }",
            "origin_from of the answer: `~` is written `~0`",
        ),
        (
            "[[rejections]]\nat = \"/x\"\nvalues = [\"y\"]\nstatuses = []",
            "rejections[0]: body sign /x: needs at least one status",
        ),
        (
            "[[rejections]]\nat = \"/x\"\nvalues = [\"y\"]\noperations = []",
            "rejections[0]: body sign /x: needs at least one operation",
        ),
        ("headers = { host = \"c\" }", "headers.host: token request header host: is set by this crate"),
        (
            "origin_from = { member = \"url\", below = [] }",
            "origin_from: origin_from: needs at least one domain",
        ),
        ("[[rejections]]\nat = \"x\"\nvalues = [\"y\"]", "rejections[0]: body sign x: a JSON Pointer begins"),
        (
            "[[refusals]]\nat = \"/x\"\nvalues = [\"y\"]\noperations = [\"z\"]",
            "refusals[0]: body sign /x: a token answer belongs to no operation",
        ),
        ("scope = \"a\\u0007b\"", "scope: "),
        ("[answer]\naccess_token = []", "answer name of access_token: must have at least one name"),
        ("api_header = { name = \"x y\" }", "api_header: API header x y: is not a valid header name"),
        (
            "rate_limit_headers = [{ remaining = \"x y\", reset = \"z\" }]",
            "rate_limit_headers[0]: rate limit header",
        ),
    ] {
        let error = read(&minimal(more)).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_header_without_a_prefix_has_the_scheme_only_if_it_is_the_usual_one() {
    let prefix = |header: &str| {
        let profile = read(&minimal(&format!("api_header = {header}"))).unwrap();
        json(&profile)["api_header"]["prefix"].as_str().map(str::to_owned)
    };
    assert_eq!(prefix("{ name = \"x-token\" }").as_deref(), Some(""));
    assert_eq!(prefix("{ name = \"Authorization\" }"), None, "it is the default");
    assert_eq!(prefix("{ prefix = \"Token \" }").as_deref(), Some("Token "));
}
