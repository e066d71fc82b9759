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
        r#"{"access_token":"a","expiry":"0001-01-01T01:00:00.000+01:00"}"#,
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
fn a_token_that_could_not_be_read_again_is_refused() {
    use ParseTokenError::{Empty, TooLong};

    // Each of these is six bytes in the file.
    let long = "<".repeat(MAX_TOKEN_BYTES / 6);
    for token in [
        Token::new(long.as_str()),
        Token::new("a").with_refresh_token(long.as_str()),
    ] {
        assert_eq!(token.check(), Err(TooLong));
        assert!(token.to_json().expose().len() > MAX_TOKEN_BYTES);
    }
    let text = format!(r#"{{"access_token":"{long}"}}"#);
    assert!(text.len() < MAX_TOKEN_BYTES);
    assert_eq!(Token::parse(&text).unwrap_err(), TooLong);
    assert_eq!(Token::new("").check(), Err(Empty));
    assert_eq!(Token::new("").with_refresh_token("").check(), Err(Empty));
    assert_eq!(Token::new("").with_refresh_token("r").check(), Ok(()));
    // The longest that fits.
    let room = MAX_TOKEN_BYTES - Token::new("").to_json().expose().len();
    let token = Token::new("x".repeat(room));
    assert_eq!(Token::parse(token.to_json().expose()), Ok(token));
    assert_eq!(Token::new("x".repeat(room + 1)).check(), Err(TooLong));
}

#[test]
fn a_token_that_looks_like_a_reference_is_not_one_in_the_file() {
    let token = Token::new("100%(a)s%%(b)s%").with_refresh_token("%(c)s");
    let json = token.to_json();
    assert!(!json.expose().contains("%("), "{}", json.expose());
    assert_eq!(Token::parse(json.expose()), Ok(token));
}

#[test]
fn times_that_rclone_cannot_read_are_written_as_the_nearest_that_it_can() {
    let written = |token: Token| token.to_json().expose().to_owned();
    let long_ago = SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(100_000_000_000));
    let token = Token::new("a").with_expires(long_ago);
    assert!(written(token).contains(r#""expiry":"1970-01-01T00:00:00Z""#));
    let far = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 40));
    let token = Token::new("a").with_expires(far);
    assert!(written(token.clone()).contains(r#""expiry":"9999-"#));
    assert!(Token::parse(&written(token)).unwrap().expires.is_some());

    // A signed number of 64 bits there.
    let text = r#"{"access_token":"a","expires_in":9223372036854775808}"#;
    assert_eq!(Token::parse(text).unwrap().expires_in, None);
    let mut token = Token::new("a");
    token.expires_in = Some(Duration::MAX);
    assert!(!written(token).contains("expires_in"));
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
        access in "[%()s<]{1,20}|.{1,40}",
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
        let json = token.to_json();
        prop_assert!(!json.expose().contains(['\n', '\r']) && !json.expose().contains("%("));
        prop_assert_eq!(Token::parse(json.expose()).unwrap(), token);
    }

    #[test]
    fn whatever_is_accepted_can_be_written_and_read_again(
        character in prop_oneof![Just('a'), Just('<'), Just('\u{1}'), Just('\u{2028}'), Just('"'), Just('ü'), Just('%')],
        length in 1_usize..MAX_TOKEN_BYTES,
        refresh in any::<bool>(),
    ) {
        let long = character.to_string().repeat(length);
        let mut token = Token::new(long.as_str());
        if refresh {
            token = token.with_refresh_token(long);
        }
        match token.check() {
            Ok(()) => prop_assert_eq!(Token::parse(token.to_json().expose()).unwrap(), token),
            Err(error) => prop_assert_eq!(Token::parse(token.to_json().expose()).unwrap_err(), error),
        }
    }

    #[test]
    fn no_text_makes_reading_panic(text in "\\PC*") {
        drop(Token::parse(&text));
        drop(Token::parse(&format!(r#"{{"access_token":"a","expiry":"{text}"}}"#)));
    }
}
