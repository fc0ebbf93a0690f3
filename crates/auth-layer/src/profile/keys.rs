//! The keys of a profile that is written as data: one table, for readers and for `key_check`.

use super::profile::Profile;

/// A key of a profile that is written as data, such as a TOML file. [`Profile::KEYS`] has all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    name: &'static str,
    form: &'static str,
    default: &'static str,
    meaning: &'static str,
}

impl Key {
    const fn new(
        name: &'static str,
        form: &'static str,
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, form, default, meaning }
    }

    /// Returns the key. A key in a table has the table's name in front, as in `answer.access_token`. `[]` stands for an
    /// item of a list, and `<name>` for any name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the form of the value.
    pub const fn form(&self) -> &'static str {
        self.form
    }

    /// Returns the value that a profile without the key has.
    pub const fn default(&self) -> &'static str {
        self.default
    }

    /// Returns the meaning, as a sentence.
    pub const fn meaning(&self) -> &'static str {
        self.meaning
    }
}

impl Profile {
    /// All keys of a profile that is written as data.
    pub const KEYS: &'static [Key] = &[
        Key::new("name", TEXT, REQUIRED, "The provider's name. Logs, errors and stored sign-ins have it."),
        Key::new("token_url", URL, REQUIRED, "The token endpoint (RFC 6749 section 3.2)."),
        Key::new("refresh_url", URL, "`token_url`", "The endpoint where refresh tokens are redeemed."),
        Key::new(
            "published_token_urls",
            URLS,
            NONE,
            "All token URLs that the provider has published. A sign-in from one of them is good at another.",
        ),
        Key::new("moved_from", URLS, NONE, "Earlier token URLs, whose sign-ins are still good."),
        Key::new("encoding", "`form` or `json`", "`form`", "The encoding of token requests."),
        Key::new(
            "either_encoding",
            SWITCH,
            OFF,
            "After a 415, a token request is sent once more in the other encoding.",
        ),
        Key::new(
            "client_auth",
            "`basic`, `basic-raw`, `body`, `public`, or a table",
            "`basic`",
            "How the client authenticates (RFC 6749 section 2.3). `basic-raw` is a header without form encoding.",
        ),
        Key::new("client_auth.id", TEXT, REQUIRED, "The name of the client's id in the body."),
        Key::new("client_auth.secret", TEXT, REQUIRED, "The name of the client's secret in the body."),
        Key::new(
            "headers.<name>",
            TEXT,
            NONE,
            "A header of every request to an OAuth endpoint of the provider.",
        ),
        Key::new("parameters.<name>", TEXT, NONE, "A parameter of every token request."),
        Key::new(
            "grant_type",
            TEXT,
            "`client_credentials`",
            "The `grant_type` with which the client gets a token of its own.",
        ),
        Key::new(
            "parameters_for.<grant_type>.<name>",
            TEXT,
            NONE,
            "A parameter of token requests with this `grant_type` only.",
        ),
        Key::new("scope", "text with spaces", NONE, "The scope of token requests (RFC 6749 section 3.3)."),
        Key::new(
            "scope_separator",
            "`space`, `comma`, or a table",
            "`space`",
            "The character that separates scope tokens, in requests and in answers.",
        ),
        Key::new("scope_separator.request", "`space` or `comma`", "`space`", "The same, for requests only."),
        Key::new("scope_separator.answer", "`space` or `comma`", "`space`", "The same, for answers only."),
        Key::new("answer.access_token", NAMES, "`access_token`", "The names of the access token."),
        Key::new("answer.token_type", NAMES, "`token_type`", "The names of the token's type."),
        Key::new("answer.expires_in", NAMES, "`expires_in`", "The names of the lifetime."),
        Key::new("answer.expires_at", NAMES, NONE, "The names of an absolute expiry."),
        Key::new("answer.refresh_token", NAMES, "`refresh_token`", "The names of the refresh token."),
        Key::new(
            "answer.refresh_token_expires_in",
            NAMES,
            "`refresh_token_expires_in`",
            "The names of the refresh token's lifetime.",
        ),
        Key::new("answer.scope", NAMES, "`scope`", "The names of the granted scope."),
        Key::new("answer.account", NAMES, NONE, "The names of the account that the token belongs to."),
        Key::new("form_answers", SWITCH, OFF, "Form-encoded token answers are read, too."),
        Key::new("default_token_type", TEXT, NONE, "The type of a token whose answer has none."),
        Key::new(
            "accepted_token_types",
            TEXTS,
            NONE,
            "The types beside `Bearer` that the provider's Bearer tokens have.",
        ),
        Key::new(
            "default_lifetime",
            SPAN,
            "1 hour at most",
            "The lifetime of a token whose answer has none.",
        ),
        Key::new(
            "lifetime_unit",
            "`seconds`, `minutes` or `milliseconds`",
            "`seconds`",
            "The unit of the lifetimes in answers.",
        ),
        Key::new(
            "expiry_format",
            "`unix-seconds`, `unix-milliseconds` or `date`",
            "`unix-seconds`",
            "The format of an absolute expiry.",
        ),
        Key::new(
            "keep",
            NAMES,
            NONE,
            "Members of an answer that are kept beside the token, readable as `Token::kept`.",
        ),
        Key::new(
            "refusals[].at",
            POINTER,
            REQUIRED,
            "The place of a value that makes a 2xx token answer a refusal.",
        ),
        Key::new("refusals[].values", TEXTS, REQUIRED, "The values, each as text."),
        Key::new("refusals[].statuses", STATUSES, ANY, "The statuses of the answer."),
        Key::new(
            "refusals[].operations",
            TEXTS,
            ANY,
            "Not allowed here: a token answer belongs to no operation.",
        ),
        Key::new("refusals[].absent", POINTER, NONE, "A place at which there must be no value."),
        Key::new(
            "dead_grant_codes",
            TEXTS,
            NONE,
            "Error codes beyond the usual ones that mean that a person has to sign in again.",
        ),
        Key::new(
            "replay",
            "`kills-family`, `reusable`, `unknown`, or `grace:` and a span",
            "`unknown`",
            "The reaction to a refresh token that is sent twice (RFC 9700 section 4.14.2).",
        ),
        Key::new(
            "refresh_token_lifetime",
            SPAN,
            NONE,
            "How long a refresh token lives, if its answer does not say it.",
        ),
        Key::new(
            "keep_access_token",
            SWITCH,
            OFF,
            "A sign-in whose answer has no refresh token is kept with its access token.",
        ),
        Key::new("authorize_url", URL, NONE, "The page where a person signs in (RFC 6749 section 3.1)."),
        Key::new(
            "authorize_names.client_id",
            TEXT,
            "`client_id`",
            "The name of the client's id at that page.",
        ),
        Key::new(
            "authorize_names.redirect_uri",
            TEXT,
            "`redirect_uri`",
            "The name of the redirect URI at that page and in the exchange of the code.",
        ),
        Key::new("authorize_parameters.<name>", TEXT, NONE, "A parameter of the URL of that page."),
        Key::new("pkce", SWITCH, "`true`", "Sign-ins use PKCE (RFC 7636)."),
        Key::new(
            "keep_callback",
            TEXTS,
            NONE,
            "Parameters of the callback that are kept with the tokens, readable as `Token::kept`.",
        ),
        Key::new("issuer", URL, NONE, "The issuer's name, which callbacks may have (RFC 9207)."),
        Key::new("issuer_in_callback", SWITCH, OFF, "Each callback must name the issuer."),
        Key::new("device_url", URL, NONE, "The device authorization endpoint (RFC 8628 section 3.1)."),
        Key::new(
            "device.device_code",
            NAMES,
            "`device_code`",
            "The names of the code that the device polls with.",
        ),
        Key::new("device.user_code", NAMES, "`user_code`", "The names of the code that the person types in."),
        Key::new(
            "device.verification_uri",
            NAMES,
            "`verification_uri`, `verification_url`",
            "The names of the page where the person types it in.",
        ),
        Key::new(
            "device.verification_uri_complete",
            NAMES,
            "`verification_uri_complete`, `verification_url_complete`",
            "The names of the same page with the code in its URL.",
        ),
        Key::new("device.expires_in", NAMES, "`expires_in`", "The names of the lifetime of the codes."),
        Key::new("device.interval", NAMES, "`interval`", "The names of the wait between two polls."),
        Key::new("revocation_url", URL, NONE, "The revocation endpoint (RFC 7009 section 2)."),
        Key::new(
            "revocation_encoding",
            "`form` or `json`",
            "`encoding`",
            "The encoding of revocation requests.",
        ),
        Key::new("origins", URLS, NONE, "The origins that the provider's tokens may be sent to."),
        Key::new(
            "origin_from.member",
            TEXT,
            REQUIRED,
            "The member of the token answer that names the API's origin.",
        ),
        Key::new("origin_from.below", TEXTS, REQUIRED, "The domains that this origin must be below."),
        Key::new(
            "api_header.name",
            TEXT,
            "`Authorization`",
            "The header of API calls that carries the token.",
        ),
        Key::new("api_header.prefix", TEXT, "`Bearer ` for `Authorization`", "The text before the token."),
        Key::new("rejections[].at", POINTER, REQUIRED, "The place of a value that means a rejected token."),
        Key::new("rejections[].values", TEXTS, REQUIRED, "The values, each as text."),
        Key::new("rejections[].statuses", STATUSES, ANY, "The statuses of the response."),
        Key::new("rejections[].operations", TEXTS, ANY, "The ids of the operations."),
        Key::new("rejections[].absent", POINTER, NONE, "A place at which there must be no value."),
        Key::new(
            "bearer_challenges_only",
            SWITCH,
            OFF,
            "A 401 with challenges of other schemes only is not a rejected token.",
        ),
        Key::new(
            "rate_limits[].class",
            TEXT,
            REQUIRED,
            "The class of operations that a published limit is for.",
        ),
        Key::new("rate_limits[].requests", "a number from 1 on", REQUIRED, "The requests in each period."),
        Key::new("rate_limits[].period", SPAN, REQUIRED, "The period."),
        Key::new(
            "rate_limit_headers[].remaining",
            TEXT,
            REQUIRED,
            "The header with the number of remaining calls.",
        ),
        Key::new(
            "rate_limit_headers[].reset",
            TEXT,
            REQUIRED,
            "The header with the time of the reset, as seconds from now or since 1970.",
        ),
    ];
}

const TEXT: &str = "text";
const TEXTS: &str = "a list of texts";
const URL: &str = "a URL";
const URLS: &str = "a list of URLs";
const NAMES: &str = "a name, or a list; one with a `/` in front is a JSON Pointer";
const POINTER: &str = "a JSON Pointer (RFC 6901), in which `*` is every item of an array";
const STATUSES: &str = "a list of statuses";
const SPAN: &str = "a span such as `30d`, `1h` or `90s`";
const SWITCH: &str = "`true` or `false`";
pub(super) const REQUIRED: &str = "required";
const NONE: &str = "none";
const ANY: &str = "any";
const OFF: &str = "`false`";
