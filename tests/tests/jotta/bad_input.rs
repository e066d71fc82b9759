//! What cannot be used: each has an error of its own kind with a sentence that a person can act on, and nothing that is stored is lost.
//!
//! | input | where |
//! | --- | --- |
//! | a login token that is not base64, not JSON, used before, of another brand | here |
//! | a password grant that is refused, a wrong one-time code, an account that is locked | here |
//! | a well-known address that is not encrypted, or cannot be reached | here |
//! | a listing that is cut in the middle of an element | here |
//! | sizes and dates that are empty, negative, absurd | here |
//! | an announced upload that leads to another host | `uploads` |
//! | an upload that is answered 420 for ever | here |
//! | a refusal to empty the trash | here |

use futures::TryStreamExt as _;
use jotta_api::auth::{Brand, Identity, LoginToken};
use remote_core::{
    entry::Entry,
    error::{Effect, Error, ErrorKind, report},
    operation::{ListOptions, WriteOptions},
    path::RemotePath,
    remote::{Remote as _, RemoteExt as _},
    secret::Secret,
};
use remote_emulator::{
    fault::{Fault, FaultAction, FaultAnswer},
    identity::{DEFAULT_LOGIN, DEFAULT_LOGIN_PASSWORD, IdentityConfig, IdentityUser},
    jotta::JottaConfig,
};
use tests::{
    jotta::{JottaBench, http, url},
    koofr::path,
};

/// The kind of an error, and that it says what is wrong and what to do in these words.
fn says(error: &Error, kind: ErrorKind, what: &str, help: &str) {
    assert_eq!(error.kind(), kind, "{error:?}");
    let text = report(error);
    assert!(text.contains(what), "{text}");
    let told = error.help().unwrap_or_default();
    assert!(told.contains(help), "{error:?}");
}

fn identity(bench: &JottaBench) -> Identity {
    Identity::new(http(), bench.addresses())
}

#[tokio::test]
async fn login_tokens_that_are_none() {
    for (text, what) in [
        ("this is no token!", "not base64"),
        ("bm90IGpzb24", "not the JSON of a login token"),
        ("e30", "has no user name"),
        ("", "is empty"),
    ] {
        let error = Error::from(LoginToken::parse(text).unwrap_err());
        says(
            &error,
            ErrorKind::InvalidInput,
            what,
            "copy the whole login token",
        );
    }
}

#[tokio::test]
async fn login_tokens_that_were_used_or_are_of_another_brand() {
    let bench = JottaBench::start().await;
    let token = LoginToken::parse(&bench.service().login_token().unwrap()).unwrap();
    let brand = Brand::find("tele2").unwrap();
    let error = Error::from(token.check_brand(brand).unwrap_err());
    says(
        &error,
        ErrorKind::InvalidInput,
        "mittcloud-auth.tele2.se",
        "choose the other brand",
    );
    assert_eq!(bench.requests(), 0, "it is not used up by the check");
    let identity = identity(&bench);
    identity.sign_in_with_login_token(&token).await.unwrap();
    let error = identity.sign_in_with_login_token(&token).await.unwrap_err();
    says(
        &error,
        ErrorKind::Authentication,
        "used before",
        "make a new one",
    );
    assert!(!report(&error).contains(token.auth_token.expose()));
}

