//! The four providers. GoTo is there twice, because its two APIs reject a token in two ways.

use std::time::Duration;

use auth_layer::{Profile, TokenManager};
use emulator::Provider;
use gbg_go_client::types::JourneyStart;
use serde_json::json;

use crate::{Failure, Fixture};

/// GoTab. The call lists the locations.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a name for a suite")]
pub struct Gotab;

/// GoTo's admin API, which rejects a token with 401. The call asks for the user.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a name for a suite")]
pub struct GotoAdmin;

/// GoTo's webinar API, which rejects a token with 403. The call lists the webinars.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a name for a suite")]
pub struct GotoWebinar;

/// GBG GO. The call starts a journey: a POST with a body.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a name for a suite")]
pub struct GbgGo;

/// Octotable. The call lists the rooms.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a name for a suite")]
pub struct Octotable;

/// The organizer in GoTo's documents.
pub const ORGANIZER: &str = "5236871449023817765";

/// The restaurant in Octotable's documents.
pub const PROPERTY: i64 = 700_118;

/// Returns a journey to start at GBG GO.
///
/// # Panics
///
/// Panics if the generated type does not accept it.
pub fn draft_of_a_journey() -> JourneyStart {
    let draft = json!({
        "resourceId": "b7Jw3nQx-81KtVs5Rz@latest",
        "context": {
            "config": {"delivery": "api"},
            "subject": {"identity": {"firstName": "Dana", "lastNames": ["Reed"]}},
        },
    });
    serde_json::from_value(draft).expect("it is the document's example")
}

const HOUR: Duration = Duration::from_secs(3600);
const NOBODY: &str = "the client was built with a manager";

impl Fixture for Gotab {
    type Client = gotab_client::Client;
    const PROVIDER: Provider = Provider::GoTab;
    const LIFETIME: Duration = Duration::from_secs(86_400);
    const CREDENTIALS: &'static [&'static str] = &["GOTAB_ACCESS_ID", "GOTAB_ACCESS_SECRET"];
    const OPERATION: &'static str = "listLocations";
    const ANSWER: &'static str = "[]";
    const REJECTION: (u16, &'static str) =
        (401, r#"{"error":"invalid_token","message":"no","statusCode":401}"#);

    fn manager(client: &Self::Client) -> &TokenManager {
        client.token_manager().expect(NOBODY)
    }

    async fn call(client: &Self::Client) -> Result<(), Failure> {
        client.list_locations().send().await?;
        Ok(())
    }
}

impl Fixture for GotoAdmin {
    type Client = goto_client::Client;
    const PROVIDER: Provider = Provider::GoTo;
    const LIFETIME: Duration = HOUR;
    const CREDENTIALS: &'static [&'static str] = &["GOTO_CLIENT_ID", "GOTO_CLIENT_SECRET"];
    const OPERATION: &'static str = "getMe";
    const ANSWER: &'static str = r#"{"key":"1","accountKey":"2"}"#;
    const REJECTION: (u16, &'static str) = (401, INVALID_TOKEN);

    fn manager(client: &Self::Client) -> &TokenManager {
        client.token_manager().expect(NOBODY)
    }

    async fn call(client: &Self::Client) -> Result<(), Failure> {
        client.admin().get_me().send().await?;
        Ok(())
    }
}

impl Fixture for GotoWebinar {
    type Client = goto_client::Client;
    const PROVIDER: Provider = Provider::GoTo;
    const LIFETIME: Duration = HOUR;
    const CREDENTIALS: &'static [&'static str] = GotoAdmin::CREDENTIALS;
    const OPERATION: &'static str = "getAllRegistrantsForWebinar";
    const ANSWER: &'static str = "[]";
    const REJECTION: (u16, &'static str) = (403, INVALID_TOKEN);

    fn manager(client: &Self::Client) -> &TokenManager {
        client.token_manager().expect(NOBODY)
    }

    async fn call(client: &Self::Client) -> Result<(), Failure> {
        let registrants = client.webinar().get_all_registrants_for_webinar();
        registrants.organizer_key(ORGANIZER).webinar_key("7719034628815540021").send().await?;
        Ok(())
    }
}

const INVALID_TOKEN: &str = r#"{"int_err_code":"InvalidToken","msg":"Invalid token passed"}"#;

impl Fixture for GbgGo {
    type Client = gbg_go_client::Client;
    const PROVIDER: Provider = Provider::GbgGo;
    const LIFETIME: Duration = HOUR;
    const CREDENTIALS: &'static [&'static str] = &["GBG_GO_CLIENT_ID", "GBG_GO_CLIENT_SECRET"];
    const OPERATION: &'static str = "startJourney";
    const ANSWER: &'static str = r#"{"instanceId":"Tk_4mZq9-LwBx7RcVhYe2N","status":"started"}"#;
    const REJECTION: (u16, &'static str) = (401, r#"{"errors":[{"code":"4010"}]}"#);

    fn manager(client: &Self::Client) -> &TokenManager {
        client.token_manager().expect(NOBODY)
    }

    async fn call(client: &Self::Client) -> Result<(), Failure> {
        client.start_journey().body(draft_of_a_journey()).send().await?;
        Ok(())
    }
}

impl Fixture for Octotable {
    type Client = octotable_client::Client;
    const PROVIDER: Provider = Provider::Octotable;
    const LIFETIME: Duration = Duration::from_secs(1440);
    const CREDENTIALS: &'static [&'static str] = &["OCTOTABLE_CLIENT_ID", "OCTOTABLE_CLIENT_SECRET"];
    const OPERATION: &'static str = "listRooms";
    const ANSWER: &'static str = r#"{"data":[]}"#;
    const REJECTION: (u16, &'static str) = (401, r#"{"success":false}"#);

    fn manager(client: &Self::Client) -> &TokenManager {
        client.token_manager().expect(NOBODY)
    }

    async fn call(client: &Self::Client) -> Result<(), Failure> {
        client.list_rooms().property(PROPERTY).send().await?;
        Ok(())
    }
}

/// Returns the profile of a known provider.
///
/// # Panics
///
/// Panics if there is no such provider, or if its file has inputs.
pub fn profile(name: &str) -> Profile {
    let file = auth_profiles::named(name).expect("a known provider");
    file.profile().expect("the file has no inputs")
}

/// Returns a variant of the profile of a known provider.
///
/// # Panics
///
/// Panics if there is no such variant.
pub fn variant(name: &str, variant: &str) -> Profile {
    let file = auth_profiles::named(name).expect("a known provider");
    file.variant(variant).and_then(|file| file.profile()).expect("a known variant")
}
