//! The link with which a manager authorises an application, and its callback URL.

use std::num::NonZeroU32;

use gotab_client::{ApprovalError, LocationLink};
use proptest::prelude::*;

const ONE: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
/// Its first digits are those of an escaped comma.
const COMMA: &str = "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d";
/// Its first digits are those of an escaped percent sign.
const PERCENT: &str = "25a8fc2a-98f2-4b86-98f6-84324af28611";

#[track_caller]
fn check(query: &str, expected: &[&str]) {
    for callback in
        [format!("https://app.example.com/approved?{query}"), query.to_owned(), format!(" ?{query}#x\n")]
    {
        assert_eq!(LocationLink::approved(&callback).unwrap(), expected, "{callback}");
    }
}

#[track_caller]
fn check_refused(query: &str, expected: ApprovalError) {
    assert_eq!(LocationLink::approved(query).unwrap_err(), expected, "{query}");
}

#[test]
fn the_link_has_the_parameter_names_of_its_page() {
    let link = LocationLink::new("a b&c", "https://app.example.com/x?y=1&z=ü").unwrap();
    let link = link.with_limit(NonZeroU32::new(3).unwrap());
    assert_eq!(
        link.url(),
        "https://gotab.io/manager/oauth?access_id=a+b%26c\
         &redirect_url=https%3A%2F%2Fapp.example.com%2Fx%3Fy%3D1%26z%3D%C3%BC&loc_limit=3"
    );
    assert!(LocationLink::new("", "https://app.example.com").is_err());
    assert!(LocationLink::new("id", "").is_err());
    for wrong in [
        "https://user:s3cret@app.example.com/x",
        "https://app.example.com:99999/x",
        "https://app.example.com/x#s3cret",
        "http://app.example.com/x",
        "app.example.com/x?y=s3cret",
        "https://?s3cret",
    ] {
        let error = LocationLink::new("id", wrong).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
}

#[test]
fn both_parameters_are_read() {
    check(&format!("locationUuids={ONE}"), &[ONE]);
    check(&format!("locationUuids={ONE},{COMMA}"), &[ONE, COMMA]);
    check(&format!("state=1&locationUuids={ONE}%2C{COMMA}&more"), &[ONE, COMMA]);
    check(&format!("locationUuids={ONE}%2c+{COMMA}"), &[ONE, COMMA]);
    check(&format!("locations={ONE}"), &[ONE]);
    check(&format!("locations={ONE},{ONE}"), &[ONE, ONE]);
    check(&format!("locations=x&locationUuids={ONE}"), &[ONE]);
}

#[test]
fn a_raw_percent_sign_is_a_separator_whatever_follows() {
    check(&format!("locations={ONE}%{COMMA}%{PERCENT}"), &[ONE, COMMA, PERCENT]);
    check(&format!("locations={PERCENT}%{PERCENT}"), &[PERCENT, PERCENT]);
    check(&format!("locations={COMMA}%25{COMMA}%25{PERCENT}"), &[COMMA, COMMA, PERCENT]);
    check("locations=loc_a~1%loc-b%41c", &["loc_a~1", "loc-b", "41c"]);
    check("locations=loc_a%7E1%2Cloc%5Fb%25loc%2Dc", &["loc_a~1", "loc_b", "loc-c"]);
    check("locations=x%y", &["x", "y"]);
}

#[test]
fn a_callback_without_locations_is_a_typed_error() {
    for none in [
        "",
        "?",
        "https://app.example.com/approved",
        "locationUuids",
        "locationUuids=",
        "locations=",
        "error=1",
    ] {
        check_refused(none, ApprovalError::Missing);
    }
    check_refused(&format!("locations={ONE}&locations={ONE}"), ApprovalError::Repeated);
    for bad in ["a,,b", ",", "%", "a%", "a b", "a/b", "<b>", "é", "a%é", "a%C3%A9%"] {
        check_refused(&format!("locations={bad}"), ApprovalError::Unreadable);
    }
    assert_eq!(ApprovalError::Missing.to_string(), "no location was approved");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_callback_makes_the_reader_panic(text in ".{0,60}", name in "(locations|locationUuids)") {
        drop(LocationLink::approved(&text));
        drop(LocationLink::approved(&format!("{name}={text}")));
    }

    #[test]
    fn uuids_are_read_with_every_separator(
        uuids in proptest::collection::vec("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", 1..5),
        separator in "(,|%|%2C|%2c|%25)",
    ) {
        let read = LocationLink::approved(&format!("locations={}", uuids.join(&separator)));
        prop_assert_eq!(read.unwrap(), uuids);
    }
}