#[tokio::test]
async fn passwords_and_codes_that_are_wrong_and_accounts_that_are_locked() {
    let user = IdentityUser::new(DEFAULT_LOGIN, "jane1234", DEFAULT_LOGIN_PASSWORD).otp("123456");
    let config = JottaConfig::default().identity(IdentityConfig::default().user(user));
    let bench = JottaBench::with(config).await;
    let identity = identity(&bench);
    let sign_in = async |password: &str, code: Option<&str>| {
        let (password, code) = (Secret::new(password), code.map(Secret::new));
        identity
            .sign_in_with_password(None, DEFAULT_LOGIN, &password, code.as_ref())
            .await
            .unwrap_err()
    };
    let error = sign_in("wrong password", None).await;
    says(
        &error,
        ErrorKind::Authentication,
        "refuses the sign-in",
        "sign in again",
    );
    let error = sign_in(DEFAULT_LOGIN_PASSWORD, Some("000-000")).await;
    says(
        &error,
        ErrorKind::Authentication,
        "one-time code",
        "six digits",
    );
    let locked = FaultAnswer::new(400).with_body(
        r#"{"error":"invalid_grant","error_description":"Account is temporarily locked"}"#,
    );
    bench
        .service()
        .faults()
        .push(Fault::new(FaultAction::Answer(locked)));
    let error = sign_in(DEFAULT_LOGIN_PASSWORD, None).await;
    says(&error, ErrorKind::LoginLocked, "locked", "web page");
}

#[tokio::test]
async fn accounts_that_are_locked_for_writing_or_altogether() {
    let bench = JottaBench::start().await;
    let remote = bench.remote();
    let write = async |file: &str| {
        let content = file.to_owned();
        remote
            .write_bytes(&path(file), content, WriteOptions::default())
            .await
    };
    write("old").await.unwrap();
    bench.service().set_locked(true, false).unwrap();
    let error = write("new").await.unwrap_err();
    says(
        &error,
        ErrorKind::QuotaExceeded,
        "the account is locked",
        "web page",
    );
    assert_eq!(error.effect(), Effect::NotMade);
    assert_eq!(remote.read_bytes(&path("old"), 10).await.unwrap(), "old");
    bench.service().set_locked(true, true).unwrap();
    let error = remote.stat(&path("old")).await.unwrap_err();
    says(&error, ErrorKind::PermissionDenied, "403", "locked");
    bench.service().set_locked(false, false).unwrap();
    write("new").await.unwrap();
}

#[tokio::test]
async fn well_known_addresses_that_are_not_encrypted_or_lead_nowhere() {
    let error = Brand::of_well_known("http://id.example.org/x").unwrap_err();
    says(
        &error,
        ErrorKind::InvalidInput,
        "must begin with https://",
        "https://",
    );
    let error = Brand::of_well_known("nonsense").unwrap_err();
    says(&error, ErrorKind::InvalidInput, "is no address", "https://");
    let nowhere = url("http://127.0.0.1:1/.well-known/openid-configuration");
    let plain = Identity::new(http(), jotta_api::addresses::Addresses::default());
    let error = plain.discover(&nowhere).await.unwrap_err();
    says(
        &error,
        ErrorKind::Transport,
        "127.0.0.1",
        "check the address",
    );
    let bench = JottaBench::start().await;
    let unknown = "https://id.example.org/auth/realms/none/.well-known/openid-configuration";
    let error = identity(&bench).discover(&url(unknown)).await.unwrap_err();
    says(
        &error,
        ErrorKind::Protocol,
        "404",
        "check the well-known address",
    );
}

async fn filled() -> JottaBench {
    let bench = JottaBench::start().await;
    for name in ["a", "b"] {
        let path = format!("/Jotta/Archive/d/{name}");
        bench.service().write(&path, name.to_owned()).unwrap();
    }
    bench
}

