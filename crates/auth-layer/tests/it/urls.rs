//! URLs from a user: which are refused, and that an error shows no secret in them.

use auth_layer::metadata::MetadataCache;
use auth_layer::profile::Origin;
use auth_layer::sign_in::LoopbackListener;
use auth_layer::token::Resource;
use auth_layer::{ConfigError, Credential, Profile, SignIn};

use crate::sign_in::people;
use crate::support::{FakeTokenEndpoint, example};

/// A way to give a URL.
type Give = Box<dyn Fn(&str) -> Result<(), ConfigError>>;

/// Returns every way to give a URL to which requests or a browser are sent.
fn endpoints() -> Vec<(&'static str, Give)> {
    let transport = || FakeTokenEndpoint::issuing(60).transport();
    vec![
        ("token URL", Box::new(|url| Profile::new("example", url).map(drop))),
        ("another token URL", Box::new(|url| example().with_token_url(url).map(drop))),
        ("authorize URL", Box::new(|url| example().with_authorize_url(url).map(drop))),
        ("device authorization URL", Box::new(|url| example().with_device_url(url).map(drop))),
        ("revocation URL", Box::new(|url| example().with_revocation_url(url).map(drop))),
        ("issuer", Box::new(|url| example().with_issuer(url).map(drop))),
        ("issuer of metadata", Box::new(move |url| MetadataCache::new(url, transport()).map(drop))),
        ("origin", Box::new(|url| example().with_origin(url).map(drop))),
        ("parsed origin", Box::new(|url| url.parse::<Origin>().map(drop))),
        ("base URL", Box::new(|url| Origin::of_base_url(url).map(drop))),
        ("redirect URI", Box::new(redirect)),
    ]
}

fn redirect(uri: &str) -> Result<(), ConfigError> {
    let sign_in = SignIn::builder(people(), Credential::new("client", "client-secret"))
        .transport(FakeTokenEndpoint::issuing(60).transport())
        .build()?;
    sign_in.authorize(uri, None).map(drop)
}

/// URLs that lead nowhere, or to another place than they seem to, and the error for each.
const WRONG: [(&str, &str); 34] = [
    ("", "must not be empty|is not absolute"),
    ("https://", "has no host"),
    ("http://", "has no host"),
    ("https:///v1", "has no host"),
    ("https://:8443", "has no host"),
    ("https://?x=s3cret", "has no host|has a query"),
    ("api.example.com", "must begin with https://|is not absolute"),
    ("api.example.com/v1", "must begin with https://|is not absolute"),
    ("//api.example.com/v1", "must begin with https://|is not absolute"),
    ("/v1", "must begin with https://|is not absolute"),
    ("ftp://api.example.com", "must begin with https://|has a scheme"),
    ("https:/api.example.com", "must begin with https://"),
    ("http://api.example.com", "must be https"),
    ("https://user:s3cret@api.example.com/v1", "names a user"),
    ("https://s3cret@api.example.com/v1", "names a user"),
    ("https://:s3cret@api.example.com/v1", "names a user"),
    ("https://user:s3@cret@api.example.com/v1", "names a user"),
    ("http://user:s3cret@127.0.0.1/v1", "names a user"),
    ("https://api.example.com:99999/v1", "has a port"),
    ("https://api.example.com:65536", "has a port"),
    ("https://api.example.com:0/v1", "has a port"),
    ("https://api.example.com:https/v1", "has a port|is not a valid URL"),
    ("https://api.example.com:+443/v1", "has a port|is not a valid URL"),
    ("https://user:s3/cret@api.example.com/v1", "has a port|is not a valid URL"),
    ("https://api.example.com/v1#s3cret", "has a fragment|has a query or a fragment"),
    ("https://api.example.com/v1/../v2", "has a `.` or `..` segment"),
    ("https://api.example.com/./v1", "has a `.` or `..` segment"),
    ("https://api.example.com/v1/%2e%2E", "has a `.` or `..` segment"),
    ("https://api.example.com/v1\\..\\v2", "character that is not allowed in a UR"),
    ("https://api.example.com /v1", "character that is not allowed in a UR"),
    ("https://api.example.com/v1\n", "character that is not allowed in a UR"),
    ("https://api.example.com/{tenant}", "character that is not allowed in a UR"),
    ("https://api.example.com/%zz", "has a `%`"),
    ("https://*.example.com", "has a host"),
];

