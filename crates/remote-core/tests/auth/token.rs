//! The JSON form of tokens.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use remote_core::{
    auth::{self, MAX_TOKEN_BYTES, ParseTokenError, Token},
    secret::Secret,
};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[test]
fn a_token_of_rclone_is_read() {
    let token = Token::parse(
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","expiry":"2026-01-02T03:04:05.678901234+01:00","expires_in":3599,"new":{"x":1}}"#,
    )
    .unwrap();
    assert_eq!(token.access_token.expose(), "a");
    assert_eq!(token.token_type, "Bearer");
    assert_eq!(token.refresh_token, Some("r".into()));
    assert_eq!(
        token.expires,
        Some(at(1_767_319_445) + Duration::from_nanos(678_901_234))
    );
    assert_eq!(token.expires_in, Some(Duration::from_secs(3599)));
}

#[test]
fn a_token_without_expiry_never_ends() {
    for text in [
        r#"{"access_token":"a"}"#,
        r#"{"access_token":"a","expiry":"0001-01-01T00:00:00Z"}"#,
        r#"{"access_token":"a","expiry":null}"#,
    ] {
        let token = Token::parse(text).unwrap();
        assert_eq!(token.expires, None, "{text}");
        assert!(!token.expires_within(Duration::MAX, SystemTime::now()));
    }
}

#[test]
fn the_field_names_of_very_old_files_are_read() {
    let token = Token::parse(
        r#"{"AccessToken":"a","RefreshToken":"r","Expiry":"2014-03-05T14:07:24.719957042Z","Extra":null}"#,
    )
    .unwrap();
    assert_eq!(token.access_token.expose(), "a");
    assert_eq!(token.refresh_token, Some("r".into()));
    assert!(token.expires.is_some());
    let json = token.to_json();
    assert!(
        json.expose()
            .starts_with(r#"{"access_token":"a","refresh_token":"r""#)
    );
}

#[test]
fn what_is_no_token_says_why_and_quotes_nothing() {
    use ParseTokenError::{Empty, Expiry, TooLong};

    assert_eq!(Token::parse("  ").unwrap_err(), Empty);
    assert_eq!(Token::parse("{}").unwrap_err(), Empty);
    assert_eq!(
        Token::parse(r#"{"access_token":"a","expiry":"hunter2"}"#).unwrap_err(),
        Expiry
    );
    assert_eq!(
        Token::parse(&"x".repeat(MAX_TOKEN_BYTES + 1)).unwrap_err(),
        TooLong
    );
    for text in [
        "hunter2",
        r#"{"access_token":"hunter2""#,
        r#"{"expiry":["hunter2"]}"#,
        "[]",
    ] {
        let error = Token::parse(text).unwrap_err();
        assert!(matches!(error, ParseTokenError::Json { .. }), "{text}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[test]
fn a_token_is_written_as_rclone_writes_it() {
    let token = Token::new("a<b>&\u{2028}\"\\").with_refresh_token("r");
    assert_eq!(
        token.to_json().expose(),
        r#"{"access_token":"a\u003cb\u003e\u0026\u2028\"\\","token_type":"bearer","refresh_token":"r","expiry":"0001-01-01T00:00:00Z"}"#
    );
    let mut token = Token::new("a").with_expires_in(Duration::from_secs(3600), at(1_767_319_445));
    token.token_type.clear();
    assert_eq!(
        token.to_json().expose(),
        r#"{"access_token":"a","expiry":"2026-01-02T03:04:05Z","expires_in":3600}"#
    );
    let token = Token::new("a").with_expires(at(0) + Duration::from_millis(1500));
    assert_eq!(
        token.to_json().expose(),
        r#"{"access_token":"a","token_type":"bearer","expiry":"1970-01-01T00:00:01.5Z"}"#
    );
}

#[test]
fn tokens_and_headers_hide_their_secrets() {
    let token = Token::new("hunter2").with_refresh_token("hunter2");
    assert!(!format!("{token:?}").contains("hunter2"));
    assert!(!format!("{:?}", auth::bearer(&token)).contains("hunter2"));
    assert!(!format!("{:?}", auth::basic("me", &Secret::new("hunter2"))).contains("hunter2"));
}

#[test]
fn headers_have_the_form_that_services_expect() {
    assert_eq!(auth::bearer(&Token::new("abc")).expose(), "Bearer abc");
    let basic = auth::basic("user@h.example", &Secret::new("pä:ss"));
    assert_eq!(basic.expose(), "Basic dXNlckBoLmV4YW1wbGU6cMOkOnNz");
}

proptest! {
    #[test]
    fn reading_gives_back_what_was_written(
        access in ".{1,40}",
        kind in "[a-zA-Z]{0,8}",
        refresh in proptest::option::of(".{1,40}"),
        expires in proptest::option::of(0_u64..200_000_000_000),
        lifetime in proptest::option::of(1_u64..1_000_000),
    ) {
        let mut token = Token::new(access);
        token.token_type = kind;
        token.refresh_token = refresh.map(Secret::new);
        token.expires = expires.map(at);
        token.expires_in = lifetime.map(Duration::from_secs);
        prop_assert_eq!(Token::parse(token.to_json().expose()).unwrap(), token);
    }

    #[test]
    fn no_text_makes_reading_panic(text in "\\PC*") {
        drop(Token::parse(&text));
        drop(Token::parse(&format!(r#"{{"access_token":"a","expiry":"{text}"}}"#)));
    }
}
