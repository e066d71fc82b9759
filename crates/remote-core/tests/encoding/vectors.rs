//! The answers of rclone 1.75.2, row by row.
//!
//! Covered: encoding and decoding of names, conversion of names and paths between the Standard form and an encoding, in
//! both directions; parsing and printing of encodings. `testdata/encoding.jsonl` and `testdata/encoding_parse.jsonl`
//! are samples of the full set, recorded by running rclone 1.60.1 and 1.75.2; `the_sample_depends_on_every_class` keeps
//! the first one honest. Not covered: the places where 1.60.1 answers differently (`Raw`, `Exclamation`, signs), since
//! we follow the newer version.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use remote_core::encoding::Encoding;
use serde_json::Value;

type Convert = fn(Encoding, &[u8]) -> Cow<'_, [u8]>;

/// One row of `encoding.jsonl`.
struct Row {
    id: String,
    kind: String,
    direction: String,
    encoding: Encoding,
    input: Vec<u8>,
    encoded: Vec<u8>,
    decoded: Vec<u8>,
    round_trip: bool,
}

impl Row {
    fn from_json(row: &Value) -> Self {
        let text = |field: &str| row[field].as_str().expect(field).to_owned();
        let bytes = |field: &str| BASE64.decode(text(field)).expect(field);
        Self {
            id: text("id"),
            kind: text("kind"),
            direction: text("direction"),
            encoding: text("encoding").parse().expect("encoding"),
            input: bytes("input"),
            encoded: bytes("encoded"),
            decoded: bytes("decoded"),
            round_trip: row["roundtrip"].as_bool().expect("roundtrip"),
        }
    }

    /// The two conversions in the order in which the row was recorded, and their results.
    fn steps(&self) -> [(Convert, &[u8], &[u8]); 2] {
        let (encode, decode): (Convert, Convert) = match self.kind.as_str() {
            "name" => (Encoding::encode, Encoding::decode),
            "std_name" => (Encoding::from_standard_name, Encoding::to_standard_name),
            "std_path" => (Encoding::from_standard_path, Encoding::to_standard_path),
            other => panic!("{}: unknown kind {other}", self.id),
        };
        match self.direction.as_str() {
            "encode" => [
                (encode, &self.input, &self.encoded),
                (decode, &self.encoded, &self.decoded),
            ],
            "decode" => [
                (decode, &self.input, &self.decoded),
                (encode, &self.decoded, &self.encoded),
            ],
            other => panic!("{}: unknown direction {other}", self.id),
        }
    }

    fn check(&self) {
        for (convert, before, after) in self.steps() {
            let answer = convert(self.encoding, before);
            assert!(
                *answer == *after,
                "{} with {}: {:?} gave {:?}, expected {:?}",
                self.id,
                self.encoding,
                before.escape_ascii().to_string(),
                answer.escape_ascii().to_string(),
                after.escape_ascii().to_string(),
            );
            assert_eq!(
                matches!(answer, Cow::Borrowed(_)),
                before == after,
                "{}: a name is copied if and only if it changes",
                self.id
            );
        }
        let [_, (_, _, last)] = self.steps();
        assert_eq!(last == self.input, self.round_trip, "{}", self.id);
    }
}

#[test]
fn every_name_and_path_is_converted_like_rclone_does() {
    for rows in crate::support::sample_and_full("encoding.jsonl") {
        let mut checked = BTreeMap::new();
        for row in rows.iter().map(Row::from_json) {
            row.check();
            *checked.entry((row.kind, row.direction)).or_insert(0) += 1;
        }
        assert_eq!(checked.values().sum::<usize>(), rows.len());
        for kind in ["name", "std_name", "std_path"] {
            for direction in ["encode", "decode"] {
                assert!(
                    checked.contains_key(&(kind.to_owned(), direction.to_owned())),
                    "no rows for {kind} {direction}"
                );
            }
        }
    }
}

#[test]
fn every_encoding_is_parsed_and_printed_like_rclone_does() {
    for rows in crate::support::sample_and_full("encoding_parse.jsonl") {
        let (mut accepted, mut refused) = (0, 0);
        for row in &rows {
            let input = row["input"].as_str().unwrap();
            let expected = &row["v1.75.2"];
            match input.parse::<Encoding>() {
                Ok(encoding) => {
                    assert_eq!(expected["ok"], true, "{input:?}");
                    assert_eq!(
                        format!("{:#X}", encoding.bits()),
                        expected["mask"],
                        "{input:?}"
                    );
                    assert_eq!(encoding.to_string(), expected["canonical"], "{input:?}");
                    assert_eq!(encoding.to_string().parse(), Ok(encoding), "{input:?}");
                    accepted += 1;
                }
                Err(error) => {
                    assert_eq!(expected["ok"], false, "{input:?}: {error}");
                    assert_eq!(error.part(), expected["bad_part"], "{input:?}");
                    refused += 1;
                }
            }
        }
        assert_eq!(accepted + refused, rows.len());
        assert!(accepted > 0 && refused > 0);
    }
}

/// For each class and direction the sample has a row that comes out differently when the class is taken away.
#[test]
fn the_sample_depends_on_every_class() {
    let sample = crate::support::sample_and_full("encoding.jsonl").swap_remove(0);
    let rows: Vec<Row> = sample.iter().map(Row::from_json).collect();
    for bit in 1..=28 {
        let class = Encoding::from_bits(1 << bit);
        for direction in ["encode", "decode"] {
            let found = rows.iter().any(|row| {
                let [(convert, before, after), _] = row.steps();
                let without = Encoding::from_bits(row.encoding.bits() & !class.bits());
                row.direction == direction
                    && row.encoding.contains(class)
                    && *convert(without, before) != *after
            });
            assert!(found, "{class} {direction}");
        }
    }
}