#[tokio::test]
async fn a_url_that_leads_nowhere_or_elsewhere_is_a_mistake() {
    for (giver, give) in endpoints() {
        for (url, problem) in WRONG {
            let error = give(url).expect_err(&format!("{giver}: {url:?}"));
            let (shown, all) = (error.to_string(), format!("{error:?}"));
            assert!(problem.split('|').any(|problem| shown.contains(problem)), "{giver}: {url:?}: {shown}");
            for secret in ["s3", "cret", "\n"] {
                assert!(!shown.contains(secret) && !all.contains(secret), "{giver}: {url:?}: {all}");
            }
        }
    }
}

#[tokio::test]
async fn a_good_url_is_taken() {
    for url in [
        "https://api.example.com",
        "https://api.example.com/",
        "https://API.example.com:443/v1/",
        "https://api.example.com:8443/v1/a%20b/~c",
        "https://192.0.2.1/v1",
        "https://[2001:db8::1]:8443/v1",
        "http://127.0.0.1:8080/v1",
        "http://[::1]/v1",
        "http://localhost:1/v1",
        "HTTPS://api.example.com/v1",
    ] {
        for (giver, give) in endpoints() {
            assert!(give(url).is_ok(), "{giver}: {url}: {:?}", give(url));
        }
    }
}

#[test]
fn a_base_url_has_no_query_and_an_endpoint_may_have_one() {
    for url in ["https://api.example.com/v1?x=s3cret", "https://api.example.com/v1?"] {
        let error = Origin::of_base_url(url).unwrap_err();
        assert_eq!(error.what(), "base URL https://api.example.com/v1");
        assert!(error.to_string().contains("has a query"), "{error}");
        assert!(Profile::new("example", url).is_ok());
    }
}

#[test]
fn a_resource_names_no_user_and_its_error_shows_no_query() {
    for wrong in ["https://user:s3cret@api.example.com/orders", "https://h/a b?key=s3cret", "h?key=s3cret"] {
        let error = wrong.parse::<Resource>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
    for good in ["urn:example:orders", "api://client-id/orders", "mailto:orders@example.com", "https://h/a@b"]
    {
        assert!(good.parse::<Resource>().is_ok(), "{good}");
    }
}

#[test]
fn a_redirect_uri_of_an_applications_own_scheme_names_no_user() {
    assert!(redirect("com.example.app:/callback").is_ok());
    assert!(redirect("com.example.app://callback/@me").is_ok());
    let error = redirect("com.example.app://user:s3cret@callback").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_redirect_uri_with_an_impossible_port_gets_no_other_one() {
    for uri in ["http://127.0.0.1:99999/callback", "http://[::1]:65536/callback"] {
        assert!(LoopbackListener::bind_to(uri).await.is_err(), "{uri}");
    }
}

#[test]
fn a_profile_shows_no_query_of_its_urls() {
    let url = "https://auth.example.com/x?key=s3cret";
    let profile = Profile::new("example", url).unwrap().with_revocation_url(url).unwrap();
    let profile = profile.with_authorize_url(url).unwrap().with_device_url(url).unwrap();
    let shown = format!("{profile:?}");
    assert!(shown.contains("https://auth.example.com/x") && !shown.contains("s3cret"), "{shown}");
    assert_eq!(profile.token_url().query(), Some("key=s3cret"));
}

#[test]
fn a_secret_in_the_place_of_a_url_is_not_shown() {
    let error = Profile::new("example", "a9Xk3-s3cr3t_value/abc").unwrap_err();
    assert_eq!(error.to_string(), "token URL: must begin with https://");
}
