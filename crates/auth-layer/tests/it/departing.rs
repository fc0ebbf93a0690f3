//! Profiles of providers that depart from RFC 6749, as a file describes them.

use auth_layer::Profile;

fn read(text: &str) -> Profile {
    toml::from_str(text).unwrap()
}

/// Returns the profile of a provider with a JSON body, and with names of its own for the client and in its answers.
pub(crate) fn own_names() -> Profile {
    read(
        r#"
        name = "named"
        token_url = "https://auth.example.com/oauth/token"
        encoding = "json"
        client_auth = { id = "api_access_id", secret = "api_access_secret" }
        default_token_type = "Bearer"
        default_lifetime = "24h"
        authorize_url = "https://auth.example.com/manager/oauth"
        authorize_names = { client_id = "api_access_id", redirect_uri = "redirect_url" }
        origins = ["https://api.example.com"]

        [answer]
        access_token = ["access_token", "token"]
        token_type = ["token_type", "tokenType"]
        expires_in = ["expires_in", "expiresIn"]
        expires_at = "expires"
        refresh_token = ["refresh_token", "refreshToken"]
        "#,
    )
}

/// Returns the profile of a provider with a Basic header that is not form-encoded, with answers without a type, with
/// two token URLs, and with a sign of a rejected token in the body of a 403.
pub(crate) fn raw_basic() -> Profile {
    read(
        r#"
        name = "raw"
        token_url = "https://auth.example.com/oauth/token"
        published_token_urls = ["https://auth.example.com/oauth/token", "https://id.example.com/oauth/token"]
        client_auth = "basic-raw"
        default_token_type = "Bearer"
        default_lifetime = "1h"
        answer.account = "principal"
        replay = "reusable"
        authorize_url = "https://auth.example.com/oauth/authorize"
        rate_limits = [{ class = "api", requests = 10, period = "1s" }]
        origins = ["https://api.example.com", "https://api.example.net"]

        [[rejections]]
        at = "/int_err_code"
        values = ["InvalidToken"]
        statuses = [403]
        "#,
    )
}

/// Returns the profile of a provider that wants the client and a fixed scope in the body.
pub(crate) fn scope_in_body() -> Profile {
    read(
        r#"
        name = "scoped"
        token_url = "https://auth.example.com/as/token.oauth2"
        client_auth = "body"
        scope = "token:read"
        default_lifetime = "10m"
        origins = ["https://eu.example.com", "https://us.example.com", "https://au.example.com"]
        "#,
    )
}

/// Returns the profile of a provider whose documents disagree about the encoding. JSON comes first.
pub(crate) fn either_encoding() -> Profile {
    read(&format!(
        "token_url = \"https://api.example.com/pms/api/v2/oauth2/token\"\nencoding = \"json\"\n{EITHER}"
    ))
}

/// Returns the same with another token URL. A form comes first.
pub(crate) fn either_form() -> Profile {
    read(&format!("token_url = \"https://api.example.net/auth/api/v2/oauth2/token\"\n{EITHER}"))
}

const EITHER: &str = r#"
name = "either"
either_encoding = true
client_auth = "body"
answer.token_type = ["type", "token_type"]
default_token_type = "Bearer"
default_lifetime = "10m"
origins = ["https://api.example.com", "https://api.example.net"]
"#;