#[tokio::test]
async fn listings_that_are_cut_in_the_middle_of_an_element() {
    let bench = filled().await;
    let remote = bench.remote();
    remote.stat(&RemotePath::root()).await.unwrap();
    for clean_end in [true, false] {
        let cut = FaultAction::TruncateListing {
            after_lines: 1,
            mid_line: true,
            clean_end,
        };
        let cut = Fault::new(cut).on("jfs/liststream");
        bench.service().faults().push(cut.always());
        let entries = remote.list_recursive(&path("d"), ListOptions::default());
        let error = entries.try_collect::<Vec<Entry>>().await.unwrap_err();
        bench.service().faults().clear();
        assert!(
            matches!(error.kind(), ErrorKind::Transport | ErrorKind::Protocol),
            "{error:?}"
        );
        if clean_end {
            says(
                &error,
                ErrorKind::Transport,
                "broke off within an element",
                "try again",
            );
        }
    }
    let count = FaultAction::ReplaceText {
        find: "<files>2".to_owned(),
        with: "<files>3".to_owned(),
    };
    bench
        .service()
        .faults()
        .push(Fault::new(count).on("jfs/liststream"));
    let entries = remote.list_recursive(&path("d"), ListOptions::default());
    let error = entries.try_collect::<Vec<Entry>>().await.unwrap_err();
    says(&error, ErrorKind::Protocol, "not complete", "list again");
}

#[tokio::test]
async fn sizes_and_dates_that_make_no_sense() {
    let bench = filled().await;
    let remote = bench.remote();
    for (find, with) in [
        ("<size>1</size>", "<size></size>"),
        ("<size>1</size>", "<size>-1</size>"),
        ("<size>1</size>", "<size>99999999999999999999999</size>"),
        ("<modified>2", "<modified>-2"),
        ("<modified>2", "<modified>99992"),
        ("<created>", "<created>soon "),
    ] {
        let replace = FaultAction::ReplaceText {
            find: find.to_owned(),
            with: with.to_owned(),
        };
        bench.service().faults().push(Fault::new(replace).always());
        let entries = remote.list_recursive(&path("d"), ListOptions::default());
        let streamed: Vec<Entry> = entries.try_collect().await.unwrap();
        let listed = remote.list_all(&path("d")).await.unwrap();
        bench.service().faults().clear();
        assert_eq!((streamed.len(), listed.len()), (2, 2), "{with}");
        for entry in streamed.iter().chain(&listed) {
            assert!(matches!(entry.size, None | Some(1)), "{with}: {entry:?}");
        }
    }
}

#[tokio::test]
async fn uploads_that_are_answered_420_for_ever() {
    let bench = filled().await;
    let remote = bench.remote();
    let answer = FaultAnswer::new(420)
        .with_body(r#"{"code":420,"error_id":"IncompleteUploadOpenApiException","message":"m"}"#);
    let incomplete = Fault::new(FaultAction::Answer(answer)).on("upload");
    bench.service().faults().push(incomplete.always());
    let error = remote
        .write_bytes(&path("d/a"), "new", WriteOptions::default())
        .await
        .unwrap_err();
    says(
        &error,
        ErrorKind::Service,
        "misses bytes",
        "write the file again",
    );
    assert_eq!(error.effect(), Effect::NotMade);
    bench.service().faults().clear();
    assert_eq!(
        bench.remote().read_bytes(&path("d/a"), 9).await.unwrap(),
        "a"
    );
}

#[tokio::test]
async fn a_refusal_to_empty_the_trash() {
    let bench = filled().await;
    let remote = bench.remote();
    remote.remove_file(&path("d/a")).await.unwrap();
    for (status, kind, help) in [
        (403, ErrorKind::PermissionDenied, "locked"),
        (
            500,
            ErrorKind::Service,
            "nothing outside the trash was touched",
        ),
    ] {
        let refused = FaultAction::Answer(FaultAnswer::new(status));
        let refused = Fault::new(refused).on("files/purge_trash");
        bench.service().faults().push(refused.always());
        let error = remote.empty_trash().await.unwrap_err();
        bench.service().faults().clear();
        assert_eq!(error.kind(), kind);
        assert!(error.help().unwrap().contains(help), "{error:?}");
        assert_eq!(bench.service().trash_count(), 1);
        assert_eq!(remote.read_bytes(&path("d/b"), 9).await.unwrap(), "b");
    }
    remote.empty_trash().await.unwrap();
    assert_eq!(bench.service().trash_count(), 0);
}
