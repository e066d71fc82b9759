//! Obscured passwords against the recorded answers of rclone: both directions, and what is refused.

mod support;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use remote_config::obscure::{IV_BYTES, RevealError, obscure_with, reveal_bytes};
use support::text;

fn bytes(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).expect("base64 in the vectors")
}

fn iv(hex: &str) -> [u8; IV_BYTES] {
    let digits = u128::from_str_radix(hex, 16).expect("hexadecimal in the vectors");
    digits.to_be_bytes()
}

#[test]
fn passwords_are_obscured_and_revealed_like_rclone_does() {
    for row in support::rows("obscure.jsonl") {
        let obscured = text(&row, "obscured");
        match text(&row, "op") {
            "obscure" => {
                let plain = bytes(text(&row, "plain"));
                assert_eq!(
                    obscure_with(&plain, iv(text(&row, "iv"))),
                    obscured,
                    "{row}"
                );
                assert_eq!(reveal_bytes(obscured), Ok(plain), "{row}");
            }
            "reveal" if row["ok"] == true => assert_eq!(
                reveal_bytes(obscured),
                Ok(bytes(text(&row, "plain"))),
                "{row}"
            ),
            "reveal" => match reveal_bytes(obscured) {
                Err(RevealError::Base64(place)) => {
                    let expected = format!("at input byte {place}");
                    assert!(text(&row, "error").ends_with(&expected), "{row} {place}");
                }
                Err(RevealError::TooShort) => {
                    assert!(text(&row, "error").contains("too short"), "{row}");
                }
                other => panic!("{row}: {other:?}"),
            },
            other => panic!("{other}"),
        }
    }
}
